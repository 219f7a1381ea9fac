"""What is in packaging/, judged by the tools that it is for."""

import json
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from onlooker import __version__
from onlooker.agent.config import EXAMPLE, load
from onlooker.agent.metrics import page
from onlooker.cli.main import COMMANDS, command
from onlooker.cli.parser import parse
from tests.servers.running import program
from tests.servers.units import allowed_calls, settings

from ..agent.test_endpoint import STATE

ROOT = Path(__file__).parents[3]
PACKAGING = ROOT / "packaging"
UNIT = PACKAGING / "systemd/onlooker.service"
COLLECT_UNIT = PACKAGING / "systemd/onlooker-collect.service"
OF_PROMETHEUS = {"up"}


def run(*command: object, **options: object) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def objects() -> dict[str, dict]:
    """What kustomize makes, by kind."""
    text = run(program("kubectl"), "kustomize", PACKAGING / "kubernetes")
    return {each["kind"]: each for each in yaml.safe_load_all(text)}


@pytest.mark.parametrize("given", [UNIT, COLLECT_UNIT], ids=lambda path: path.name)
def test_systemd_understands_the_unit(tmp_path, given):
    """The program and its page are where a package puts them, and not here."""
    unit = tmp_path / given.name
    lines = given.read_text().replace("/usr/bin/onlooker", "/bin/true").splitlines()
    unit.write_text("\n".join(line for line in lines if not line.startswith("Documentation=")))
    assert run("systemd-analyze", "verify", unit) == ""


@pytest.mark.parametrize("unit", [UNIT, COLLECT_UNIT], ids=lambda path: path.name)
def test_systemd_calls_the_unit_safe(unit):
    """Of 10, by what it may still do; 9.6 is a unit that says nothing."""
    said = run("systemd-analyze", "security", "--offline=true", "--threshold=20", unit)
    assert f"Overall exposure level for {unit.name}: 1." in said


def test_the_users():
    lines = (PACKAGING / "systemd/onlooker.sysusers").read_text().splitlines()
    assert [line.split()[:2] for line in lines] == [["u", "onlooker"], ["u", "onlooker-collect"]]
    for unit, (_, user) in zip((UNIT, COLLECT_UNIT), (line.split()[:2] for line in lines), strict=True):
        assert f"\nUser={user}\nGroup={user}\n" in unit.read_text()


def test_the_collector_has_no_capabilities():
    assert "\nAmbientCapabilities=\nCapabilityBoundingSet=\n" in COLLECT_UNIT.read_text()


def test_the_image():
    assert run(program("hadolint"), PACKAGING / "Containerfile") == ""


def test_kubernetes_understands_the_objects(objects):
    assert sorted(objects) == ["ConfigMap", "DaemonSet", "Namespace", "ServiceAccount"]
    for each in objects.values():
        kubernetes_validate.validate(each, kubernetes_validate.latest_version(), strict=True)


