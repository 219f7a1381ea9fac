"""The page: its first part as HTML, for whoever reads it first; the rest as data for its program."""

import base64
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from html import escape as html
from importlib.resources import files
from string import Template

import msgspec

from .._version import __version__
from ..answers.inventory import OF_SECTION
from ..answers.tree import TIMES, ending
from ..answers.uses import MISSING, SECTIONS
from ..counted import counted
from ..errors import UnsupportedError
from ..recordings.process import ProcessRecord
from .clean import Clean
from .contents import Contents
from .failures import USUAL_ERRORS
from .spent import name_of
from .survey import Survey

MOST_ROWS = 8  # of the tables on the first screen
MOST_FAILED = 50  # processes there: whoever looks for what failed wants all of them
_ALL = "Complete: nothing is missing in this recording"
_MARKS = {"complete": "✔", "narrowed": "!", "incomplete": "✖"}
_NARROW = "\u202f"
_POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'"
)


class Facts(msgspec.Struct, kw_only=True):
    """What a recording says of itself, as it is: the page makes it clean. `title`: "" for the command; `notes`: why it
    has only a part of what happened; `absent`: kinds of events that were not recorded; `redacted`: how secrets were
    taken out, in words; `exit_code`: the command's.
    """

    title: str
    verdict: str
    complete: bool
    notes: Sequence[str] = ()
    absent: Sequence[str] = ()
    command: Sequence[str] | None = None
    directory: str | None = None
    host: str = ""
    kernel: str = ""
    machine: str = ""
    start: str = ""
    exit_code: int | None = None
    redacted: str = ""


def html_page(survey: Survey, contents: Contents, facts: Facts) -> bytes:
    """HTML, in UTF-8. Raises UnsupportedError where the build did not make what it needs."""
    script, style, licenses = (_built(f"report.{name}") for name in ("js", "css", "licenses.txt"))
    policy = _POLICY.format(script=_hash(script), style=_hash(style))
    state = _state(facts)
    totals = survey.files.totals()
    title = html(_title(facts, contents.clean))
    parts = {
        "state": state,
        "policy": html(policy),
        "version": html(__version__),
        "page_title": ("INCOMPLETE: " if state == "incomplete" else "") + title,
        "title": title,
        "style": style,
        "outcome": _outcome(facts),
        "facts": "".join(_facts(facts, contents)),
        "mark": _MARKS[state],
        "verdict": html(_verdict(facts)),
        "notes": "".join(f"<p>{html(contents.clean.text(note))}</p>" for note in facts.notes),
        "top_programs": "".join(_top_programs(contents)),
        "top_failed": "".join(_top_failed(survey, contents)),
        "activity_label": html(f"{counted(survey.events, 'event')}, as bars over time"),
        "activity_said": html(_by_kind(survey)),
        "counts": "".join(_counts(totals, contents, facts.absent)),
        "special": html(_special(survey)),
        "tabs": "".join(_tabs(totals, facts.absent)),
        "panels": "".join(_panels()),
        "missing_said": html(_missing_said(totals[MISSING])),
        "folded": "".join(f"<p>{html(line)}</p>" for line in contents.folded),
        "redacted": html(facts.redacted),
        "licenses": html(licenses),
        "data": _packed(contents),
        "script": script,
    }
    return Template(files(__package__).joinpath("page.html").read_text("utf-8")).substitute(parts).encode()


def _built(name: str) -> str:
    try:
        text = files(__package__).joinpath(name).read_text("utf-8")
    except FileNotFoundError as error:
        missing = UnsupportedError(f"this installation has no {name}, which the build makes")
        missing.hint = "pip install --force-reinstall onlooker"
        raise missing from error
    assert "</script" not in text and "</style" not in text and "<!--" not in text, name
    return text


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _packed(contents: Contents) -> str:
    return base64.b64encode(zlib.compress(msgspec.json.encode(contents.data))).decode()


