"""The limit of a control group, in files that look like the kernel's."""

import pytest

from onlooker.filters import Filter
from onlooker.probe import memory
from onlooker.probe.setup import Setup

MAX = str(2**63 - 4096)


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """Writes the membership and the limits of groups."""
    monkeypatch.setattr(memory, "MEMBERSHIP", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "V2", ((tmp_path / "v2", "memory.max"),))
    monkeypatch.setattr(memory, "V1", ((tmp_path / "v1", "memory.limit_in_bytes"),))

    def write(membership, **limits):
        (tmp_path / "cgroup").write_text(membership)
        for name, text in limits.items():
            version, _, path = name.partition("_")
            path = tmp_path / version / path.replace("_", "/")
            path.mkdir(parents=True, exist_ok=True)
            (path / ("memory.max" if version == "v2" else "memory.limit_in_bytes")).write_text(f"{text}\n")

    return write


@pytest.mark.parametrize(
    ("membership", "limits", "found"),
    [
        ("0::/a/b\n", {"v2_a_b": "1000", "v2_a": "max"}, 1000),
        ("0::/a/b\n", {"v2_a_b": "1000", "v2_a": "999"}, 999),
        ("0::/a/b\n", {"v2_a_b": "max"}, None),
        ("0::/\n", {"v2": "77"}, 77),  # of a container with a namespace of control groups
        ("0::/../other\n", {"v2": "77"}, 77),
        ("4:memory:/a\n3:cpu:/\n0::/\n", {"v1_a": "500", "v1": MAX}, 500),
        ("4:cpu,memory:/a\n", {"v1_a": "500"}, 500),
        ("4:cpu:/a\n", {"v1_a": "500"}, None),
        ("", {}, None),
    ],
)
def test_the_least_of_all_groups(groups, membership, limits, found):
    groups(membership, **limits)
    assert memory.limit_bytes() == found


def test_without_proc():
    assert memory.limit_bytes() is None or memory.limit_bytes() > 0


@pytest.mark.parametrize(
    ("limit", "ring", "backlog"),
    [
        (None, 16 << 20, 128 << 20),
        (None, 1 << 30, 256 << 20),
        (128 << 20, 16 << 20, 32 << 20),
        (64 << 20, 16 << 20, 1 << 20),
        (10 << 20, 16 << 20, 1 << 20),
        (2**62, 1 << 20, 8 << 20),
    ],
)
def test_what_may_wait_is_a_share_of_it(monkeypatch, limit, ring, backlog):
    monkeypatch.setattr(memory, "limit_bytes", lambda: limit)
    assert Setup(Filter(), ring, True).backlog_bytes() == backlog
