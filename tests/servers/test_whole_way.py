"""From the kernel of one machine to SQL, as it would be set up: an agent by systemd's rules, a server, two collectors,
a lake in S3. One collector is killed and the server fails while thousands of events are on their way.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from onlooker.lake.log import CommitLog
from onlooker.lake.store import store_of
from onlooker.lake.tables import LakeTables

from .agents import AS_UNIT, UNIT, agent_of, config_text, package_for_all
from .kafka_mock import Kafka
from .running import Server, free_port, wait_for
from .test_fleet import ONLOOKER, collector, committed, is_whole

NOBODY = 65534
OPENS = 40_000
FLOOD = """\
import os, sys, time
directory, count = sys.argv[1], int(sys.argv[2])
for number in range(count):
    try:
        os.open(f"{directory}/{number}", os.O_RDONLY)
    except FileNotFoundError:
        pass
    if number % 500 == 0:
        time.sleep(0.05)
"""
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the kernel's events need root")


@pytest.fixture(params=["nats", "kafka"])
def failing(request: pytest.FixtureRequest) -> Iterator[tuple[str, Callable[[], None]]]:
    """The URL of a server, and what makes it fail for a moment."""
    if request.param == "nats":
        nats: Server = request.getfixturevalue("nats")

        def kill() -> None:
            nats.kill()
            time.sleep(0.5)
            nats.start()

        yield f"nats://127.0.0.1:{nats.port}/onlooker", kill
        return
    with Kafka() as kafka:

        def fail() -> None:
            kafka.down()
            time.sleep(0.5)
            kafka.up()

        yield f"kafka://{kafka.server}/onlooker", fail


def test_sql_counts_what_the_agent_has_sent(
    failing: tuple[str, Callable[[], None]], lake: str, shared: Path, tmp_path: Path
) -> None:
    url, fail = failing
    text = config_text(f"path = ['{shared}/seen']", url, free_port())
    words, env = [sys.executable, str(AS_UNIT), str(UNIT)], package_for_all(shared)
    with (
        collector(url, lake, tmp_path / "one.log") as one,
        collector(url, lake, tmp_path / "other.log"),
        agent_of(shared, text, words=words, env=env) as agent,
    ):
        flood = subprocess.Popen([sys.executable, "-c", FLOOD, str(shared / "seen"), str(OPENS)])
        time.sleep(1.5)
        os.kill(one.pid, signal.SIGKILL)
        time.sleep(0.5)
        fail()
        assert flood.wait(60) == 0
        assert agent.end() == 0, agent.said
        assert f"onlooker: {OPENS} events" in agent.said
        assert agent.said.splitlines()[-1] == "onlooker: complete"
        log = CommitLog(store_of(lake))
        wait_for(lambda: committed(log) == OPENS, 60, lambda: (tmp_path / "other.log").read_text())
    with LakeTables(lake, names={"opens"}) as tables:
        asked = "SELECT count(*), count(DISTINCT (run, seq)), count(DISTINCT path), min(uid) FROM opens"
        assert tables.connection.execute(asked).fetchall() == [(OPENS, OPENS, OPENS, 0)]
    assert is_whole(lake)
    answer = subprocess.run([*ONLOOKER, "query", lake, "--complete"], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "onlooker: complete\n")
