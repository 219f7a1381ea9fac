"""Rules of files and directories: what is loaded, and what is refused and why."""

import os
import shlex
from collections.abc import Iterable, Iterator

import msgspec

from ..errors import PROGRAM, UsageError
from .files import SIDECARS, SUFFIXES, Document, documents, files_of, first_of
from .own import WHERE, own_rule
from .rule import MATCH, NO_MATCH, SHIPPED, Place, Refused, RefusedError, Rule
from .sigma import sigma_rule

MOST_RULES = 4096


class RuleSet(msgspec.Struct, frozen=True):
    """Rules that can be used, and those that can't. `paths` are as they were given."""

    rules: tuple[Rule, ...] = ()
    refused: tuple[Refused, ...] = ()
    paths: tuple[str, ...] = ()

    @property
    def notes(self) -> list[str]:
        """What is not as it should be."""
        found = []
        hint = f"{PROGRAM} rules check {shlex.join(self.paths)}"
        wrong = [each for each in self.refused if not each.source]
        if wrong:
            which = "1 rule is" if len(wrong) == 1 else f"{len(wrong)} rules are"
            more = ", ..." if len(wrong) > 1 else ""
            found.append(f"{which} refused: {wrong[0].place}: {wrong[0].reason}{more} ({hint})")
        left = sum(bool(each.source) for each in self.refused)
        if left:
            which = (
                "1 rule for another system or log is" if left == 1 else f"{left} rules for other systems or logs are"
            )
            found.append(f"{which} left out ({hint})")
        return found


def left_out(found: Iterable[Rule | Refused]) -> dict[str, tuple[int, Place]]:
    """How many rules are for each of the logs that we do not see, and where the first stands: the most first."""
    places: dict[str, list[Place]] = {}
    for each in found:
        if isinstance(each, Refused) and each.source:
            places.setdefault(each.source, []).append(each.place)
    ordered = sorted(places.items(), key=lambda item: (-len(item[1]), item[0]))
    return {source: (len(those), those[0]) for source, those in ordered}


def load(paths: str | Iterable[str], *, strict: bool = False) -> RuleSet:
    """The rules of files and directories; "shipped" are those that come with onlooker. `strict`: a rule that can't be
    used is an error, but where it is for another system or log.

    Raises UsageError where there is no such file, and where no rule can be used; ExtraError where PyYAML is missing, or
    pySigma for a rule of Sigma.

    >>> [rule.level for rule in load("shipped").rules if rule.id == "preload-written"]
    ['critical']
    """
    given = (paths,) if isinstance(paths, str) else tuple(os.fspath(path) for path in paths)
    found = list(found_in(given))
    rules = tuple(each for each in found if isinstance(each, Rule))
    refused = tuple(each for each in found if isinstance(each, Refused))
    if len(rules) > MOST_RULES:
        raise UsageError(f"{len(rules)} rules are too many", f"up to {MOST_RULES}")
    wrong = [each for each in refused if not each.source] if rules else refused
    if len(wrong) > 1 and all(each.source for each in wrong):
        logs = ", ".join(left_out(wrong))
        raise UsageError(f"none of {len(wrong)} rules is for what onlooker sees: {logs:.200}", f"--rules {SHIPPED}")
    if wrong and (strict or not rules):
        first = next((each for each in wrong if not each.source), wrong[0])
        hint = first.hint or f"{PROGRAM} rules check {shlex.join(given)}"
        raise UsageError(f"{first.place}: {first.reason}", hint)
    if not rules:
        raise UsageError(f"no rules are in {', '.join(map(repr, given))}", f"--rules {SHIPPED}")
    return RuleSet(rules, refused, given)


def found_in(paths: Iterable[str]) -> Iterator[Rule | Refused]:
    """Each rule of files and directories, or why there is none; a file that is named twice is read once. Raises
    UsageError and ExtraError.
    """
    seen: dict[str, Place] = {}
    files: dict[str, str] = {}  # by where they really are
    for path in paths:
        for file in files_of(path):
            files.setdefault(os.path.realpath(file), file)
    for each in (each for file in files.values() for each in _of_file(file)):
        if isinstance(each, Rule):
            if each.id in seen:
                twice = f"its id {each.id!r:.100} is that of {seen[each.id]}"
                yield Refused(each.place, each.title, twice, "an alert says by its id which rule it is of")
                continue
            seen[each.id] = each.place
        yield each


def _of_file(file: str) -> Iterator[Rule | Refused]:
    try:
        for number, each in enumerate(documents(file)):
            yield _of_document(file, number, each)
    except RefusedError as error:
        yield Refused(Place(file, error.line or 1), "", str(error), error.hint)


def _of_document(file: str, number: int, given: Document | tuple[Place, RefusedError]) -> Rule | Refused:
    title = ""
    place = given.place if isinstance(given, Document) else given[0]
    try:
        if not isinstance(given, Document):
            raise given[1]
        title = f"{given.data.get('title', '')!s:.100}"
        stem = os.path.splitext(os.path.basename(file))[0]  # noqa: PTH119, PTH122
        default_id = stem if number == 0 else f"{stem}-{number + 1}"
        made = (own_rule if WHERE in given.data else sigma_rule)(given, default_id)
        _check_examples(made.tests, "tests.", given)
        return made if made.tests is not None else msgspec.structs.replace(made, tests=_sidecar(file))
    except RefusedError as error:
        return Refused(Place(place.file, error.line or place.line), title, str(error), error.hint, error.source)


def _sidecar(file: str) -> object:
    """The examples of a rule that stand beside it, in NAME.tests.yml."""
    stem = file.removesuffix(next((suffix for suffix in SUFFIXES if file.endswith(suffix)), ""))
    for suffix in SIDECARS:
        if os.path.lexists(stem + suffix):
            try:
                found = first_of(stem + suffix)
                _check_examples(found.data, "", found)
            except RefusedError as error:
                line = f", line {error.line}" if error.line else ""
                raise RefusedError(f"its examples in {stem + suffix!r}{line}: {error}", error.hint) from None
            return found.data
    return None


def _check_examples(tests: object, where: str, document: Document) -> None:
    """A key that is no kind of examples would leave them out, and nobody would know. Raises RefusedError."""
    for key in tests if isinstance(tests, dict) else ():
        if key not in (MATCH, NO_MATCH):
            unknown = UsageError.unknown("key of tests", key, (MATCH, NO_MATCH))
            raise RefusedError(str(unknown), unknown.hint, document.lines.get(f"{where}{key}", 0))
