"""Events that onlooker adds to those of the probe."""

import subprocess
import sys

from onlooker.events import EVENTS, OWN_EVENTS, TASK_EVENTS, UNCOUNTED, Lost, OwnEvent
from onlooker.records import NUMBERS, Batch
from onlooker.testing import make

DECLARED = """
import sys
import types
from pathlib import Path
from typing import Annotated, ClassVar

import onlooker

# the class must be there when the package is imported, as if it was in a file of it
sys.modules["onlooker.events"] = package = types.ModuleType("onlooker.events")
package.__path__ = [str(Path(onlooker.__file__).with_name("events"))]
from onlooker.events import base
from onlooker.schema.fields import doc, text, unsigned

class Heard(base.OwnEvent, frozen=True, gc=False, omit_defaults=True, tag="heard"):
    \"\"\"Something was heard.\"\"\"
    event: ClassVar[str] = "heard"
    pid: Annotated[int, unsigned(32), doc("Whose it was.")]
    sound: Annotated[str | None, text(absent=0), doc("What it was.")] = None
    phrase: ClassVar[str] = "heard {sound}"
    who: ClassVar[str] = "{pid}"
    result: ClassVar[str] = ""
    details: ClassVar[str] = "{sound}"

del sys.modules["onlooker.events"]
from onlooker.events import TASK_EVENTS
from onlooker.records import NUMBERS, PLAN, Batch
from onlooker.testing import make

[batch] = Batch.of([make("open", path="/a"), make("heard", pid=7, sound="moo"), make("lost", count=3)])
task = next(step.at for step in PLAN.events[0].steps if step.name == "pid")
own = next(step.at for step in PLAN.events[NUMBERS["heard"] - 1].steps if step.name == "pid")
print(NUMBERS["heard"] - len(TASK_EVENTS), len(batch), batch.counted, own == task)
print(batch.to_json().decode().splitlines()[1])
print(batch.select("heard").to_text().decode().partition("] ")[2], end="")
print(Batch.checked(batch.data, batch.offset_ns, 1).counts())
"""


def test_they_have_the_numbers_behind_the_probes():
    assert list(EVENTS) == [*TASK_EVENTS, *OWN_EVENTS] == list(NUMBERS)
    assert next(iter(OWN_EVENTS)) == Lost.event and Lost.event in UNCOUNTED
    assert all(issubclass(cls, OwnEvent) for cls in OWN_EVENTS.values())


def test_what_is_counted():
    [batch] = Batch.of([make("open"), make("lost"), make("exit")])
    assert (len(batch), batch.counted) == (3, 2)


def test_a_class_is_all_that_a_new_one_takes():
    done = subprocess.run([sys.executable, "-c", DECLARED], capture_output=True, text=True, check=True)
    counts, json, text, checked = done.stdout.splitlines()
    number = 2 + sorted({*OWN_EVENTS, "heard"} - {"lost"}).index("heard")
    assert counts == f"{number} 3 2 True"
    assert json == (
        '{"event":"heard","time":"2026-01-31T12:00:00.000000000Z","boot_ns":60000000000,"pid":7,"sound":"moo"}'
    )
    assert text == "7 heard moo"
    assert checked == "{'open': 1, 'lost': 2}"
