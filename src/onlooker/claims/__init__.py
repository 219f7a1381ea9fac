"""What a log says that it ran: its lines, taken apart into simple commands.

`words.py` splits shell text into words and operators, `shell.py` finds its simple commands, `wrappers.py` what a
command runs in its turn (`sudo`, `env`, `sh -c`), `claim.py` compares them with executions, `log.py` reads the log.
The parser is our own: bashlex has had no release since 2023 and is under the GPL, and shlex does not say whether a `;`
was quoted.
"""
