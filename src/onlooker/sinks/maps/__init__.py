"""Events in the words of others, `ecs.py` and `ocsf.py`: each has `document`, which makes an object of an event."""
