"""Takes messages from a server, and gives them to a lake: `collector.py`; `nats.py` and `kafka.py` are where from."""
