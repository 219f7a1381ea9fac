"""The plan of all events, which everything about records goes by."""

from collections.abc import Iterable
from functools import cache

from ..events import EVENTS
from ..events import plan as plan_of_classes
from ..schema.plan import Plan
from ._records import CompiledPlan

PLAN: Plan = plan_of_classes()
NUMBERS = {event.name: event.number for event in PLAN.events}


def bits_of(events: Iterable[str]) -> int:
    """Kinds of events for the native parts: bit n stands for number n."""
    return sum({1 << NUMBERS[name] for name in events})


@cache
def compiled() -> CompiledPlan:
    """The plan, for the native parts."""
    return CompiledPlan(PLAN, EVENTS)