def number(count: int) -> str:
    """With narrow spaces between the thousands."""
    return f"{count:,}".replace(",", _NARROW)


def time(nanoseconds: int) -> str:
    """For people.

    >>> [time(each) for each in (5_000, 1_234_000, 12_345_000_000, 3_723_000_000_000)]
    ['5 µs', '1.23 ms', '12.3 s', '62 min 3 s']
    """
    if nanoseconds < 1_000_000:
        return f"{nanoseconds // 1000} µs"
    if nanoseconds < 1_000_000_000:
        return f"{_three(nanoseconds / 1e6)} ms"
    if nanoseconds < 120_000_000_000:
        return f"{_three(nanoseconds / 1e9)} s"
    minutes, rest = divmod(round(nanoseconds / 1e9), 60)
    return f"{minutes} min {rest} s" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def _three(value: float) -> str:
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"


def _title(facts: Facts, clean: Clean) -> str:
    if facts.title:
        return clean.text(facts.title)
    return clean.command(facts.command) if facts.command else "A recording"


def _state(facts: Facts) -> str:
    if not facts.complete:
        return "incomplete"
    return "narrowed" if facts.notes or facts.verdict != "complete" else "complete"


def _verdict(facts: Facts) -> str:
    said = facts.verdict
    if said == "complete":
        said = "Nothing was lost, but this is only a part of what happened" if facts.notes else _ALL
    return f"{said[:1].upper()}{said[1:]}."


def _outcome(facts: Facts) -> str:
    if facts.exit_code is None:
        return ""
    kind = "bad" if facts.exit_code else "good"
    return f'<p class="outcome {kind}">the command ended with exit {facts.exit_code}</p>'


def _facts(facts: Facts, contents: Contents) -> Iterator[str]:
    clean = contents.clean
    shown = {
        "command": clean.command(facts.command) if facts.command and facts.title else "",
        "in": clean.text(facts.directory or ""),
        "host": clean.text(facts.host),
        "kernel": clean.text(" ".join(filter(None, (facts.kernel, facts.machine)))),
        "began": clean.text(facts.start),
        "took": time(contents.span_ns),
    }
    for name, value in shown.items():
        if value:
            yield f"<div><dt>{name}</dt><dd>{html(value)}</dd></div>"


def _top_programs(contents: Contents) -> Iterator[str]:
    if not contents.programs:
        yield '<p class="hint">No process was recorded.</p>'
        return
    most = max(1, contents.programs[0].own)
    yield "<table><thead><tr><th>Program</th><th>Runs</th><th>Own time</th><th>CPU</th></tr></thead><tbody>"
    for each in contents.programs[:MOST_ROWS]:
        name = html(contents.clean.text(each.name))
        bar = f'<meter min="0" max="{most}" value="{each.own}" aria-hidden="true"></meter>'
        cpu = "?" if each.cpu is None else time(each.cpu)
        yield (
            f'<tr><th scope="row"><span title="{name}">{name}</span>{bar}</th>'
            f"<td>{number(each.runs)}</td><td>{time(each.own)}</td><td>{cpu}</td></tr>"
        )
    yield "</tbody></table>"
    if (more := len(contents.programs) - MOST_ROWS) > 0:
        yield f'<p><a href="#programs">{counted(more, "more program")}</a></p>'


