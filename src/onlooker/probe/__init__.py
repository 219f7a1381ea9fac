"""The kernel boundary: the attach table, the loader, the ring; and sources of events."""
