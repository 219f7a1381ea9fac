"""`onlooker rules`: whether rules can be used, find what they must, and what they cost."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from ..counted import counted
from ..errors import PROGRAM, UsageError
from ..escaping import escape
from .log import show
from .messages import add_messages, log_of
from .opened import opened, tell_of
from .parser import one_of

if TYPE_CHECKING:
    from ..answers.page import Page
    from ..filters.expression import Expression
    from ..rules.rule import Refused, Rule

ACTIONS = {
    "check": "say of each rule whether it can be used, and why not",
    "test": "try each rule on its own examples",
    "explain": "say what each rule asks, what of it the kernel decides, and what it costs",
    "list": "list the rules",
}
_INDENTED = 78  # columns of what is indented by two
_DEAREST = 3
EPILOG = """\
what to do:
  check      say of each rule whether it can be used, and why not
  test       try each rule on its own examples
  explain    say what each asks, what the kernel decides, and the cost
  list       list the rules

examples:
  onlooker rules check /etc/onlooker/rules
  onlooker rules test /etc/onlooker/rules --baseline day.onlook
  onlooker rules explain shipped
  onlooker rules list shipped

Exit code 0, or 1 if a rule can't be used, or fails, or an example of it is wrong.
Rules for other systems and logs count only if there are no others.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; values are checked in `run`."""
    parser.epilog = EPILOG
    parser.add_argument("action", metavar="ACTION", help=", ".join(ACTIONS))
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        help="files and directories of rules; shipped: those that come with onlooker",
    )
    parser.add_argument_group("test").add_argument(
        "--baseline", metavar="FILE", action="append", help="a recording in which no rule may find anything; repeatable"
    )
    add_messages(parser.add_argument_group("messages"), "errors")


def run(arguments: argparse.Namespace) -> int:
    """Do it. Raises OnlookerError."""
    action = one_of("action", arguments.action, tuple(ACTIONS))
    if not arguments.paths:
        raise UsageError("no rules are named", f"{PROGRAM} rules {action} shipped")
    if arguments.baseline and action != "test":
        raise UsageError("--baseline is for rules test", f"{PROGRAM} rules test {arguments.paths[0]} --baseline FILE")
    from ..rules.loading import found_in
    from ..rules.rule import Rule

    found = list(found_in(arguments.paths))
    rules = [each for each in found if isinstance(each, Rule)]
    refused = [each for each in found if not isinstance(each, Rule)]
    if action == "check":
        return _check(found)
    for each in refused:
        if not each.source:
            log_of(arguments)("warning", f"refused: {each.place}: {each.reason}")
    for line in _left_out(found):
        log_of(arguments)("warning", line)
    is_bad = not rules or any(not each.source for each in refused)
    if action == "explain":
        _say(_wrapped(_explained(rules)))
    elif action == "list":
        _say(_listed(rules))
    else:
        return _test(rules, arguments) or int(is_bad)
    return int(is_bad)


def _say(lines: Iterator[str]) -> None:
    for line in lines:
        show(f"{line}\n")


def _check(found: Sequence["Rule | Refused"]) -> int:
    from ..filters.check import doubts
    from ..rules.loading import left_out
    from ..rules.rule import Rule
    from ..rules.trying import mistakes

    refused = wrong = 0
    for each in found:
        if isinstance(each, Rule):
            mistaken = list(mistakes(each))
            wrong += len(mistaken)
            for mistake in mistaken:
                show(f"{escape(str(each.place))}: wrong example: {escape(each.id)}: {escape(mistake)}\n")
            if not mistaken:
                show(f"{escape(str(each.place))}: ok: {escape(each.id)}: {escape(each.title)}\n")
            for doubt in doubts(each.expression):
                show(f"{escape(str(each.place))}: doubt: {doubt}\n")  # safe: it is an expression's text
        elif not each.source:
            refused += 1
            title = f" ({escape(each.title)})" if each.title else ""
            hint = f"; hint: {escape(each.hint)}" if each.hint else ""
            show(f"{escape(str(each.place))}: refused{title}: {escape(each.reason)}{hint}\n")
    _say(_left_out(found))
    left = sum(count for count, _ in left_out(found).values())
    usable = len(found) - refused - left
    more = f", {left} left out" if left else ""
    if wrong:
        more += f"; {counted(wrong, 'example')} {'is' if wrong == 1 else 'are'} wrong"
    show(f"{counted(usable, 'rule')} can be used, {refused} can't{more}\n")
    return int(refused > 0 or wrong > 0 or not usable)


def _left_out(found: Sequence["Rule | Refused"]) -> Iterator[str]:
    """A line for each log that we do not see, however many rules are for it."""
    from ..rules.loading import left_out

    for source, (count, place) in left_out(found).items():
        which = "1 rule is for" if count == 1 else f"{count} rules are for"
        where = f"{escape(str(place))}{', ...' if count > 1 else ''}"
        yield f"left out: {which} {escape(source)}, which onlooker does not see ({where})"


def _test(rules: Sequence["Rule"], arguments: argparse.Namespace) -> int:
    from ..rules.trying import try_rule

    failed = untested = 0
    for rule in rules:
        tried = try_rule(rule)
        head = f"{escape(str(rule.place))}: {escape(rule.id)}"
        for wrong in tried.failed:
            show(f"{head}: FAILED: {escape(wrong)}\n")
        failed += bool(tried.failed)
        if not tried.failed and not tried.match + tried.no_match:
            untested += 1
            show(f"{head}: no examples\n")
        elif not tried.failed:
            show(f"{head}: ok: {tried.match} found, {tried.no_match} not\n")
    show(
        f"{counted(len(rules), 'rule')}: {len(rules) - failed - untested} passed, {failed} failed, "
        f"{untested} without examples\n"
    )
    noisy = sum(_baseline(rules, path, arguments) for path in arguments.baseline or ())
    return int(failed > 0 or noisy > 0)


def _baseline(rules: Sequence["Rule"], path: str, arguments: argparse.Namespace) -> int:
    """How many alerts there are in a recording, each rule's with an example."""
    from ..rules.trying import alerts_in

    recording = opened(path)
    tell_of(recording, log_of(arguments))
    counts: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for alert in alerts_in(rules, recording.batches()):
        counts[alert.rule] += 1
        examples.setdefault(alert.rule, str(alert))
    for rule, count in counts.most_common():
        show(f"{escape(path)}: FAILED: {escape(rule)}: {counted(count, 'alert')}: {examples[rule]}\n")
    show(f"{escape(path)}: {counted(sum(counts.values()), 'alert')}\n")
    return sum(counts.values())


