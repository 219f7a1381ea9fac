"""What several tests of the probe use."""

import pytest

from onlooker.events import TASK_EVENTS
from onlooker.probe import _libbpf, chooser, kernel
from onlooker.probe.chooser import Chooser

from .made_up_hooks import (
    HOOKS,
    IDS,
)


@pytest.fixture
def a_kernel_with_everything(monkeypatch):
    """All tracepoints; the log of the probe opened last; no container."""
    monkeypatch.setattr(chooser, "tracepoint_ids", lambda names: (IDS, "here"))
    monkeypatch.setattr(kernel, "explain_refusal", lambda error: None)
    monkeypatch.setattr(kernel, "lacks", lambda feature: "")
    monkeypatch.setattr(kernel, "btf_has", lambda name: True)


@pytest.fixture
def load(monkeypatch, a_kernel_with_everything):
    """`load(setup, events)`: what a chooser for the events loads and attaches."""

    def run(setup, events=tuple(TASK_EVENTS), *, method=None, table=HOOKS):
        monkeypatch.setattr(_libbpf, "log", lambda: setup.probes[-1].log)
        return Chooser([hook for hook in table if hook.event in events], method).load(setup)

    return run
