"""Onlooker as a service: a configuration, sinks, metrics, and a service manager that watches over it.

`config.py` reads the file, `service.py` is what the loop does beside watching, `desk.py` lets other threads ask the
loop, `metrics.py` and `http.py` serve what it answers, `health.py` asks such a server.
"""
