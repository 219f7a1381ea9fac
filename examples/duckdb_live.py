"""What goes wrong on this machine, in SQL while it happens. As root: `.venv/bin/python examples/duckdb_live.py`.

Needs `pip install 'onlooker[query]'`. A block of records becomes a table without an object for each event.
"""

import signal
import sys

import duckdb

import onlooker

QUESTION = """
SELECT count(*) AS times, errno, comm, path FROM opens
WHERE errno IS NOT NULL GROUP BY ALL ORDER BY times DESC, path LIMIT 5
"""


def show(monitor: onlooker.Monitor) -> None:
    """The most frequent failures of each block."""
    database = duckdb.connect()
    for batch in monitor.batches():
        database.register("opens", batch.table("opens"))
        for times, errno, comm, path in database.execute(QUESTION).fetchall():
            print(f"{times:6} {errno:12} {comm!a}: {path!a}", flush=True)


if __name__ == "__main__":
    try:
        with onlooker.Monitor(events=["open"]) as monitor:
            signal.signal(signal.SIGINT, lambda *_: monitor.stop())
            show(monitor)
    except onlooker.OnlookerError as error:
        sys.exit(f"{sys.argv[0]}: {error}")
