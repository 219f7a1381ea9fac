"""Where the output of a run goes."""

import sys
from functools import partial

from ..errors import UsageError
from ..follow import Relay
from ..output import FORMATS
from ..output.file import FileWriter
from ..output.writer import Writer
from .log import Log
from .meanings import EXAMPLES
from .newfile import check_parent
from .shutdown import Shutdown


def output_writer(path: str | None, shutdown: Shutdown, log: Log, relay: Relay | None) -> Writer:
    """To the file, or to standard output where there is none or it is "-". A command has standard output for itself:
    then events go to standard error. Signals reach it, too, while a slow reader of the events lets us wait.
    """

    def gives_up() -> bool:
        if relay:
            relay.look()
        return shutdown.gives_up()

    if path in FORMATS:  # as other programs' -o takes it
        raise UsageError(
            f"-o takes a file, not a format: {path!r}", f"--output-format {path}, or -o ./{path} for a file"
        )
    if path == "":
        raise UsageError("no file is given to -o", f"-o {EXAMPLES['output']}")
    if path is not None and path != "-":
        check_parent(path)
        made = FileWriter(path, gives_up, partial(log, "error"))
        shutdown.hang_up = made.reopen
        return made
    stream, name = (sys.stderr, "error") if relay and path is None else (sys.stdout, "output")
    if stream is None:
        raise UsageError(f"standard {name} is closed", f"-o {EXAMPLES['output']}")
    return Writer(stream.fileno(), gives_up)
