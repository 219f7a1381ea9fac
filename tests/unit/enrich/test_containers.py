"""What the path of a control group says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlooker.enrich.containers import place_of

ID, OTHER = "4f66ad9a0b2e" + "0" * 52, "b" * 64
USER = "/user.slice/user-1000.slice/user@1000.service"


@pytest.mark.parametrize(
    "path, runtime",
    [
        (f"/docker/{ID}", "docker"),
        (f"/system.slice/docker-{ID}.scope", "docker"),
        (
            f"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1_2.slice/cri-containerd-{ID}.scope",
            "containerd",
        ),
        (f"/kubepods/besteffort/pod1f2a-33/{ID}", ""),
        (f"/kubepods.slice/kubepods-pod12.slice/crio-{ID}.scope", "cri-o"),
        (f"/kubepods/pod12/crio-{ID}", "cri-o"),
        (f"/machine.slice/libpod-{ID}.scope", "podman"),
        (f"/machine.slice/libpod-{ID}.scope/container", "podman"),
        (f"/libpod_parent/libpod-{ID}", "podman"),
        (f"/system.slice/web.service/libpod-payload-{ID}", "podman"),
        (f"{USER}/user.slice/libpod-{ID}.scope", "podman"),
        (f"/system.slice/nerdctl-{ID}.scope", "containerd"),
        (f"/default/{ID}", ""),
        # names for systemd, with a runtime that makes directories
        (f"/system.slice/kubepods-burstable-pod1_2.slice:cri-containerd:{ID}", "containerd"),
        (f"/kubepods.slice/kubepods-pod1.slice/kubepods-pod1.slice:crio:{ID}", "cri-o"),
        (f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/docker-{ID}.scope", "docker"),
        # what a container calls its own control groups says nothing of another container
        (f"/system.slice/docker-{ID}.scope/docker/{OTHER}", "docker"),
        (f"/system.slice/docker-{ID}.scope/system.slice/libpod-{OTHER}.scope", "docker"),
    ],
)  # fmt: skip
def test_containers(path, runtime):
    place = place_of(path)
    assert (place.container_id, place.runtime) == (ID, runtime)


@pytest.mark.parametrize(
    "path, container, runtime",
    [
        ("/lxc.payload.web.1", "web.1", "lxc"),
        ("/lxc.payload.web/system.slice/ssh.service", "web", "lxc"),
        (f"/lxc.payload.web/system.slice/docker-{ID}.scope", "web", "lxc"),
        ("/user.slice/user-0.slice/session-1.scope/lxc.payload.web", "web", "lxc"),
        ("/lxc/web", "web", "lxc"),
        ("/machine.slice/systemd-nspawn@web-1.service/payload", "web-1", "systemd-nspawn"),
        ("/buildah-buildah3736974363", "buildah-buildah3736974363", "buildah"),
        ("/docker/buildkit/0a1b2c3d4e5f6g7h8i9jklmno", "0a1b2c3d4e5f6g7h8i9jklmno", "buildkit"),
        ("/system.slice/system.slice:docker:0a1b2c3d4e5f6g7h8i9jklmno", "0a1b2c3d4e5f6g7h8i9jklmno", "buildkit"),
    ],
)
def test_containers_that_are_names(path, container, runtime):
    place = place_of(path)
    assert (place.container_id, place.runtime) == (container, runtime)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/lxc.monitor.web",
        "/lxc.payload.",
        "/lxc",
        "/web/lxc/web",
        # who runs a service may make these
        "/system.slice/web.service/lxc.payload.db",
        "/system.slice/web.service/systemd-nspawn@db.service",
        "/docker/buildkit/0a1b2c3d4e5f6g7h8i9jklmn",
        "/docker/other/0a1b2c3d4e5f6g7h8i9jklmno",
        # a virtual machine, or a container: the path does not say it
        "/machine.slice/machine-web.scope",
        "/system.slice/docker.service",
        f"/machine.slice/libpod-conmon-{ID}.scope",
        f"/kubepods.slice/crio-conmon-{ID}.scope",
        f"/system.slice/docker-{ID[:-1]}.scope",
        f"/system.slice/docker-{ID.upper()}.scope",
        f"/system.slice/docker-{ID}.scope.d",
        f"/docker/{ID}0",
    ],
)
def test_what_is_no_container(path):
    assert place_of(path).container_id is None


@pytest.mark.parametrize(
    "path, unit, uid",
    [
        ("/", None, None),
        ("/init.scope", "init.scope", None),
        ("/system.slice/ssh.service", "ssh.service", None),
        ("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", None),
        ("/system.slice/dev-hugepages.mount", "dev-hugepages.mount", None),
        ("/user.slice/user-1000.slice/session-3.scope", "session-3.scope", None),
        (f"{USER}/app.slice/web.service", "web.service", 1000),
        (f"{USER}/init.scope", "init.scope", 1000),
        (USER, "user@1000.service", 1000),
        (f"/system.slice/docker-{ID}.scope/system.slice/nginx.service", f"docker-{ID}.scope", None),
        (f"/docker/{ID}/nginx.service", None, None),
        (f"{USER}/user@0.service/web.service", "user@0.service", 1000),
    ],
)
def test_units(path, unit, uid):
    place = place_of(path)
    assert (place.unit, place.uid) == (unit, uid)


@given(st.text())
def test_any_path(path):
    place = place_of(path)
    assert place.container_id is None or len(place.container_id) == 64
