"""The plan of all events, which everything about records goes by."""

from functools import cache

from ..events import EVENTS
from ..events import plan as plan_of_classes
from ..schema.plan import Plan
from ._records import CompiledPlan

PLAN: Plan = plan_of_classes()
NUMBERS = {event.name: event.number for event in PLAN.events}


@cache
def compiled() -> CompiledPlan:
    """The plan, for the native parts."""
    return CompiledPlan(PLAN, EVENTS)
