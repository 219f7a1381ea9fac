"""What a control group is: a container, a unit of systemd."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import doc, text, unsigned
from .base import OwnEvent

_CONTAINER = ("container_id", "container_name", "container_image", "container_runtime", "pod", "namespace")


class Cgroup(OwnEvent, frozen=True, gc=False, omit_defaults=True, tag="cgroup"):
    """What a control group is, as far as it was known when events of its processes were seen: a container, a unit.

    A second one for the same control group says more, or the same once more. Source: the path of the control group, and
    the files in which container runtimes keep their state (docs/context.md).
    """

    event: ClassVar[str] = "cgroup"
    is_counted: ClassVar[bool] = False
    context: ClassVar[dict[str, tuple[str, ...]]] = {
        "container": _CONTAINER,
        "unit": ("unit",),
        "cgroup": ("cgroup",),
    }

    cgroup_id: Annotated[int, unsigned(64), doc("Id of the control group in the version 2 hierarchy.")]
    container_id: Annotated[str | None, text(absent=0), doc("Id of the container, as its runtime calls it.")] = None
    container_name: Annotated[str | None, text(absent=0), doc("Name of the container.")] = None
    container_image: Annotated[
        str | None, text(absent=0), doc("Image of the container, as it was named when the container was made.")
    ] = None
    container_runtime: Annotated[
        str | None, text(absent=0), doc("What runs the container: docker, containerd, cri-o, podman or runc.")
    ] = None
    pod: Annotated[str | None, text(absent=0), doc("Name of the container's pod in Kubernetes, or in Podman.")] = None
    namespace: Annotated[str | None, text(absent=0), doc("Namespace of the pod in Kubernetes.")] = None
    unit: Annotated[
        str | None, text(absent=0), doc("Unit of systemd: a service, a scope; of a user's own, that one.")
    ] = None
    cgroup: Annotated[
        str | None, text(absent=0), doc("Path of the control group; absent where it was gone before it was looked for.")
    ] = None

    who: ClassVar[str] = "Process onlooker (PID:{own_pid})"
    _NAMES: ClassVar[str] = (
        "{list:{container_name?container {container_name}|{container_id?container {container_id}}};"
        "{container_image?image {container_image}};{pod?pod {namespace?{namespace}/}{pod}};{unit?unit {unit}};"
        "{cgroup?cgroup {cgroup}}}"
    )
    phrase: ClassVar[str] = "knows cgroup {cgroup_id}" + _NAMES
    result: ClassVar[str] = ""
    details: ClassVar[str] = _NAMES
    example: ClassVar[dict[str, Any]] = {
        "container_id": "4f66ad9a0b2e",
        "container_name": "web",
        "container_image": "nginx:1.27",
        "container_runtime": "docker",
        "cgroup": "/system.slice/docker-4f66ad9a0b2e.scope",
    }
