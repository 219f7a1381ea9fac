"""Lakes in a directory, without servers."""
