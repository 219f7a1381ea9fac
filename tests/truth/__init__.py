"""Ground truth: a program runs under strace and under onlooker at the same time, and both must say the same.

strace and onlooker watch one run. Both see the same processes, so process ids, descriptors, paths and results can be
compared value by value and in the order of each thread; with two runs, none of these would be the same twice.

- `workloads.py`: what is run
- `strace.py`: how strace is started, and its output taken apart; `strace_facts.py`: what that output says happened
- `facts.py`: the common form of what happened, and how onlooker's events are put into it
- `run.py`: one run with both; `compare.py`: the difference; `rules.py`: what is not onlooker's fault, by name
- `table.py`: the accuracy table, which `python -m tests.truth` prints

`suite.py` does the same with strace's own test programs, which `tools/strace-tests.sh` builds, and with the calls of
`changes.py`, too; `suite_rules.py` has what only these programs show.

The second part asks the programs themselves. `sequences.py` makes up lists of system calls out of `operations.py`,
`tests/workloads/executor.c` carries them out and keeps a log of its own, `executor.py` reads that, and `test_random.py`
compares it with the events.
"""
