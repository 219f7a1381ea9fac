"""A commit to an Iceberg catalogue that has succeeded, and is told to be refused.

Whoever sends a request again on the way, as a proxy may, is told of a conflict with the first. The library believes
that, and deletes what it wrote for the commit: the lists of files of the table's snapshot, and nobody could read the
table any more. It looks for the snapshot itself only where it tries again, which we do better.
"""

from collections.abc import Callable
from typing import Any


def looked_for(catalog: Any) -> Any:
    """The catalogue of pyiceberg, whose `commit_table` says that a commit is refused only where it has not come."""
    from pyiceberg.exceptions import CommitFailedException
    from pyiceberg.table import CommitTableResponse
    from pyiceberg.table.update import AddSnapshotUpdate

    commit: Callable[..., Any] = catalog.commit_table

    def commit_table(table: Any, requirements: Any, updates: Any) -> Any:
        try:
            return commit(table, requirements, updates)
        except CommitFailedException:
            made = [each.snapshot.snapshot_id for each in updates if isinstance(each, AddSnapshotUpdate)]
            now = catalog.load_table(table.name()) if made else None
            if now is None or not all(now.metadata.snapshot_by_id(each) for each in made):
                raise
            return CommitTableResponse.model_validate(
                {"metadata": now.metadata, "metadata-location": now.metadata_location}
            )

    catalog.commit_table = commit_table
    return catalog
