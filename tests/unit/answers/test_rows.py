"""Rows as JSON."""

import base64

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json

from onlooker.answers.rows import json_line

TEXT = st.binary(max_size=20).map(lambda data: data.decode("utf-8", "surrogateescape"))


@settings(deadline=None)
@given(TEXT, st.lists(TEXT, max_size=4))
def test_no_byte_is_lost(text, items):
    made = json.decode(json_line({"file": text, "argv": items, "errno": None}))
    line = json_line({"file": text, "argv": items})
    assert line.count(b"\n") == 1
    exact = base64.b64decode(made["file_bytes"]) if "file_bytes" in made else made["file"].encode()
    assert exact == text.encode("utf-8", "surrogateescape")
    words = [*map(base64.b64decode, made["argv_bytes"])] if "argv_bytes" in made else [*map(str.encode, made["argv"])]
    assert words == [item.encode("utf-8", "surrogateescape") for item in items]
    assert "errno" not in made