def _top_failed(survey: Survey, contents: Contents) -> Iterator[str]:
    unknown = counted(contents.unknown_ends, "process", "processes") if contents.unknown_ends else ""
    if not contents.failed and not survey.failures.total:
        if unknown:
            yield f'<p class="hint">No failure was seen, but ends of {unknown} are not known.</p>'
        else:
            yield '<p class="fine">Nothing failed.</p>'
        return
    calls = max(MOST_ROWS // 2, MOST_ROWS - len(contents.failed))
    yield "<table><tbody>"
    for each in contents.failed[:MOST_FAILED]:
        said = _said(each, contents.clean)
        yield (
            f'<tr class="bad"><td>{html(ending(each))}</td>'
            f'<td class="cut" title="{html(said[:400])}">{html(said[:200])}</td></tr>'
        )
    for failure in sorted(contents.failures, key=lambda each: each.error in USUAL_ERRORS)[:calls]:
        times = f" {TIMES}{number(failure.count)}" if failure.count > 1 else ""
        what = html(f"{failure.how} {contents.clean.text(failure.path)}")
        by = html(", ".join(map(contents.clean.text, failure.comms)))
        kind = ' class="usual"' if failure.error in USUAL_ERRORS else ""
        error = f"{html(failure.error)}{times}"
        yield f'<tr{kind}><td>{error}</td><td class="cut" title="{what}, by {by}">{what}</td></tr>'
    yield "</tbody></table>"
    yield (
        f'<p><a href="#processes-head">{counted(len(contents.failed), "process", "processes")}</a> and '
        f'<a href="#failures-head">{counted(survey.failures.total, "call")}</a> failed'
        f"{f'; ends of {unknown} are not known' if unknown else ''}</p>"
    )


def _said(process: ProcessRecord, clean: Clean) -> str:
    """What it executed last; of one that executed nothing, its program's name."""
    if process.execs and process.execs[-1].argv:
        return clean.command(process.execs[-1].argv)
    return clean.text(name_of(process))


def _by_kind(survey: Survey) -> str:
    kinds = sorted(survey.summary.shown.items(), key=lambda each: -each[1])
    said = ", ".join(f"{number(count)} {name}" for name, count in kinds[:4])
    return f"{number(survey.events)} events: {said}{', …' if len(kinds) > 4 else ''}" if kinds else "no events"


def _counts(totals: dict[str, tuple[int, int]], contents: Contents, absent: Sequence[str]) -> Iterator[str]:
    yield f'<div><dt>processes</dt><dd><a href="#processes-head">{number(contents.processes)}</a></dd></div>'
    for section, (count, _) in totals.items():
        said = _count(section, count, absent)
        yield f'<div><dt>{section}</dt><dd><a href="#files-head">{said}</a></dd></div>'


def _count(section: str, count: int, absent: Sequence[str]) -> str:
    """How many files: there may be more of what was not recorded."""
    needs = OF_SECTION[section]
    missing = [each for each in needs if each in absent]
    if len(missing) == len(needs):
        return "not recorded"
    return f"at least {number(count)}" if missing else number(count)


def _special(survey: Survey) -> str:
    """Why `onlooker files` counts fewer."""
    counts = [f"{number(count)} {section}" for section, count in survey.files.special().items() if count]
    said = f"In /proc, /sys and /dev, which onlooker files leaves out without --all: {', '.join(counts)}."
    return said if counts else ""


def _tabs(totals: dict[str, tuple[int, int]], absent: Sequence[str]) -> Iterator[str]:
    for place, section in enumerate(SECTIONS):
        chosen, tab = ("true", "0") if place == 0 else ("false", "-1")
        said = _count(section, totals[section][0], absent)
        yield (
            f'<button type="button" role="tab" id="tab-{section}" aria-controls="files-{section}" '
            f'aria-selected="{chosen}" tabindex="{tab}">{section} <small>{said}</small></button>'
        )


def _panels() -> Iterator[str]:
    for place, section in enumerate(SECTIONS):
        hidden = " hidden" if place else ""
        yield (
            f'<div class="table" role="tabpanel" id="files-{section}" aria-labelledby="tab-{section}"{hidden}></div>\n'
        )


def _missing_said(missing: tuple[int, int]) -> str:
    count, times = missing
    if not count:
        return ""
    files = f"{number(count)} file{'' if count == 1 else 's'}"
    return f"Without what was not there: {files}, {number(times)} time{'' if times == 1 else 's'}; see Files, missing."
