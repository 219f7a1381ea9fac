"""Choosing, for each hook, the first candidate that this kernel takes, and loading the probe with it."""

import mmap
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..errors import AttachError, KernelTooOldError, LoadError, ResourceError, UnsupportedError
from . import kernel
from .attach import (
    METHODS,
    NEWER_TRACEPOINTS,
    NOT_SEEN,
    OPTIONAL,
    SECCOMP,
    TRACEPOINTS,
    Candidate,
    Hook,
    is_call_exit,
    is_call_return,
    is_exit_of_function,
    is_sys_exit,
    is_tracepoint,
)
from .source import Attachment
from .tracefs import tracepoint_ids

if TYPE_CHECKING:
    from ._libbpf import Probe
    from .setup import Setup


SPARE_BYTES = 16 << 20  # some of what libbpf needs to read the kernel's type information
SPARE_DESCRIPTORS = 4  # libbpf's tests have two or three open at once
ENOTSUPP = 524  # include/linux/errno.h: the kernel's error for a program type that can't be run once


class Chooser:
    """Goes through the candidates; `refused` has for each refused program the kernel's reason."""

    def __init__(self, hooks: Sequence[Hook], method: str | None = None) -> None:
        self.hooks = hooks
        self.method = method
        self.refused: dict[str, str] = {}
        self._no_functions = ""
        self._points: dict[str, int] | None = None
        self._no_tracefs = ""

    def _tracepoints(self) -> dict[str, int]:
        if self._points is None:
            try:
                self._points, _ = tracepoint_ids(TRACEPOINTS)
            except OSError as error:
                self._points, self._no_tracefs = {}, f"tracefs can't be used: {error.strerror}"
        return self._points

    def _programs(self, candidate: Candidate) -> dict[str, tuple[str, ...]]:
        """Those that this kernel needs, each with the places that it has."""
        name = min(candidate.compat, default="").removeprefix("on")
        skip = () if not name or kernel.btf_has(name) else candidate.compat
        return {
            program: tuple(at for at in places if at not in skip and not (at in OPTIONAL and not kernel.btf_has(at)))
            for program, places in candidate.programs.items()
            if program not in skip
        }

    def _obstacle(self, candidate: Candidate) -> str:
        """Why the candidate can't be used, or ""."""
        for feature in candidate.needs:
            if lack := kernel.lacks(feature):
                return lack
        if not self._is_forced(candidate) and _is_flawed(candidate):
            return candidate.flaw
        if self._no_functions and any(is_exit_of_function(program) for program in self._programs(candidate)):
            return self._no_functions
        for program, places in self._programs(candidate).items():
            if program in self.refused:
                return self.refused[program]
            for place in places:
                if obstacle := self._missing(place):
                    return obstacle
        return ""

    def _missing(self, place: str) -> str:
        """Why there is no such tracepoint or function, or ""."""
        if not is_tracepoint(place):
            return "" if kernel.btf_has(place) else f"this kernel has no {place}"
        if place in self._tracepoints() or self._is_newer(place):
            return ""
        return f"{place}: {self._no_tracefs or 'no such tracepoint'}"

    def _is_newer(self, point: str) -> bool:
        """Whether this kernel lacks the system call itself: then there is nothing to see."""
        functions = NEWER_TRACEPOINTS.get(point, ())
        return not self._no_tracefs and bool(functions) and not any(map(kernel.btf_has, functions))

    def choose(self) -> list[tuple[Hook, Candidate]]:
        """One candidate for each hook. Raises AttachError where none is left."""
        chosen = []
        for hook in self.hooks:
            obstacles = []
            for candidate in self._allowed(hook):
                obstacle = self._obstacle(candidate)
                if not obstacle:
                    chosen.append((hook, candidate))
                    break
                obstacles.append(obstacle)
            else:
                if not hook.missed:
                    raise AttachError(hook.event, "; ".join(dict.fromkeys(obstacles)), forced=self.method)
                chosen.append((hook, Candidate(NOT_SEEN, {}, "; ".join(dict.fromkeys(obstacles)), hook.missed)))
        return chosen

    def _allowed(self, hook: Hook) -> Sequence[Candidate]:
        """All candidates, or those of the forced method where the hook has one."""
        return [c for c in hook.candidates if self._is_forced(c)] or hook.candidates

    def _is_forced(self, candidate: Candidate) -> bool:
        return self.method is not None and candidate.method == METHODS[self.method]

    def places(self, chosen: Sequence[tuple[Hook, Candidate]]) -> dict[str, list[int] | list[str]]:
        """The programs of what was chosen, each with the ids of its tracepoints or the names of its functions; none
        where its section says it.
        """
        programs: dict[str, dict[str, None]] = {}
        for _, candidate in chosen:
            for program, places in self._programs(candidate).items():
                programs.setdefault(program, {}).update(dict.fromkeys(places))  # two events can share a call
        return {program: self._ids(places) or list(places) for program, places in programs.items()}

    def _ids(self, places: Iterable[str]) -> list[int]:
        """Of those that are tracepoints, and are there."""
        ids = (self._tracepoints().get(place) for place in places if is_tracepoint(place))
        return [number for number in ids if number is not None]

    def attachments(self, chosen: Sequence[tuple[Hook, Candidate]]) -> tuple[Attachment, ...]:
        """The report of what was chosen, with the obstacles to the preferred candidates."""
        report = []
        for hook, candidate in chosen:
            against: dict[str, None] = {}
            for better in self._allowed(hook):
                if better == candidate or candidate.method == NOT_SEEN:
                    break
                name = better.name or better.method if len(better.programs) > 2 else "/".join(better.programs)
                against[f"; not {name}: {self._obstacle(better)}"] = None  # one can be there with a flaw and without
            why = candidate.why + "".join(against)
            programs = tuple(self._programs(candidate))
            report.append(Attachment(hook.event, hook.purpose, candidate.method, programs, why, candidate.blind))
        return tuple(report)

    def load(self, setup: "Setup") -> "tuple[Probe, tuple[Attachment, ...]]":
        """Load and attach what `setup` opens and fills. Raises LoadError, AttachError or CapabilityError."""
        while True:
            chosen = self.choose()
            programs = self.places(chosen)
            probe = setup.open(
                {hook.event for hook, candidate in chosen if is_sys_exit(candidate)},
                {hook.event for hook, candidate in chosen if is_call_exit(candidate)},
                {hook.event for hook, candidate in chosen if is_call_return(candidate)},
            )
            try:
                if self._load(probe, tuple(programs), setup.programs):
                    _fill(setup, probe)
                    if self._attach(probe, programs):
                        return probe, self.attachments(chosen)
            except BaseException:
                probe.close()
                raise
            probe.close()

    def _load(self, probe: "Probe", programs: tuple[str, ...], run: tuple[str, ...]) -> bool:
        """Also those that are only `run`. False if a program was refused that may have an alternative; it is
        remembered.
        """
        from . import _libbpf

        try:
            probe.load((*run, *programs))
            return True
        except OSError as error:
            # a failed load has closed its descriptors, one for each map and program
            _raise_if_exhausted(error, len(probe.maps) + 1 + len(programs) + SPARE_DESCRIPTORS)
            log = _libbpf.log()
            culprit = re.search(r"prog '(\w+)': failed to (?:load|prepare load attributes)", log)
            at_function = culprit is not None and is_exit_of_function(culprit[1])
            if not at_function and (explained := kernel.explain_refusal(error)):
                raise explained from error
            if not culprit or culprit[1] not in programs:
                raise _refusal("the kernel refused the probe", error, log) from error
            if not self._alternatives(culprit[1]):
                raise self._last_refusal(culprit[1], error, log, at_function=at_function) from error
            self.refused[culprit[1]] = f"refused by the kernel ({error.strerror})"
            if at_function:
                self._no_functions = self.refused[culprit[1]]
            return False

    def _last_refusal(self, program: str, error: OSError, log: str, *, at_function: bool) -> UnsupportedError:
        """No candidate is left. The refusal of a forced way is no bug: many kernels allow no programs at functions."""
        if self.method and at_function:
            event = next(h.event for h in self.hooks if any(program in c.programs for c in self._allowed(h)))
            function = program.removeprefix("on")
            reason = f"the kernel lets nobody attach programs to its functions, such as {function} ({error.strerror})"
            return AttachError(event, reason, forced=self.method)
        return _refusal(f"the kernel refused the program {program}", error, log)

    def _alternatives(self, program: str) -> bool:
        """Whether every hook that uses the program has another candidate left."""
        return all(
            hook.missed or any(program not in c.programs and not self._obstacle(c) for c in self._allowed(hook))
            for hook in self.hooks
            if any(program in c.programs and not self._obstacle(c) for c in self._allowed(hook))
        )

    def _attach(self, probe: "Probe", programs: Mapping[str, list[int] | list[str]]) -> bool:
        for program, places in programs.items():
            functions = {place: int(place == SECCOMP) for place in places if isinstance(place, str)}
            try:
                for place in places:
                    if isinstance(place, int):
                        probe.attach_tracepoint(program, place)
                if functions:
                    probe.attach_functions(program, functions)
                elif not places:
                    probe.attach(program)
            except OSError as error:
                _raise_if_exhausted(error)
                self.refused[program] = f"can't be attached ({error.strerror})"
                return False
        return True


