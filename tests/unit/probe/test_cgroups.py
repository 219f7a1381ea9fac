"""Where the directory of a cgroup is, on machines with other mounts than this one."""

import pytest

from onlooker import UsageError
from onlooker.probe import cgroups

LISTING = "cat /proc/PID/cgroup shows that of a process behind 0::"


@pytest.fixture
def mounted(tmp_path, monkeypatch):
    """Mounts: the directory of each below `tmp_path`, its root and type."""

    def mount(*mounts):
        lines = []
        for point, root, kind in mounts:
            (tmp_path / point).mkdir(parents=True, exist_ok=True)
            escaped = str(tmp_path / point).replace(" ", r"\040")
            lines.append(f"41 31 0:38 {root} {escaped} rw,relatime shared:9 - {kind} {kind} rw\n")
        (tmp_path / "mountinfo").write_text("".join(lines))
        monkeypatch.setattr(cgroups, "MOUNTS", tmp_path / "mountinfo")
        return tmp_path

    return mount


def test_by_its_directory_and_as_proc_has_it(mounted, monkeypatch):
    top = mounted(("fs", "/", "tmpfs"), ("fs/cgroup all", "/", "cgroup2"))
    service = top / "fs/cgroup all/system.slice/a b.service"
    service.mkdir(parents=True)
    for path in (service, f"{service}/", f"{service}/../a b.service"):
        assert cgroups.directory_of(str(path)) == str(service)
    for path in ("/system.slice/a b.service", "system.slice/a b.service/", "//system.slice/./a b.service"):
        assert cgroups.directory_of(path) == str(service)
    monkeypatch.chdir(service.parent)
    assert cgroups.directory_of("a b.service") == str(service)
    assert cgroups.directory_of("/") in (str(top / "fs/cgroup all"), f"{top / 'fs/cgroup all'}/")


def test_where_a_part_is_mounted(mounted):
    top = mounted(("part", "/docker/1", "cgroup2"))
    (top / "part/inner").mkdir()
    assert cgroups.directory_of("/docker/1/inner") == str(top / "part/inner")
    assert cgroups.directory_of("/docker/1") == str(top / "part")
    with pytest.raises(UsageError, match="no such cgroup: '/inner'"):
        cgroups.directory_of("/inner")


def test_beside_version_1(mounted):
    top = mounted(("memory", "/", "cgroup"), ("unified", "/", "cgroup2"))
    (top / "memory/one").mkdir()
    (top / "unified/one").mkdir()
    assert cgroups.directory_of("/one") == str(top / "unified/one")
    with pytest.raises(UsageError) as caught:
        cgroups.directory_of(str(top / "memory/one"))
    assert str(caught.value).endswith("memory/one' is a cgroup of version 1, and only those of version 2 can be chosen")
    assert caught.value.hint == LISTING


@pytest.mark.parametrize("mounts", [[], [("memory", "/", "cgroup")]])
def test_without_version_2(mounted, mounts):
    mounted(*mounts)
    with pytest.raises(UsageError, match="version 2 are not mounted"):
        cgroups.directory_of("/")


def test_one_that_is_not_there(mounted):
    top = mounted(("unified", "/", "cgroup2"))
    (top / "unified/system.slice/nginx.service").mkdir(parents=True)
    for path, hint in (("nginx", "did you mean '/system.slice/nginx.service'?"), ("/none", LISTING)):
        with pytest.raises(UsageError, match="no such cgroup") as caught:
            cgroups.directory_of(path)
        assert caught.value.hint == hint


def test_which_are_empty(mounted):
    top = mounted(("unified", "/", "cgroup2"))
    for name, populated in (("a", 0), ("b", 1)):
        (top / "unified" / name).mkdir()
        (top / "unified" / name / "cgroup.events").write_text(f"populated {populated}\nfrozen 0\n")
    assert cgroups.notes_on(["/", "/a", "/b"]) == ["no process is in the cgroup '/a' now"]
