"""What user space adds to events: the names of users, and the processes behind them."""
