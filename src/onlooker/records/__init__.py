"""Records as the kernel wrote them: batches of them, and what is made of them, natively, by one plan."""

from ..events.base import LINE_WRITERS, Event
from ._records import Buffer, Finder, Matcher, give_back, values_of
from .batch import Batch, prepare_records
from .planned import NUMBERS, PLAN

__all__ = ["NUMBERS", "PLAN", "Batch", "Buffer", "Finder", "Matcher", "give_back", "prepare_records", "values_of"]


def _text(event: Event) -> str:
    return Batch.of([event])[0].to_text().decode().removesuffix("\n")


def _json(event: Event) -> str:
    return Batch.of([event])[0].to_json().decode().removesuffix("\n")


LINE_WRITERS.update(text=_text, json=_json)
