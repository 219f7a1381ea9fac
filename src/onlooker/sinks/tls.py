"""TLS as a target asks for it: certificates and keys from files."""

import ssl

from ..errors import UsageError
from .target import Target


def context_of(target: Target) -> ssl.SSLContext:
    """Raises UsageError for files that are no certificates or keys."""
    try:
        made = ssl.create_default_context(cafile=target.ca)
        if target.cert is not None:
            made.load_cert_chain(target.cert, target.key)
    except (OSError, ssl.SSLError, ValueError) as error:
        files = ", ".join(f"{name} {path!r}" for name, path in target.files.items())
        raise UsageError(f"{target}: can't use {files}: {error}", "openssl x509 -in FILE -noout -text") from error
    return made
