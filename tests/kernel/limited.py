"""limited.py NAME VALUE...: the command under each of these limits in turn; prints a JSON line for each.

NAME is RLIMIT_NOFILE, RLIMIT_AS (VALUE: so much more than now), or seccomp, where VALUE is the errno with which a
filter answers bpf(2). Each run is a fork of this process, which has imported everything already.
"""

import ctypes
import json
import os
import platform
import resource
import struct
import sys
import traceback
from pathlib import Path

import onlooker
from onlooker.cli.main import main

sys.path.insert(0, str(Path(__file__).parents[1]))  # this file is run as a program
from everything import import_everything

OPTIONS = ["watch", "--events", "exec", "--filter", "nobody-is-so", "--duration", "1ms"]
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2  # include/uapi/linux/prctl.h, seccomp.h
SYS_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
LOAD_NUMBER, IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K; include/uapi/linux/filter.h
ALLOW, ERRNO = 0x7FFF0000, 0x00050000  # SECCOMP_RET_…


def answer_bpf(number: int) -> None:
    """From now on bpf(2) fails with that errno."""
    steps = ((LOAD_NUMBER, 0, 0, 0), (IF_EQUAL, 0, 1, SYS_BPF), (RETURN, 0, 0, ERRNO | number), (RETURN, 0, 0, ALLOW))
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = struct.pack("=HxxxxxxQ", len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0)):
        if libc.prctl(*call):
            raise OSError(ctypes.get_errno(), "prctl")


def used_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[0]) * resource.getpagesize()


def limited(name: str, value: int) -> int:
    if name == "seccomp":
        answer_bpf(value)
    else:
        most = used_bytes() + value if name == "RLIMIT_AS" else value
        resource.setrlimit(getattr(resource, name), (most, most))
    return main(OPTIONS)


def run(name: str, value: int) -> dict[str, object]:
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        code = 99
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(writer, 2)
            os.closerange(3, 256)
            code = limited(name, value)
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        said = file.read().decode()
    return {"value": value, "code": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), "said": said}


import_everything()
with onlooker.Monitor(events=["exec"], comm=["nobody-is-so"]):  # the command would give up its rights
    pass
for text in sys.argv[2:]:
    found = run(sys.argv[1], int(text))
    print(json.dumps(found), flush=True)
    if found["code"] == 0:
        break
