"""What waits takes the memory that it is large, and not that of what it was made of."""

import subprocess
import sys

QUEUE = """
import os
from onlooker.sinks.message import compressed
def used():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGESIZE")
text = b"".join(b"%d /srv/www/static/file-%d.html " % (number, number) for number in range(14000))
compressed(text)
before = used()
queue = [compressed(text + b"%d" % number) for number in range(200)]
print(len(text), sum(map(len, queue)), used() - before)
"""


def test_messages_that_wait():
    said = subprocess.run([sys.executable, "-c", QUEUE], capture_output=True, text=True, check=True, timeout=60).stdout
    raw, waiting, grown = map(int, said.split())
    assert raw > 400_000 and waiting < 200 * raw / 4
    assert grown < 1.5 * waiting + (8 << 20)