def _is_flawed(candidate: Candidate) -> bool:
    has, lacks = candidate.flawed_with, candidate.unflawed_with
    return (has is not None and not kernel.lacks(has)) or (lacks is not None and bool(kernel.lacks(lacks)))


def _fill(setup: "Setup", probe: "Probe") -> None:
    try:
        setup.fill(probe)
    except OSError as error:
        _raise_if_exhausted(error)
        if (error.errno, error.filename) == (ENOTSUPP, "identify"):
            raise KernelTooOldError(kernel.release(), kernel.without(kernel.TEST_RUN)) from error
        raise _refusal(f"the kernel refused to set up the probe ({error.filename})", error, "") from error


def _refusal(what: str, error: OSError, log: str) -> UnsupportedError:
    """A verifier's refusal is our mistake, for the user to report; if bpf(2) is forbidden, that is the system's."""
    forbidden = kernel.forbidden(error)
    return forbidden if forbidden and "processed " not in log else LoadError(f"{what}: {error.strerror}", log)


def _raise_if_exhausted(error: OSError, descriptors: int = SPARE_DESCRIPTORS) -> None:
    """A kernel that ran out of something can do it another time: that is no reason to try another way.

    libbpf hides it behind other errors: where its own memory has run out, and where one of its tests of what the kernel
    has finds no descriptor, and takes the feature for missing (src/features.c). So some of both is asked for.
    """
    kernel.raise_if_exhausted(error)
    try:
        mmap.mmap(-1, SPARE_BYTES).close()
    except OSError as short:
        raise ResourceError(OSError(short.errno, short.strerror, "memory")) from error
    try:
        _open_and_close(descriptors)
    except OSError as short:
        kernel.raise_if_exhausted(OSError(short.errno, short.strerror, error.filename))


def _open_and_close(count: int) -> None:
    with ExitStack() as opened:
        for _ in range(count):
            opened.callback(os.close, os.open("/", os.O_PATH | os.O_CLOEXEC))
