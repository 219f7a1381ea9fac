"""Automata of regular expressions, which look at each byte of a text once, whatever the expression is."""

from functools import lru_cache
from typing import NamedTuple

from .nodes import Bytes, Edge, Either, Node, RegexError, Repeat, Sequence
from .regex import MOST_POSITIONS, parsed

MOST_STATES = 2000
MOST_STEPS = 400_000  # to find them: half a second
DEAD, FOUND, START = 0, 1, 2  # states; whatever follows the first two changes nothing


class Automaton(NamedTuple):
    """For each byte its class; for each state and class the next state; for each state whether a text that ends there
    matches. See DEAD, FOUND and START.
    """

    classes: bytes
    class_count: int
    moves: bytes  # 16 bits each
    ends: bytes


@lru_cache(maxsize=256)  # each kind of event asks for the same
def automaton(pattern: bytes, ignore_case: bool) -> Automaton:
    """Whether it is found anywhere in a text. Raises RegexError."""
    return _Builder(parsed(pattern, ignore_case=ignore_case)).automaton()


class _Builder:
    """Thompson's automaton of the expression, and then the one whose states are sets of its states, as bits."""

    def __init__(self, node: Node) -> None:
        self._accepts: list[frozenset[int]] = []  # of a state that takes a byte, to the next one
        self._follows: list[list[int]] = []  # without a byte
        self._edges: list[bool | None] = []  # only at the begin (False) or at the end (True)
        self._last = self._state()
        self._first = self._add(node, self._last)

    def _state(self, *follows: int, accepts: frozenset[int] = frozenset(), edge: bool | None = None) -> int:
        self._accepts.append(accepts)
        self._follows.append(list(follows))
        self._edges.append(edge)
        if len(self._accepts) > MOST_POSITIONS:
            raise RegexError("it is too long, with its repetitions written out")
        return len(self._accepts) - 1

    def _add(self, node: Node, then: int) -> int:
        """Where it begins; it ends at `then`."""
        if isinstance(node, Bytes):
            return self._state(then, accepts=node.accepted) if node.accepted else self._state()
        if isinstance(node, Edge):
            return self._state(then, edge=node.is_end)
        if isinstance(node, Either):
            return self._state(*(self._add(part, then) for part in node.parts))
        if isinstance(node, Sequence):
            for part in reversed(node.parts):
                then = self._add(part, then)
            return then
        assert isinstance(node, Repeat)  # of the others there are none any more
        if node.most is None:
            again = self._state(then)
            self._follows[again].append(self._add(node.part, again))
            then = again
        for _ in range((node.most or node.least) - node.least):
            then = self._state(then, self._add(node.part, then))
        for _ in range(node.least):
            then = self._add(node.part, then)
        return then

    def _closed(self, states: set[int], *, begin: bool, end: bool) -> int:
        """All that is reached without a byte, as bits."""
        found, left = 0, list(states)
        while left:
            state = left.pop()
            if found >> state & 1:
                continue
            found |= 1 << state
            edge = self._edges[state]
            if not self._accepts[state] and (edge is None or (edge and end) or (edge is False and begin)):
                left += self._follows[state]
        return found

    def automaton(self) -> Automaton:
        classes, members = self._classes()
        count = len(members)
        always = self._closed({self._first}, begin=False, end=False)  # it may begin anywhere
        reach = [self._closed(set(follows), begin=False, end=False) for follows in self._follows]
        moves_of = [
            [reach[state] if accepts and byte in accepts else 0 for byte in members]
            for state, accepts in enumerate(self._accepts)
        ]
        begin = self._closed({self._first}, begin=True, end=False)
        if begin >> self._last & 1:
            return Automaton(classes, count, _packed([[FOUND] * count] * 3), b"\0\1\1")
        known: dict[int, int] = {}  # the first is only there at the begin, whatever else is the same set
        rows: list[list[int]] = [[DEAD] * count, [FOUND] * count, []]
        ends = bytearray((0, 1, self._matches_at_end(begin, is_begin=True)))
        steps, left = 0, [(begin, START)]
        for states, number in left:
            row = []
            members_of = [moves for state, moves in enumerate(moves_of) if states >> state & 1]
            for each in range(count):
                steps += 1 + len(members_of)
                reached = always
                for moves in members_of:
                    reached |= moves[each]
                if reached >> self._last & 1:
                    row.append(FOUND)
                    continue
                if reached not in known:
                    known[reached] = len(rows)
                    rows.append([])
                    ends.append(self._matches_at_end(reached, is_begin=False))
                    left.append((reached, known[reached]))
                row.append(known[reached])
            rows[number] = row
            if len(rows) > MOST_STATES or steps > MOST_STEPS:
                raise RegexError("it has too many ways to match: shorten its repetitions")
        return Automaton(classes, count, _packed(rows), bytes(ends))

    def _matches_at_end(self, states: int, *, is_begin: bool) -> bool:
        found = {state for state in range(len(self._accepts)) if states >> state & 1}
        return bool(self._closed(found, begin=is_begin, end=True) >> self._last & 1)

    def _classes(self) -> tuple[bytes, list[int]]:
        """Bytes that no part tells apart have one class; and a byte of each."""
        kinds = list({accepts for accepts in self._accepts if accepts})
        known: dict[tuple[bool, ...], int] = {}
        members: list[int] = []
        classes = bytearray()
        for byte in range(256):
            key = tuple(byte in kind for kind in kinds)
            if key not in known:
                known[key] = len(members)
                members.append(byte)
            classes.append(known[key])
        return bytes(classes), members


def _packed(rows: list[list[int]]) -> bytes:
    return b"".join(state.to_bytes(2, "little") for row in rows for state in row)
