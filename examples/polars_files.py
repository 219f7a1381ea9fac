"""Which files were read most, as a polars data frame: `python examples/polars_files.py build.onlook`.

Needs `pip install 'onlooker[query]' polars`, and no pyarrow: the columns are handed over as they are.
"""

import sys

import polars

import onlooker


def most_read(path: str, count: int = 10) -> polars.DataFrame:
    """The files that were opened for reading, by how many processes and how often."""
    with onlooker.open(path) as recording:
        opens = polars.DataFrame(recording.table("opens"))
    return (
        opens.filter(polars.col("errno").is_null(), polars.col("flags").list.contains("O_RDONLY"))
        .group_by("real_path")
        .agg(polars.len().alias("opens"), polars.struct("pid", "start_ns").n_unique().alias("processes"))
        .sort("opens", "real_path", descending=[True, False])
        .head(count)
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FILE")
    try:
        found = most_read(sys.argv[1])
    except onlooker.OnlookerError as error:
        sys.exit(f"{sys.argv[0]}: {error}")
    for row in found.rows(named=True):
        print(f"{row['opens']:6} {row['processes']:6} {row['real_path']!a}")
