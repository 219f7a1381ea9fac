"""Random records of all events, in few different values, so that an expression sometimes asks for what is there."""

from hypothesis import strategies as st

from onlooker.schema.fields import FieldType, Op

from .. import made_records
from ..records.raw_values import values as any_values
from .expressions import TEXTS

NAMES = st.lists(st.sampled_from([b"a", b"b", b"A", b".a", b"*", b"\xff", b"a b"]), max_size=4).map(b"/".join)
PATHS = st.one_of(NAMES, NAMES.map(lambda names: b"/" + names))
ARGUMENTS = st.lists(TEXTS, max_size=4).map(tuple)


def _values(name: str, field: FieldType) -> st.SearchStrategy:
    if field.is_enum or name == "boot_ns":
        return any_values(name, field)
    texts = {Op.TEXT: TEXTS, Op.TEXTS: ARGUMENTS, Op.PATH: PATHS, Op.JOINED: PATHS}
    texts |= {Op.NAME: TEXTS.map(lambda text: text[:16])}
    if field.op in texts:
        return texts[field.op]
    few = [0, 1, 2, 9, 13, 1000]
    few += [-1, -100] if field.op is Op.SIGNED else []
    few += [0x241, 0o2000002, 17 << 56] if field.size == 8 and field.op is Op.FLAGS else []
    return st.one_of(st.sampled_from(few).filter(lambda each: each < 1 << 8 * field.size), any_values(name, field))


@st.composite
def records(draw):
    event = draw(st.sampled_from(list(made_records.LAYOUTS)))
    raw = {name: draw(_values(name, f.type)) for name, f in made_records.members(event).items() if name != "kind"}
    raw["cut"] = draw(st.integers(0, 2 ** len(made_records.LAYOUTS[event].cuttable) - 1))
    return made_records.record(event, raw)


batches = st.lists(records(), max_size=6).map(lambda some: made_records.batch(*some))
