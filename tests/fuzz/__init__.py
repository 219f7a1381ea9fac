"""Malformed input for everything that onlooker reads.

| it reads | from | here |
|---|---|---|
| the ring: positions, record headers, lengths, busy and discard bits | the kernel | `native/ring.c` |
| the same while it is written, taken and closed, by three threads | the kernel | `native/race.c` |
| what libbpf and the verifier print | the kernel | `native/log.c` |
| records: kinds, numbers, names, spans, tails; and what is written of them | any process | `records.py` |
| columns of events, from which records are made again | a file | `columns.py` |
| the names, paths and arguments in them, on their way to text, JSON and table | any process | `outputs.py` |
| recordings: logs, Parquet files, recording.json | a file | `recordings.py` |
| expressions, and what they ask of records | the user, any process | `expressions.py` |
| rules: YAML, and what Sigma's say | a file | `rules.py` |
| the agent's configuration: TOML, and what it says | a file | `config.py` |
| the command line and the environment | the user | `options.py` |
| uid_map, status, lockdown, timens_offsets, tracefs ids | the kernel, a container | `files.py` |
| the probe's object file | the package | `files.py` |

`mutate.py` makes the records, `unit/records/reference.py` says what they must become. The short run, `test_*.py`, is a
part of `make test`; the long one, `run.py`, is `make fuzz`. A finding becomes a test in `tests/unit`, beside those of
the code that it was found in.
"""
