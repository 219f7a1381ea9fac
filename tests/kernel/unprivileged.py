"""unprivileged.py CAPABILITIES ARGUMENTS: the command, run by an ordinary user who has only these capabilities.

CAPABILITIES are numbers with commas, or "". Privileges are dropped in the process, after everything is imported: the
interpreter may live where only root may look.
"""

import ctypes
import os
import sys
from pathlib import Path

import onlooker
from onlooker.cli.main import main

sys.path.insert(0, str(Path(__file__).parents[1]))  # this file is run as a program
from everything import import_everything

NOBODY = 65534
PR_SET_DUMPABLE, PR_SET_KEEPCAPS = 4, 8  # include/uapi/linux/prctl.h
CAPABILITY_VERSION_3 = 0x20080522  # include/uapi/linux/capability.h


def check(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def become_nobody(capabilities: list[int]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    check(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    mask = sum(1 << number for number in capabilities)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    check(libc.capset(header, (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0)))
    check(libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))


import_everything()
onlooker.diagnose()
become_nobody([int(number) for number in sys.argv[1].split(",") if number])
sys.exit(main(sys.argv[2:]))
