"""What was recorded, to be read again."""
