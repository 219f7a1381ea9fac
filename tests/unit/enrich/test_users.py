"""Names of users: the file's at once, others when the name services have answered."""

import pwd
import threading
import time

import pytest

from onlooker.enrich.users import Users

PASSWD = b"""root:x:0:0:root:/root:/bin/bash
toor:x:0:0::/root:/bin/sh
www\xff:x:33:33::/:/bin/sh
+@nis
broken:x:many:
:x:5:
"""


@pytest.fixture
def passwd(tmp_path):
    path = tmp_path / "passwd"
    path.write_bytes(PASSWD)
    return path


def test_the_users_of_the_file_are_known_at_once(passwd):
    users = Users(passwd, ask=lambda uid: pytest.fail(f"asked for {uid}"))
    assert [users.name(0), users.name(33)] == ["root", "www\udcff"]


def test_nobody_waits_for_a_name_service(passwd):
    """The number stands for the name until it is known, and each is asked for once."""
    answer, asked = threading.Event(), []

    def ask(uid):
        asked.append(uid)
        answer.wait(10)
        return {5: "games"}.get(uid, str(uid))

    users = Users(passwd, ask)
    assert [users.name(5), users.name(5), users.name(6)] == ["5", "5", "6"]
    answer.set()
    end = time.monotonic() + 10
    while users.name(5) != "games" or 6 not in asked:
        assert time.monotonic() < end
        time.sleep(0.001)
    assert users.name(6) == "6" and asked == [5, 6]


def test_a_file_that_is_not_there(tmp_path):
    assert Users(tmp_path / "none", ask=str).name(12) == "12"


def test_the_machines_own_users():
    assert Users().name(0) == pwd.getpwuid(0).pw_name
