"""What must be true of onlooker."""
