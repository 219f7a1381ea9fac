"""What the native part does, as one reads it: slow, and plain."""

import base64
import json
import os
import re

import msgspec

_NAMED = {"\n": r"\n", "\t": r"\t", "\r": r"\r", "\\": r"\\"}
_PLAIN_WORD = re.compile(r"[A-Za-z0-9@%+:,./_-][A-Za-z0-9@%+=:,./_-]*").fullmatch  # zsh expands one that begins with =
# what is plain as an argument and not as a command: NAME=value, and the reserved words of bash and zsh
_NO_COMMAND = re.compile(
    r".*=.*|case|coproc|do|done|elif|else|end|esac|fi|for|foreach|function|if|in|nocorrect|repeat|select|then|time"
    r"|until|while"
).fullmatch


def _escaped(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    if character.isprintable():
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as os.fsdecode keeps it
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def escape(text: str) -> str:
    r"""For names and paths."""
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(map(_escaped, text))


def escape_path(path: str) -> str:
    """Also where nothing was passed, which has to be seen."""
    return escape(path) or '""'


def _in_dollar_quotes(character: str) -> str:
    r"""Bytes only: a shell understands `\uNNNN` by its locale, and not at all in that of POSIX."""
    if character == "'":
        return r"\'"
    if character == "!":  # an interactive shell might take it for its history, after a quote
        return r"\x21"
    if character in _NAMED or character.isprintable():
        return _escaped(character)
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def quote(argument: str) -> str:
    r"""One argument as a word of a shell command; with $'...' (bash, ksh, zsh) where it is not printable."""
    if _PLAIN_WORD(argument):
        return argument
    if argument.isprintable():
        return "'" + argument.replace("'", "'\"'\"'") + "'"
    return "$'" + "".join(map(_in_dollar_quotes, argument)) + "'"


def command_line(argv: tuple[str, ...]) -> str:
    """The arguments as one shell command: the first of them is what is run, whatever it looks like."""
    words = [*map(quote, argv)]
    if argv and words[0] == argv[0] and _NO_COMMAND(argv[0]):
        words[0] = f"'{argv[0]}'"
    return " ".join(words)


def harmless_json(lines: bytes) -> bytes:
    """JSON with an escape for each character that is not printable, but those of ASCII below DEL."""
    return "".join(
        character if character < "\x7f" or character.isprintable() else json.dumps(character)[1:-1]
        for character in lines.decode()
    ).encode()


def _json_text(text: str) -> str:
    said = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return harmless_json(json.dumps(said, ensure_ascii=False).encode()).decode().replace("\x7f", "\\u007f")


def _json_value(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{','.join(map(_json_value, value))}]"
    return _json_text(value) if isinstance(value, str) else json.dumps(value)


def _base64(text: str) -> str:
    return f'"{base64.b64encode(os.fsencode(text)).decode()}"'


def _is_utf8(text: object) -> bool:
    try:
        return not isinstance(text, str) or bool(text.encode()) or True
    except UnicodeEncodeError:
        return False


def json_line(event: msgspec.Struct) -> bytes:
    """The line of an event, by its fields: what is not a default, and bytes beside what is not UTF-8."""
    names = event.__struct_fields__
    defaults = dict(zip(reversed(names), reversed(event.__struct_defaults__), strict=False))
    found = [f'"event":"{event.__struct_config__.tag}"']
    for name in names:
        value = getattr(event, name)
        if name in defaults and value == defaults[name]:
            continue
        found.append(f'"{name}":{_json_value(value)}')
        if isinstance(value, tuple) and not all(map(_is_utf8, value)):
            found.append(f'"{name}_bytes":[{",".join(map(_base64, value))}]')
        elif not isinstance(value, tuple) and not _is_utf8(value):
            found.append(f'"{name}_bytes":{_base64(value)}')
    return f"{{{','.join(found)}}}\n".encode()
