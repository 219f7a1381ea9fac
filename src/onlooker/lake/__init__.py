"""A lake: the events of many machines, as Parquet in a directory or in S3, with a log of commits.

`store.py` reads and writes objects; `log.py` has the commits, of which only one can have each number; `state.py` is
what they come to: which files there are, and which messages are in them. `writer.py` makes files of messages;
`tables.py` asks them; `compact.py` makes few large files of many small ones. See docs/lake.md.
"""
