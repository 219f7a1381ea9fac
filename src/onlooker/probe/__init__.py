"""The kernel boundary: the attach table, the loader, the ring, the decoder; and sources of events."""
