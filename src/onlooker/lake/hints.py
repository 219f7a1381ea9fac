"""What to do when a lake can't be used: for each kind of lake, and by what its server has said."""

import re

_LONGEST = 200
_KEYS = re.compile(
    r"AccessKey|Signature|AccessDenied|ACCESS_DENIED|InvalidToken|Forbidden|\b40[13]\b|credential", re.IGNORECASE
)
_LOGIN = re.compile(r"invalid_client|NotAuthorized|Unauthorized|Forbidden|\b40[13]\b|OAuth|bearer", re.IGNORECASE)
_WAREHOUSE = re.compile(r"NoSuchNamespace|NoSuchWarehouse|warehouse|bucket", re.IGNORECASE)
_OF_S3 = re.compile(r"AWS Error|s3://|in bucket|\bS3\b")
UNTRUSTED = "the server's certificate is not trusted"
NO_TLS = "the server does not speak TLS"
ICEBERG_EXAMPLE = "iceberg+http://localhost:8181/security.onlooker?warehouse=s3://tables&login=FILE"
_S3_EXAMPLE = "s3://BUCKET/PREFIX"
_FILE_OF_KEYS = "credentials=FILE, which holds [default], aws_access_key_id = ID and aws_secret_access_key = KEY"

# libraries tell the cause at the end of a chain of errors, as Rust or Python prints it
_CAUSES = (
    (
        re.compile(r"InvalidCertificate\(\s*(\w+)|CERTIFICATE_VERIFY_FAILED\] certificate verify failed: ([^(]+)"),
        UNTRUSTED,
    ),
    (re.compile(r"InvalidMessage\(|WRONG_VERSION_NUMBER|record layer failure"), NO_TLS),
    (re.compile(r'Os \{\s*code: \d+,\s*kind: \w+,\s*message: "([^"]+)"'), ""),
    (re.compile(r'error: "([^"]+)"'), ""),
    (re.compile(r"\[SSL: [A-Z_]+\] ([^(\n]+)"), ""),
    (re.compile(r"\[Errno -?\d+\] ([^'\")\n]+)"), ""),
)


_UNANSWERED = re.compile(
    r"kind: (?:Timeout|TimedOut)\b|source: TimedOut\b|Read timed out|\(connect timeout=|curlCode: 28\b"
)
_SECONDS = re.compile(r"elapsed: ([0-9]+)(?:\.[0-9]+)?s\b|timeout=([0-9]+)|the last ([0-9]+) seconds")


def unanswered(text: str) -> str:
    """Of an error that says that a server let us wait, how long; "" of others.

    >>> unanswered("Read timed out. (read timeout=30)")
    'the server did not answer for 30 s'
    """
    if not _UNANSWERED.search(text):
        return ""
    if "kind: Body" in text:
        return "the server stopped in the middle of its answer"
    found = _SECONDS.search(text)
    return f"the server did not answer{f' for {next(filter(None, found.groups()))} s' if found else ' in time'}"


def reason(error: BaseException) -> str:
    """In one line what the server says, or where it is not reached, the system."""
    text = str(error)
    said = [found[1] for name in ("Code", "Message") if (found := re.search(f"<{name}>([^<]*)</{name}>", text))]
    if said:
        return ": ".join(said)[:_LONGEST]
    if waited := unanswered(text):
        return waited
    if "error sending request" in text or "Caused by" in text:
        for pattern, words in _CAUSES:
            if found := pattern.search(text):
                more = next((each.strip() for each in found.groups() if each), "")
                return ": ".join(filter(None, (words, more)))[:_LONGEST]
    first = next((line for line in text.splitlines() if line), type(error).__name__)
    return first.rpartition(" - ")[2][:_LONGEST]


def hint_for(root: str, said: str) -> str:
    """What to type. `root`: of the lake, as its reader or store calls it."""
    if root.startswith("s3://"):
        return s3_hint(root, said)
    if root.startswith(("http://", "https://")):
        return iceberg_hint(said)
    return directory_hint(root)


def directory_hint(root: str) -> str:
    """Of a directory."""
    return f"see that the disk has room, and that you may read and write there: ls -ld {_shown(root)}"


def s3_hint(root: str, said: str) -> str:
    """Of a bucket."""
    bucket = root.removeprefix("s3://").partition("/")[0]
    if "NoSuchBucket" in said:
        return f"make the bucket: aws s3 mb s3://{bucket}"
    if UNTRUSTED in said:
        return "SSL_CERT_FILE=FILE, which has the certificate of its authority"
    if NO_TLS in said:
        return f"{_S3_EXAMPLE}?endpoint=http://HOST:PORT, without the s of https"
    if _KEYS.search(said):
        return f"{_S3_EXAMPLE}?{_FILE_OF_KEYS}"
    return f"say where S3 is: {_S3_EXAMPLE}?endpoint=http://HOST:PORT&region=NAME, or AWS_ENDPOINT_URL and AWS_REGION"


def iceberg_hint(said: str) -> str:
    """Of a table, by its catalogue, whose files are in S3."""
    if UNTRUSTED in said:
        return "REQUESTS_CA_BUNDLE=FILE, which has the certificate of its authority"
    if NO_TLS in said:
        return "iceberg+http://HOST:PORT/NAMESPACE.TABLE, without the s of iceberg+https"
    if _WAREHOUSE.search(said) and "AWS Error" not in said:
        return f"warehouse=NAME says which of the catalogue: {ICEBERG_EXAMPLE}"
    if _OF_S3.search(said):
        return f"say where its files are: iceberg+http://...&endpoint=http://HOST:PORT&{_FILE_OF_KEYS}"
    if _LOGIN.search(said):
        return "login=FILE, which holds ID:SECRET, or token=FILE; oauth=URL says where tokens are given"
    return f"a REST catalogue of Iceberg must listen there: {ICEBERG_EXAMPLE}"


def _shown(path: str) -> str:
    from shlex import quote

    return quote(path)
