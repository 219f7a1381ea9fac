"""Certificates of a test's own, made by openssl(1)."""

import subprocess
from pathlib import Path

EXTENSIONS = "[v]\nbasicConstraints=CA:FALSE\nsubjectAltName={names}\n"


class Authority:
    """Signs certificates, below a directory. `certificate` is its own."""

    def __init__(self, directory: Path, name: str = "ca") -> None:
        self._directory = directory
        self.certificate = directory / f"{name}.pem"
        self._key = directory / f"{name}.key"
        openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", f"/CN=test {name}", "-keyout", self._key, "-out", self.certificate,
        )  # fmt: skip

    def sign(self, name: str, names: str = "IP:127.0.0.1,DNS:localhost", days: int = 1) -> tuple[Path, Path]:
        """A certificate and its key; for 0 or fewer days it has expired."""
        certificate, key, request, config = (self._directory / f"{name}.{end}" for end in ("pem", "key", "csr", "cnf"))
        config.write_text(EXTENSIONS.format(names=names))
        openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", key, "-out", request,
        )  # fmt: skip
        openssl(
            "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial",
            "-days", days, "-extfile", config, "-extensions", "v", "-out", certificate,
        )  # fmt: skip
        return certificate, key


def openssl(*words: object) -> None:
    """Run it; quietly, unless it fails."""
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
