"""The program, as `onlooker` and as `python -m onlooker`.

Until it watches, an interrupt ends the process at once. Python's own handler raises KeyboardInterrupt wherever it is:
that shows a traceback of some import, or is swallowed where the import system ignores exceptions.
"""

import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)

from .cli.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
