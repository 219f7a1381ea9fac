"""`import onlooker`: what it names, and that it costs nothing."""

import ast
import inspect
import subprocess
import sys

import pytest

import onlooker
from onlooker.events import EVENTS as CLASSES

FRESH = "import sys; before = set(sys.modules); import onlooker; print(*sorted(set(sys.modules) - before))"


EVENTS = {cls.__name__ for cls in CLASSES.values()} - {"Lost"}


def test_all_is_complete():
    assert set(onlooker.__all__) == {*onlooker._HOMES, *EVENTS, "__version__"}
    assert len(set(onlooker.__all__)) == len(onlooker.__all__)


def test_no_name_has_two_homes():
    listed = [name for names in onlooker._MODULES.values() for name in names]
    assert sorted(listed) == sorted(onlooker._HOMES)
    assert not EVENTS & {*listed}


@pytest.mark.parametrize("name", sorted({*onlooker.__all__} - {"__version__"}))
def test_every_name_is_there_and_documented(name):
    value = getattr(onlooker, name)
    home = onlooker._HOMES.get(name, "events")
    assert value.__module__ == f"onlooker.{home}" or (
        home == "events" and value.__module__.startswith("onlooker.events.")
    )
    assert value.__name__ == name
    assert len(inspect.getdoc(value) or "") > 10


def test_type_checkers_see_the_same_names():
    tree = ast.parse(inspect.getsource(onlooker))
    [block] = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    seen = {node.module: tuple(alias.name for alias in node.names) for node in block.body}
    assert seen == onlooker._MODULES | {f"events.{name.lower()}": (name,) for name in EVENTS}


def test_an_unknown_name():
    with pytest.raises(AttributeError, match=r"^module 'onlooker' has no attribute 'nonsense'$"):
        onlooker.nonsense  # noqa: B018


def test_dir_lists_them():
    assert set(onlooker.__all__) <= set(dir(onlooker))


def imported(code: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_an_import_loads_nothing_else():
    new = imported(FRESH)
    assert {name for name in new if name.startswith("onlooker")} == {"onlooker", "onlooker._version"}
    assert {name.partition(".")[0] for name in new} - {"onlooker"} <= sys.stdlib_module_names
    assert not new & {"asyncio", "ctypes", "dataclasses", "inspect", "json", "logging", "subprocess"}


def test_events_and_a_monitor_do_not_load_the_probe():
    new = imported(FRESH.replace("print", "onlooker.Monitor(), onlooker.Open; print"))
    assert "onlooker.monitor" in new
    assert not new & {"onlooker.probe._libbpf", "rich"}
