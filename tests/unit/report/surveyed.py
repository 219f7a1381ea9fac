"""A report of events that were made by hand."""

import base64
import re
import zlib

from msgspec import json

from onlooker.recordings.redact import Redactor
from onlooker.report import Clean, Facts, Survey, contents_of, html_page

from ..recordings.lives import batches, event


def survey(*events):
    made = Survey()
    for batch in batches(*events):
        made.take(batch)
    return made


def report(*events, redacts=True, **how):
    clean = Clean(Redactor().text if redacts else None)
    return contents_of(survey(*events), clean, **{"is_command": True, **how})


def written(*events, redacts=True, **facts):
    """The page, and what its program reads."""
    learnt = survey(*events)
    clean = Clean(Redactor().text if redacts else None)
    said = Facts(**{"title": "", "verdict": "complete", "complete": True, **facts})
    html = html_page(learnt, contents_of(learnt, clean, is_command=True), said).decode()
    return html, data_of(html)


def data_of(html):
    [packed] = re.findall(r'<script type="application/octet-stream" id="data">([^<]*)</script>', html)
    return json.decode(zlib.decompress(base64.b64decode(packed)))


def opened(second, path, *flags, pid=100, start=10, **fields):
    fields = {"comm": "sh", **fields}
    name = "joined_path" if "errno" in fields else "real_path"
    return event("open", second, pid, start, path=path, flags=flags or ("O_RDONLY",), **{name: path}, **fields)
