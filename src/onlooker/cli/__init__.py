"""The command line: a static table of commands (`main.py`), a small module for each."""
