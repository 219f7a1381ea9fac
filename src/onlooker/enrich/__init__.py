"""What user space adds to events: the names of users."""
