"""The program, as `onlooker` and as `python -m onlooker`.

Until it watches, an interrupt ends the process at once. Python's own handler raises KeyboardInterrupt wherever it is:
that shows a traceback of some import, or is swallowed where the import system ignores exceptions.

Nothing of what is imported is garbage, but Python would look through it time and again, which takes a tenth of the
start.
"""

import gc
import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)
gc.disable()

from .cli.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
