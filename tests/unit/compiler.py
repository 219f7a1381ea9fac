"""The C compiler of this machine; the same that built the package is good enough."""

import os
import shlex

CC = shlex.split(os.environ.get("CC", "cc"))
