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


def reason_of(error: BaseException | None) -> str:
    """In words, on one line: what is wrong with a certificate, or why a connection failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(error, ssl.SSLError):
        return f"TLS fails: {(error.reason or str(error)).replace('_', ' ').lower()}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{error}".partition("\n")[0][:200] or type(error).__name__
