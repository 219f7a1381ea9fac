"""Bills of materials: valid by the official schema, files by package."""

import hashlib
import stat

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from msgspec import json

from onlooker.exports import cyclonedx, packages
from onlooker.exports.packages import Package

from .files import READ, build, opened, record, write

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)


def exported(source):
    made = bytearray()
    cyclonedx.export(source, made.extend)
    assert VALIDATOR.validate_str(made.decode()) is None
    return json.decode(bytes(made))


@pytest.fixture
def no_packages(monkeypatch):
    monkeypatch.setattr(cyclonedx, "owners", lambda files: {})


@pytest.mark.usefixtures("no_packages")
def test_files_without_a_package(tmp_path):
    found = exported(record(tmp_path / "r", build(tmp_path), after=lambda: write(tmp_path)))
    names = {each["name"].rpartition("/")[2]: each for each in found["components"]}
    assert names.keys() == {"cc", "a.c"}  # neither what it wrote nor what it made and read again
    assert names["a.c"]["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(b"a.c").hexdigest()}]
    assert found["metadata"]["component"]["name"] == "make --token '***'"
    said = {each["name"]: each["value"] for each in found["metadata"]["properties"]}
    assert (said["onlooker:verdict"], said["onlooker:complete"]) == ("complete", "true")
    assert "named" in said["onlooker:redacted"]


@pytest.mark.usefixtures("no_packages")
def test_files_without_a_digest(tmp_path):
    found = exported(record(tmp_path / "r", build(tmp_path)))
    assert {each["properties"][0]["value"] for each in found["components"]} == {"is not there any more"}
    source = record(tmp_path / "again", build(tmp_path), after=lambda: write(tmp_path))
    source.digests = False
    assert {each["properties"][0]["value"] for each in exported(source)["components"]} == {"not asked for"}


@pytest.mark.usefixtures("no_packages")
def test_names_of_all_kinds(tmp_path):
    names = ["/a\udcff", "/a\udcfe", '/a"\n\x1b', "/é"]
    found = exported(record(tmp_path / "r", [opened(1 + n, name, READ) for n, name in enumerate(names)]))
    assert len({each["bom-ref"] for each in found["components"]}) == len(names)


def test_packages(tmp_path, monkeypatch):
    package = Package("deb", "gcc-12", "12.2.0-14+deb12u1", "amd64")
    monkeypatch.setattr(cyclonedx, "owners", lambda files: {f: package for f in files if f.endswith("/cc")})
    monkeypatch.setattr(cyclonedx, "distribution", lambda: ("debian", "12"))
    found = exported(record(tmp_path / "r", build(tmp_path), after=lambda: write(tmp_path)))
    [one] = [each for each in found["components"] if each["type"] == "library"]
    assert one["purl"] == "pkg:deb/debian/gcc-12@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12"
    assert one["evidence"]["occurrences"] == [{"location": str(tmp_path / "cc")}]


def test_packages_of_another_machine_are_not_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(cyclonedx, "owners", None)
    exported(record(tmp_path / "r", build(tmp_path), host="elsewhere"))


def program(directory, name, script):
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Only those that a test makes there."""
    (tmp_path / "dirname").symlink_to("/usr/bin/dirname")
    monkeypatch.setattr(packages, "_PATH", str(tmp_path))
    return tmp_path


def test_without_dpkg_and_rpm_nothing_is_known(tools):
    assert packages.owners(["/usr/bin/sh"]) == {}


def test_dpkg_is_asked_for_both_names_of_a_merged_directory(tools):
    program(
        tools,
        "dpkg-query",
        """case "$1" in
--search)
    shift
    echo "$#" >> "$(dirname "$0")/calls"
    echo 'diversion by dash from: /bin/sh'
    for name; do case "$name" in
        /lib/libc.so) echo 'libc6:amd64: /lib/libc.so' ;;
        '/usr/bin/\\[') echo 'coreutils: /usr/bin/[' ;;
        *) echo "no path found matching $name" >&2 ;;
    esac; done
    exit 1 ;;
--show) printf 'libc6:amd64\\tlibc6\\t2.36\\tamd64\\ncoreutils\\tcoreutils\\t9.1\\tamd64\\n' ;;
esac""",
    )
    found = packages.owners(["/usr/lib/libc.so", "/usr/bin/[", "/srv/own", "/srv/two\nlines"])
    assert found == {
        "/usr/lib/libc.so": Package("deb", "libc6", "2.36", "amd64"),
        "/usr/bin/[": Package("deb", "coreutils", "9.1", "amd64"),
    }
    assert (tools / "calls").read_text() == "5\n"


def test_rpm(tools):
    program(
        tools,
        "rpm",
        """case "$*" in
*--file*) echo 'bash-5.2-1.x86_64'; echo 'file /srv/own is not owned by any package'; exit 1 ;;
*) printf 'bash\\t1\\t5.2-1\\tx86_64\\t/bin/bash\\nbash\\t1\\t5.2-1\\tx86_64\\t/etc/skel\\n' ;;
esac""",
    )
    assert packages.owners(["/usr/bin/bash", "/srv/own"]) == {
        "/usr/bin/bash": Package("rpm", "bash", "1:5.2-1", "x86_64")
    }


def test_many_files_take_few_calls():
    pieces = list(packages._pieces(["x" * 99] * 10_000))
    assert len(pieces) == 17 and sum(map(len, pieces)) == 10_000
