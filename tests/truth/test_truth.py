"""onlooker tells of each workload what strace tells of the same run, and says that it is complete.

Once it watches the processes of a user, and once it starts the workload and follows it.
"""

import os

import pytest

from .__main__ import obstacle
from .compare import compare
from .run import run
from .workloads import WORKLOADS, Workload


@pytest.mark.skipif(os.geteuid() != 0, reason="observing the kernel needs root")
@pytest.mark.parametrize("follow", [False, True], ids=["watched", "followed"])
@pytest.mark.parametrize("workload", WORKLOADS, ids=[workload.name.replace(" ", "-") for workload in WORKLOADS])
def test_strace_and_onlooker_agree(workload: Workload, *, follow: bool) -> None:
    assert obstacle() is None
    done = run(workload, follow=follow)
    assert done.code == workload.code, done.said
    result = compare(done)
    assert (result.missing, result.extra, result.out_of_order, result.complete) == ([], [], [], True)
    assert {
        name: result.expected[name] for name, least in workload.at_least.items() if result.expected[name] < least
    } == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="observing the kernel needs root")
@pytest.mark.parametrize("workload", WORKLOADS[:3], ids=[workload.name.replace(" ", "-") for workload in WORKLOADS[:3]])
def test_a_recording_is_as_true(workload: Workload) -> None:
    done = run(workload, record=True)
    assert done.code == workload.code, done.said
    result = compare(done)
    assert (result.missing, result.extra, result.out_of_order, result.complete) == ([], [], [], True)