def test_the_pod_has_two_capabilities_and_nothing_of_the_host(objects):
    pod = objects["DaemonSet"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    context = container["securityContext"]
    assert context["capabilities"] == {"drop": ["ALL"], "add": ["BPF", "PERFMON"]}
    assert (context["privileged"], context["allowPrivilegeEscalation"]) == (False, False)
    assert (context["readOnlyRootFilesystem"], context["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
    assert not {"hostPID", "hostNetwork", "hostIPC"} & pod.keys()
    assert pod["automountServiceAccountToken"] is objects["ServiceAccount"]["automountServiceAccountToken"] is False
    assert sorted({*each} - {"name"} for each in pod["volumes"]) == [{"configMap"}, {"emptyDir"}]
    assert container["resources"]["limits"] == {"memory": "512Mi"}


def test_the_deployment_of_the_collector():
    [made] = yaml.safe_load_all(run(program("kubectl"), "kustomize", PACKAGING / "kubernetes/collect"))
    kubernetes_validate.validate(made, kubernetes_validate.latest_version(), strict=True)
    pod = made["spec"]["template"]["spec"]
    [container] = pod["containers"]
    context = container["securityContext"]
    assert (made["kind"], made["spec"]["selector"]["matchLabels"]) == (
        "Deployment",
        made["spec"]["template"]["metadata"]["labels"],
    )
    assert (context["capabilities"], context["runAsNonRoot"]) == ({"drop": ["ALL"]}, True)
    assert (context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]) == (True, False)
    words = container["args"]
    assert parse(command(words[0]), words[0], "x", words[1:], COMMANDS).lake.startswith("s3://")


def test_components_add_what_they_say(tmp_path):
    shutil.copytree(PACKAGING / "kubernetes", tmp_path / "k")
    file = tmp_path / "k/kustomization.yaml"
    file.write_text(re.sub(r"^#(components:|  - )", r"\1", file.read_text(), flags=re.MULTILINE))
    made = yaml.safe_load_all(run(program("kubectl"), "kustomize", tmp_path / "k"))
    [daemons] = [each for each in made if each["kind"] == "DaemonSet"]
    kubernetes_validate.validate(daemons, kubernetes_validate.latest_version(), strict=True)
    pod = daemons["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert pod["hostPID"] is True
    assert container["securityContext"]["seccompProfile"] == {"type": "Localhost", "localhostProfile": "onlooker.json"}
    of_host = {each["name"]: each["hostPath"]["path"] for each in pod["volumes"] if "hostPath" in each}
    mounts = {each["name"]: each for each in container["volumeMounts"]}
    assert of_host == {name: mounts[name]["mountPath"] for name in ("cgroup", "runtime")}
    assert all(mounts[name]["readOnly"] for name in of_host)


def test_the_seccomp_profile_allows_what_the_unit_allows():
    """And nothing else; a newer systemd may know more calls of a group."""
    profile = json.loads((PACKAGING / "seccomp.json").read_bytes())
    [rule] = profile["syscalls"]
    assert (profile["defaultAction"], rule["action"]) == ("SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW")
    named = set(rule["names"])
    assert named <= allowed_calls(settings(UNIT)["SystemCallFilter"])
    assert {"bpf", "perf_event_open", "inotify_add_watch", "execve"} <= named
    assert not {"mount", "ptrace", "setuid", "init_module", "chown"} & named


def test_the_probes_ask_what_the_agent_answers(objects):
    [container] = objects["DaemonSet"]["spec"]["template"]["spec"]["containers"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"] == {"path": "/healthz", "port": container["ports"][0]["name"]}


def test_the_configuration_of_the_pods_is_right(objects, tmp_path, monkeypatch):
    monkeypatch.setenv("NODE_NAME", "node-1")
    [(name, text)] = objects["ConfigMap"]["data"].items()
    (tmp_path / name).write_text(text)
    config = load(str(tmp_path / name))
    pod = objects["DaemonSet"]["spec"]["template"]["spec"]
    assert config.host.name == "node-1"
    assert config.metrics.local == f"127.0.0.1:{pod['containers'][0]['ports'][0]['containerPort']}"
    assert [name] == [Path(word).name for word in pod["containers"][0]["args"] if word.endswith(".toml")]
    assert Path(config.sinks[0].spool).parent == Path(pod["containers"][0]["volumeMounts"][1]["mountPath"])


def expressions() -> list[str]:
    """Of the dashboard and the alerts."""
    dashboard = json.loads((PACKAGING / "grafana/onlooker.json").read_bytes())
    alerts = yaml.safe_load((PACKAGING / "prometheus/alerts.yml").read_text())
    found = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return found + [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]


def test_each_expression_names_metrics_that_there_are():
    known = set(re.findall(r"^(\w+)[ {]", page(STATE).decode(), re.MULTILINE)) | OF_PROMETHEUS
    named = [set(re.findall(r"\b(?:onlooker|process)_\w+|\bup\b", each)) for each in expressions()]
    assert len(named) > 20 and all(named)
    assert set().union(*named) <= known


def test_panels_do_not_overlap():
    panels = json.loads((PACKAGING / "grafana/onlooker.json").read_bytes())["panels"]
    cells = [
        (at["x"] + x, at["y"] + y)
        for at in (panel["gridPos"] for panel in panels)
        for x in range(at["w"])
        for y in range(at["h"])
    ]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) == 23
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_the_page_of_the_agent_tells_what_the_documentation_tells():
    """Each metric is in docs/agent.md, and each that is there exists."""
    text = (ROOT / "docs/agent.md").read_text().replace("`, `_", "`, `onlooker_sink_")
    told = set(re.findall(r"^\| `(onlooker_.*?)` \|", text, re.MULTILINE))
    told = {name for line in told for name in line.split("`, `")}
    there = re.findall(r"^# TYPE (onlooker_\w+)", page(STATE).decode(), re.MULTILINE)
    assert told == set(there)


def test_the_packages(tmp_path):
    """Of what is installed here; `make package` puts a wheel and its libraries there."""
    stage, dist = tmp_path / "stage", tmp_path / "dist"
    libraries = stage / "usr/lib/onlooker"
    for name in ("onlooker", "msgspec"):
        [place] = find_spec(name).submodule_search_locations
        shutil.copytree(place, libraries / name, ignore=shutil.ignore_patterns("__pycache__"))
    (stage / "usr/bin").mkdir()
    shutil.copy(PACKAGING / "scripts/onlooker", stage / "usr/bin")
    path = f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin"
    run(ROOT / "tools/package.sh", "pack", dist, env={"PATH": path, "STAGE": str(stage)})
    [deb], [rpm] = dist.glob("*.deb"), dist.glob("*.rpm")
    assert rpm.read_bytes()[:4] == bytes.fromhex("edabeedb")  # the lead of every rpm
    run("dpkg-deb", "-x", deb, tmp_path / "root")
    run("dpkg-deb", "-e", deb, tmp_path / "control")
    assert (tmp_path / "control/conffiles").read_text() == "/etc/onlooker/agent.toml\n"
    for script in ("postinst", "prerm", "postrm"):
        run("sh", "-n", tmp_path / "control" / script)
    control = (tmp_path / "control/control").read_text()
    assert re.search(r"^Depends: python3 \(>= 3\.\d+\), python3 \(<< 3\.\d+\)", control, re.MULTILINE)
    installed = tmp_path / "root"
    assert (installed / "usr/lib/systemd/system/onlooker.service").read_bytes() == UNIT.read_bytes()
    assert (installed / "usr/lib/systemd/system/onlooker-collect.service").is_file()
    assert (installed / EXAMPLE.removeprefix("/")).read_bytes() == (PACKAGING / "agent.toml").read_bytes()
    assert (installed / "usr/lib/sysusers.d/onlooker.conf").is_file()
    assert run(sys.executable, "-I", "-S", installed / "usr/bin/onlooker", "--version") == f"onlooker {__version__}\n"


@pytest.mark.parametrize("script", sorted((PACKAGING / "scripts").glob("*.sh")), ids=lambda path: path.name)
def test_scripts_are_of_any_shell(script):
    run("sh", "-n", script)
