"""How long each program ran, as a pandas data frame: `python examples/pandas_programs.py build.onlook`.

Needs `pip install 'onlooker[query]' pandas`, and no pyarrow: DuckDB makes the frame.
"""

import sys

import pandas

import onlooker


def programs(path: str) -> pandas.DataFrame:
    """Each program with its processes, their seconds in all, and how many of them failed."""
    with onlooker.open(path) as recording:
        relation = recording.sql("SELECT coalesce(exe, path) AS program, duration_ns, exit_code, signal FROM processes")
        processes = relation.df()
    processes["seconds"] = processes["duration_ns"] / 1e9
    processes["failed"] = processes["signal"].notna() | processes["exit_code"].fillna(0).ne(0)
    found = processes.groupby("program").agg(  # without those that executed nothing
        processes=("seconds", "size"), seconds=("seconds", "sum"), failed=("failed", "sum")
    )
    return found.sort_values("seconds", ascending=False)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FILE")
    try:
        found = programs(sys.argv[1])
    except onlooker.OnlookerError as error:
        sys.exit(f"{sys.argv[0]}: {error}")
    for name, row in found.iterrows():
        print(f"{row['seconds']:9.3f} s {row['processes']:6.0f} {row['failed']:6.0f} failed  {name!a}")