def _explained(rules: Sequence["Rule"]) -> Iterator[str]:
    from ..filters.explain import explain
    from ..rules.cost import nanoseconds

    costs = []
    for rule in rules:
        yield f"{escape(rule.id)} ({rule.level}): {escape(rule.title)}"
        yield f"  {escape(str(rule.place))}"
        for line in "\n".join(explain(rule.expression, rule.events, _INDENTED)).splitlines():
            yield f"  {line}".rstrip()
        costs.append(nanoseconds([rule]))
        yield f"  costs {costs[-1]:.0f} ns for an event"
        yield ""
    if rules:
        yield from _together(rules, costs)


def _together(rules: Sequence["Rule"], costs: Sequence[float]) -> Iterator[str]:
    """What all of them cost, and what makes that much."""
    from ..rules.asked import disjunction
    from ..rules.cost import nanoseconds
    from ..rules.detector import kin_of

    yield f"{counted(len(rules), 'rule')} together"
    every = tuple(dict.fromkeys(event for rule in rules for event in rule.events))
    for line in _passing(disjunction(rules), every):
        yield f"  {line}".rstrip()
    yield f"  cost {nanoseconds(rules):.0f} ns for an event"
    asking = sum(bool(kin_of([rule.expression])) for rule in rules)
    if asking:
        which = "1 rule asks" if asking == 1 else f"{asking} rules ask"
        yield f"  {which} for parents, or which program it was: that costs more at each"
        yield "  start and end of a process, and as much for one such rule as for all"
    dearest = sorted(zip(costs, rules, strict=True), key=lambda each: -each[0])[:_DEAREST]
    if len(rules) > _DEAREST:
        yield "  by themselves these cost most"
        for cost, rule in dearest:
            yield f"    {cost:6.0f} ns  {escape(str(rule.place))}"


def _passing(expression: "Expression", events: tuple[str, ...]) -> Iterator[str]:
    """What the kernel lets through for all of them."""
    from ..filters.explain import explain

    is_passing = False
    for line in "\n".join(explain(expression, events, _INDENTED)).splitlines():
        is_passing |= line == "the kernel lets through"
        if is_passing:
            yield line


def _listed(rules: Sequence["Rule"]) -> Iterator[str]:
    """The events where all fits: `explain` tells them, too, and the title says most."""
    head = ("LEVEL", "RULE", "EVENTS", "TITLE")
    rows = [(rule.level, escape(rule.id), ", ".join(rule.events), escape(rule.title)) for rule in rules]
    page = _page()
    table: list[tuple[str, ...]] = [head, *rows]
    if page.width and any(len(line) > page.width for line in type(page)().columns(head, rows)):
        table = [(level, rule, title) for level, rule, _, title in (head, *rows)]
    yield from page.columns(table[0], table[1:], share=2)


def _page() -> "Page":
    from ..answers.page import Page

    return Page.of(sys.stdout.fileno()) if sys.stdout else Page()


def _wrapped(lines: Iterator[str]) -> Iterator[str]:
    """Lines of safe text, none wider than the terminal; what follows is indented by two more."""
    width = _page().width
    for line in lines:
        indent = line[: len(line) - len(line.lstrip())]
        yield from wrap(line, width, subsequent_indent=f"{indent}  ", break_on_hyphens=False) if width else (line,)
        if width and not line:
            yield line
