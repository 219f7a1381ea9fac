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


def test_the_administrator_may_have_asked_for_it(tmp_path, monkeypatch):
    """Then nobody needs the right to ask."""
    (tmp_path / "1").write_text("prog_type:\t26\nrun_time_ns:\t5\n")
    enabled = tmp_path.with_name("bpf_stats_enabled")
    monkeypatch.setattr("onlooker.probe.run_time.ENABLED", enabled)
    monkeypatch.setattr("onlooker.probe._libbpf.enable_stats", lambda: (_ for _ in ()).throw(PermissionError()))
    for text, seconds in (("0\n", None), ("1\n", 5e-9)):
        enabled.write_text(text)
        with RunTime(tmp_path) as made:
            assert (made.measures, made.seconds()) == (seconds is not None, seconds)
