"""How long the programs run, by what /proc says of descriptors."""

import os

from onlooker.probe.run_time import RunTime


def test_programs_are_added_up(tmp_path):
    for number, text in enumerate(("prog_type:\t26\nrun_time_ns:\t1500000000\n", "prog_type:\t26\nrun_time_ns:\t5\n", "pos:\t0\nrun_time_ns:\t7\n")):  # fmt: skip # noqa: E501
        (tmp_path / str(number)).write_text(text)
    made = RunTime(tmp_path)
    assert made.seconds() is None
    made._descriptor = os.open("/dev/null", os.O_RDONLY)
    with made:
        pass
    made._descriptor = os.open("/dev/null", os.O_RDONLY)
    assert made.seconds() == 1.500000005
    made.__exit__(None, None, None)
    assert made.seconds() is None
