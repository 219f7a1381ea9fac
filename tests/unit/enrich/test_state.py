"""What container runtimes keep in files, with trees of files as they make them; and what hostile files could hold."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlooker.enrich.containers import Place, place_of
from onlooker.enrich.state import LONGEST_NAME, Facts, StateFiles

ID = "4f66ad9a0b2e" + "0" * 52
DOCKER = f"var/lib/docker/containers/{ID}/config.v2.json"
CONTAINERD = f"run/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/config.json"
CRIO = f"run/containers/storage/overlay-containers/{ID}/userdata/config.json"
PODMAN = "var/lib/containers/storage/overlay-containers/containers.json"
OWN = "home/ann/.local/share/containers/storage/overlay-containers/volatile-containers.json"
RUNC = "run/runc/box/state.json"
# as systemd-machined 252 writes it for `systemd-nspawn -M my-box.x`
MACHINE = rb"""# This is private data. Do not parse.
NAME=my-box.x
SCOPE=machine-my\\x2dbox.x.scope
SERVICE=systemd-nspawn
ROOT=/root/img
ID=ddef0995ff4543d6a577b93b8ac721ad
LEADER=158
CLASS=container
REALTIME=1795981386687105
MONOTONIC=13537292123
"""
STORED = {"id": ID, "names": ["web"], "image": "d7af", "metadata": json.dumps({"image-name": "docker.io/nginx:1"})}


def written(root, name, value):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    return path


def facts(root, path=f"/default/{ID}", **home):
    return StateFiles(root, lambda uid: home.get(f"user_{uid}")).facts(path, place_of(path))


@pytest.mark.parametrize(
    "name, value, path, expected",
    [
        (
            DOCKER,
            {"ID": ID, "Name": "/web", "Config": {"Image": "nginx:1.27", "Labels": {"a": "b"}}, "State": {"Pid": 1}},
            f"/system.slice/docker-{ID}.scope",
            Facts("docker", "web", "nginx:1.27"),
        ),
        (
            DOCKER,
            {
                "Name": "/k8s_web_shop-1_prod_0",
                "Config": {
                    "Image": "sha256:12",
                    "Labels": {
                        "io.kubernetes.container.name": "web",
                        "io.kubernetes.pod.name": "shop-1",
                        "io.kubernetes.pod.namespace": "prod",
                    },
                },
            },
            f"/kubepods/pod1/{ID}",
            Facts("docker", "web", "sha256:12", "shop-1", "prod"),
        ),
        (
            CONTAINERD,
            {
                "ociVersion": "1.0.2",
                "annotations": {
                    "io.kubernetes.cri.container-name": "web",
                    "io.kubernetes.cri.container-type": "container",
                    "io.kubernetes.cri.image-name": "docker.io/library/nginx:1.27",
                    "io.kubernetes.cri.sandbox-name": "shop-1",
                    "io.kubernetes.cri.sandbox-namespace": "prod",
                },
            },
            f"/kubepods.slice/kubepods-pod1.slice/cri-containerd-{ID}.scope",
            Facts("containerd", "web", "docker.io/library/nginx:1.27", "shop-1", "prod"),
        ),
        (
            f"run/containerd/io.containerd.runtime.v2.task/default/{ID}/config.json",
            {"annotations": {"nerdctl/name": "web"}},
            f"/default/{ID}",
            Facts("containerd", "web"),
        ),
        (
            CRIO,
            {
                "annotations": {
                    "io.container.manager": "cri-o",
                    "io.kubernetes.container.name": "web",
                    "io.kubernetes.cri-o.Image": "12ab",
                    "io.kubernetes.cri-o.ImageName": "quay.io/web:2",
                    "io.kubernetes.pod.name": "shop-1",
                    "io.kubernetes.pod.namespace": "prod",
                }
            },
            f"/kubepods.slice/crio-{ID}.scope",
            Facts("cri-o", "web", "quay.io/web:2", "shop-1", "prod"),
        ),
        (
            PODMAN,
            [{"id": "a" * 64}, STORED],
            f"/machine.slice/libpod-{ID}.scope",
            Facts("podman", "web", "docker.io/nginx:1"),
        ),
        (
            OWN,
            [STORED],
            f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope/container",
            Facts("podman", "web", "docker.io/nginx:1"),
        ),
        (
            RUNC,
            {"id": "box", "cgroup_paths": {"": "/sys/fs/cgroup/jobs/box"}},
            "/jobs/box/inner",
            Facts("runc", "box", id="box"),
        ),
        (
            "var/lib/containers/storage/vfs-containers/containers.json",
            [STORED],
            f"/libpod_parent/libpod-{ID}",
            Facts("podman", "web", "docker.io/nginx:1"),
        ),
        (
            f"run/containers/storage/vfs-containers/{ID}/userdata/config.json",
            {"annotations": {"io.kubernetes.container.name": "web"}},
            f"/kubepods/pod12/crio-{ID}",
            Facts("cri-o", "web"),
        ),
        (
            "run/crun/box/status",
            {"pid": 12, "cgroup-path": "/box", "scope": "", "rootfs": "/b/rootfs", "systemd-cgroup": False},
            "/box/container",
            Facts("crun", "box", id="box"),
        ),
        (
            "run/systemd/machines/my-box.x",
            MACHINE,
            "/machine.slice/machine-my\\x2dbox.x.scope/payload",
            Facts("systemd-nspawn", "my-box.x", id="my-box.x"),
        ),
        (
            RUNC,
            {"id": "box", "cgroup_paths": {"": "/sys/fs/cgroup/any.slice/other"}},
            "/any.slice/other",
            Facts("runc", "box", id="box"),
        ),
    ],
)  # fmt: skip
def test_names_and_images(tmp_path, name, value, path, expected):
    written(tmp_path, name, value)
    assert facts(tmp_path, path, user_1000="/home/ann") == expected


def test_crio_and_podman_share_a_directory(tmp_path):
    written(tmp_path, CRIO, {"annotations": {"io.container.manager": "libpod"}})
    written(tmp_path, PODMAN, [STORED])
    assert facts(tmp_path).runtime == "podman"


def test_a_virtual_machine_is_no_container(tmp_path):
    scope = "/machine.slice/machine-my\\x2dbox.x.scope"
    machine = written(tmp_path, "run/systemd/machines/my-box.x", MACHINE.replace(b"container", b"vm"))
    assert facts(tmp_path, scope) is None
    machine.write_bytes(MACHINE.replace(b"x2dbox.x.scope", b"x2dbox.y.scope"))  # it has another scope
    assert facts(tmp_path, scope) is None
    assert facts(tmp_path, "/machine.slice/machine-..-my\\x2dbox.x.scope") is None


def test_names_that_control_groups_have(tmp_path):
    assert facts(tmp_path, "/lxc.payload.web") == Facts("lxc", "web")
    assert facts(tmp_path, "/machine.slice/systemd-nspawn@web.service/payload") == Facts("systemd-nspawn", "web")
    assert facts(tmp_path, "/docker/buildkit/0a1b2c3d4e5f6g7h8i9jklmno") == Facts("buildkit")
    assert facts(tmp_path, "/user.slice/user-1000.slice/user@1000.service/app.slice/lxc.payload.web") is None


@pytest.mark.parametrize("above", ["", "/"])
def test_crun_without_a_control_group_has_none(tmp_path, above):
    written(tmp_path, "run/crun/box/status", {"cgroup-path": above})
    assert facts(tmp_path, "/") is None
    assert facts(tmp_path, "/jobs") is None


def test_runc_names_only_its_own_control_groups(tmp_path):
    written(tmp_path, RUNC, {"id": "box", "cgroup_paths": {"": "/sys/fs/cgroup/jobs/box"}})
    assert facts(tmp_path, "/others/box") is None
    assert facts(tmp_path, "/sys/fs/cgroup/jobs/box") is None
    assert facts(tmp_path, "/jobs") is None
    assert facts(tmp_path, "/") is None


def test_below_the_manager_of_a_user_only_his_own_files_count(tmp_path):
    """Who has no rights could else call a control group as the container of another."""
    for name, value in (
        (DOCKER, {"Name": "/web"}),
        (CONTAINERD, {}),
        (PODMAN, [STORED]),
        (RUNC, {"cgroup_paths": {"": "/box"}}),
    ):
        written(tmp_path, name, value)
    for name in (f"docker-{ID}.scope", f"cri-containerd-{ID}.scope", f"libpod-{ID}.scope", ID, "box"):
        path = f"/user.slice/user-1000.slice/user@1000.service/{name}"
        assert facts(tmp_path, path, user_1000="/home/ann") is None
        assert facts(tmp_path, path) is None


def test_links_are_not_followed_below_what_is_trusted(tmp_path):
    secret = written(tmp_path, "root/secret.json", {"Name": "/secret"})
    directory = (tmp_path / DOCKER).parent
    directory.mkdir(parents=True)
    (directory / "config.v2.json").symlink_to(secret)
    assert facts(tmp_path) is None
    (directory / "config.v2.json").unlink()
    directory.rmdir()
    written(tmp_path, "elsewhere/config.v2.json", {"Name": "/secret"})
    directory.symlink_to(tmp_path / "elsewhere")
    assert facts(tmp_path) is None


def test_what_is_no_regular_file_is_not_waited_for(tmp_path):
    path = tmp_path / DOCKER
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert facts(tmp_path) is None
    path.unlink()
    path.mkdir()
    assert facts(tmp_path) is None


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"Name":7}',
        b'{"Name":"/web","Config":[]}',
        b'{"Config":{"Labels":{"a":1}}}',
        b"[" * 100_000,
        b'{"Name":"/web","x":"' + b"a" * (1 << 20) + b'"}',
    ],
)
def test_what_makes_no_sense_says_nothing(tmp_path, value):
    written(tmp_path, DOCKER, value)
    assert facts(tmp_path) is None


def test_names_that_can_be_none_are_cut(tmp_path):
    written(tmp_path, DOCKER, {"Name": "/" + "x" * 5000, "Config": {"Image": "a\0b"}})
    assert facts(tmp_path) == Facts("docker", "x" * LONGEST_NAME, "ab")


def test_no_name_leads_out(tmp_path):
    assert StateFiles(tmp_path).facts("/x", Place("../../etc", "docker")) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda each: (
            st.lists(each)
            | st.dictionaries(
                st.sampled_from(["id", "names", "metadata", "Name", "Config", "Image", "Labels", "annotations"]), each
            )
        ),
    )
)
def test_any_json(tmp_path_factory, value):
    root = tmp_path_factory.mktemp("state")
    for name in (DOCKER, CONTAINERD, CRIO, PODMAN):
        written(root, name, value)
    found = facts(root)
    assert found is None or isinstance(found, Facts)
