"""Where events go beyond this machine: a sink packs batches into messages, keeps them, and delivers them.

`target.py` reads the URL, `packer.py` makes messages, `outbox.py` keeps them in memory and on disk, `sender.py`
delivers them by a transport: `nats.py` and its like. `sink.py` puts these together.
"""
