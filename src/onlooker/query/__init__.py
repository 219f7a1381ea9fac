"""SQL over recordings: one table for each kind of event, one for all, one of processes. Needs DuckDB."""
