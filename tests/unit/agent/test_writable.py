"""A file or a spool that can't be written to: the check says so, and the agent exits with 2, which is for good."""

import os
from pathlib import Path

import pytest

from onlooker.agent.writable import obstacle
from onlooker.cli.main import main

NOBODY = 65534


def check(directory: Path, url: str, more: str = "", action: str = "check") -> int:
    file = directory / "agent.toml"
    file.write_text(f'[[sinks]]\nurl = "{url}"\n{more}\n')
    return main(["agent", action, "--config", str(file)])


@pytest.mark.parametrize("action", ["check", "run"])
@pytest.mark.parametrize(
    ("path", "said"),
    [("no/x/e.jsonl", "/no/x' is missing"), ("", "is a directory"), ("agent.toml/x", "Not a directory")],
)
def test_a_file_that_can_not_be_made(tmp_path, capfd, path, said, action):
    assert check(tmp_path, f"file:{tmp_path}/{path}", action=action) == 2
    out, err = capfd.readouterr()
    assert out == "" and err.startswith(f"onlooker: {tmp_path}/agent.toml: ") and "\n\nhint: " in err
    assert action == "run" or said in err
    assert action == "check" or f"agent check --config {tmp_path}/agent.toml" in err
    assert [each.name for each in tmp_path.iterdir()] == ["agent.toml"]


def test_a_file_that_can_be_made(tmp_path, capfd):
    assert check(tmp_path, f"file:{tmp_path}/e.jsonl") == 0
    assert "is right" in capfd.readouterr().out
    assert not (tmp_path / "e.jsonl").exists()


def test_a_spool(tmp_path, capfd):
    (tmp_path / "file").touch()
    assert check(tmp_path, "nats://localhost/x", f"spool = '{tmp_path}/a/b'") == 0
    assert not (tmp_path / "a").exists()
    for path, said in (("file", "file' is no directory"), ("file/x", "Not a directory")):
        assert check(tmp_path, "nats://localhost/x", f"spool = '{tmp_path}/{path}'") == 2
        assert said in capfd.readouterr().err


def test_what_the_unit_makes_is_no_error():
    for directory in ("/var/log/onlooker", "/var/lib/onlooker"):
        found = obstacle(f"{directory}/x.jsonl")
        assert found is None or not found.is_certain


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is needed")
def test_what_another_user_can_not_know_is_said():
    """Root sees that only root may write; another user that it may not."""
    base = Path(os.path.realpath("/tmp")) / f"onlooker-writable-{os.getpid()}"
    base.mkdir(mode=0o755)
    try:
        as_root = obstacle(f"{base}/e.jsonl")
        assert as_root and not as_root.is_certain and as_root.text.startswith(f"only root may write to '{base}'")
        os.seteuid(NOBODY)
        try:
            as_nobody = obstacle(f"{base}/e.jsonl")
            missing = obstacle(f"{base}/none/e.jsonl")
        finally:
            os.seteuid(0)
        assert as_nobody and not as_nobody.is_certain and as_nobody.text.startswith("this user may not write to")
        assert missing and missing.is_certain
        base.chmod(0o700)
        os.seteuid(NOBODY)
        try:
            hidden = obstacle(f"{base}/e.jsonl")
        finally:
            os.seteuid(0)
        assert hidden and not hidden.is_certain and "can't be looked at: Permission denied" in hidden.text
        os.chown(base, NOBODY, NOBODY)
        assert obstacle(f"{base}/e.jsonl") is None
    finally:
        base.rmdir()
