# cython: language_level=3, binding=False, boundscheck=False, wraparound=False, cdivision=True
"""Records to lines and to events, by a plan; `native/` does it. Trusts nothing in a record: `check` is first."""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AsString, PyBytes_FromStringAndSize
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from libc.errno cimport EIO, EOVERFLOW
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcmp, memcpy, memset, strlen

import os

from ..errors import UsageError
from ..escaping import escape
from ..schema.values import Flags
from .compile import check, pieces_of


cdef enum:
    MOST_KNOWN = 4096  # numbers whose names are remembered for each field; a hostile caller could send any number


cdef struct Last:
    # the value of the last record and its object: most events are by the process of the event before
    unsigned char value[16]
    PyObject *object


include "compiled.pxi"


cdef enum:
    OF_RECORDS, OF_LINES, USES
    SMALL_BYTES = 16 << 10

cdef out_t spares[USES]  # memory that was used and is not now


cdef class Buffer:
    """Bytes whose memory serves the next ones of its use once nobody has them any more: it is not mapped anew."""

    cdef out_t out
    cdef int use

    def __dealloc__(self):
        if spares[self.use].at == NULL:
            out_restart(&self.out)
            spares[self.use] = self.out
        else:
            out_free(&self.out)

    def __len__(self):
        return self.out.used

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        PyBuffer_FillInfo(buffer, self, self.out.at, self.out.used, True, flags)


cdef Buffer _buffer(int use, size_t most):
    """With nothing in it. Memory of more than `most` bytes is left for another: who keeps a small batch must not keep what a
    large one took.
    """
    cdef Buffer made = Buffer.__new__(Buffer)
    made.use = use
    if spares[use].room <= most + SMALL_BYTES:
        made.out = spares[use]
        memset(&spares[use], 0, sizeof(out_t))
    return made


def give_back():
    """Give the memory that large batches took, and that nothing uses now, back to the system."""
    cdef size_t room = 0
    cdef int use
    for use in range(USES):
        room += spares[use].room
        out_free(&spares[use])
    if room > SMALL_BYTES:
        heap_trim()


cdef Buffer _copied(data):
    cdef Buffer made
    cdef Py_buffer given
    PyObject_GetBuffer(data, &given, PyBUF_SIMPLE)
    try:
        made = _buffer(OF_RECORDS, 4 * given.len)
        out_put(&made.out, <const char *>given.buf, given.len)
    finally:
        PyBuffer_Release(&given)
    if made.out.failed:
        raise MemoryError
    return made


cdef struct records_t:
    const unsigned char *at
    const unsigned char *end


cdef records_t _records_in(data):
    """Of bytes, or of a Buffer."""
    cdef records_t found
    if type(data) is Buffer:
        found.at = <const unsigned char *>(<Buffer>data).out.at
        found.end = found.at + (<Buffer>data).out.used
    else:
        found.at = <const unsigned char *>PyBytes_AsString(data)
        found.end = found.at + len(<bytes>data)
    return found


cdef tuple _counted(counts_t *counts):
    return [counts.of[number] for number in range(KINDS)], counts.cut


@cython.no_gc_clear  # its end reads the plan
cdef class Records:
    """What can be done with the records of a plan. One thread uses it: it remembers what it made of the last record."""

    cdef CompiledPlan compiled
    cdef const plan_t *plan
    cdef writer_t json
    cdef writer_t text
    cdef list known    # by number: for each step the names of the numbers that were seen
    cdef Last *last[64]

    def __cinit__(self, CompiledPlan compiled not None):
        cdef size_t number
        self.compiled = compiled
        self.plan = &compiled.plan
        self.known = [None] * KINDS
        writer_init(&self.json, self.plan, False)
        writer_init(&self.text, self.plan, True)
        for number in range(KINDS):
            if self.plan.events[number] != NULL:
                self.known[number] = [{} for _ in range(self.plan.events[number].count)]
                self.last[number] = <Last *>calloc(self.plan.events[number].count + 1, sizeof(Last))
                if self.last[number] == NULL:
                    raise MemoryError

    def __dealloc__(self):
        cdef size_t number, i
        for number in range(KINDS):
            if self.last[number] != NULL:
                for i in range(self.plan.events[number].count):
                    Py_XDECREF(self.last[number][i].object)
                free(self.last[number])
        if self.plan != NULL:
            writer_free(&self.json)
            writer_free(&self.text)

    def check(self, data, corrupt, uint64_t refused=0):
        """The records of a batch, all of which make sense, and their `counts`: `(data, counts)`. For one that makes none,
        as do those of a kind that is `refused` (bit n stands for number n), stands what `corrupt(number, or 0 where that is not known)` gives, a record.
        """
        cdef counts_t counts
        cdef object whole = data if type(data) is bytes else _copied(data)  # nobody can change it meanwhile
        cdef records_t records = _records_in(whole)
        memset(&counts, 0, sizeof(counts))
        if count_whole(self.plan, records.at, records.end, refused, &counts) == records.end:
            return whole, _counted(&counts)
        whole = self._mended(records.at, records.end, corrupt, refused)
        return whole, self.counts(whole)

    cdef bytes _mended(self, const unsigned char *start, const unsigned char *end, corrupt, uint64_t refused):
        cdef const unsigned char *at = start
        cdef const unsigned char *bad
        cdef counts_t counts
        cdef record_t record
        cdef out_t out
        memset(&counts, 0, sizeof(counts))
        memset(&out, 0, sizeof(out))
        try:
            while at != end:
                bad = count_whole(self.plan, at, end, refused, &counts)
                out_put(&out, <const char *>at, bad - at)
                at = bad
                if bad == end:
                    break
                if next_record(self.plan, &at, end, &record) < 0:
                    at = end
                    self._put(&out, corrupt(0))
                else:
                    self._put(&out, corrupt(0 if record.event == NULL else record.event.number))
            return self._taken(&out)
        finally:
            out_free(&out)

    cdef int _put(self, out_t *out, bytes record) except -1:
        cdef uint64_t length = len(record)
        out_put(out, <const char *>&length, 8)
        out_put(out, PyBytes_AsString(record), length)
        out_put(out, b"\0\0\0\0\0\0\0", -length % 8)
        return 0

    cdef bytes _taken(self, out_t *out):
        """What was written, and no longer kept."""
        try:
            if out.failed:
                raise MemoryError
            return PyBytes_FromStringAndSize(out.at, out.used)
        finally:
            out_restart(out)

    cdef int _write(self, writer_t *writer, write_t write, data, int64_t offset_ns, size_t most) except -1:
        cdef records_t records = _records_in(data)
        cdef record_t record
        writer_start(writer, offset_ns, most)
        with nogil:
            while next_record(self.plan, &records.at, records.end, &record) > 0:
                write(writer, record)
        if writer.out.failed or writer.made.failed or writer.other.failed or writer.plain.failed:
            writer.made.failed = writer.other.failed = writer.plain.failed = False
            out_restart(&writer.out)
            raise MemoryError
        return 0

    cdef bytes _lines(self, writer_t *writer, write_t write, data, int64_t offset_ns=0, size_t most=0):
        self._write(writer, write, data, offset_ns, most)
        return self._taken(&writer.out)

    cdef Buffer _given(self, writer_t *writer, write_t write, data, int64_t offset_ns, Fold fold):
        cdef records_t records = _records_in(data)
        cdef Buffer made = _buffer(OF_LINES, 16 * (records.end - records.at))  # JSON takes twice as much as records
        cdef out_t kept = writer.out
        writer.out = made.out
        writer.fold = NULL if fold is None else &fold.fold
        try:
            self._write(writer, write, data, offset_ns, 0)
        finally:
            writer.fold = NULL
            made.out, writer.out = writer.out, kept
        return made

    def json_lines(self, data, int64_t offset_ns, Fold fold=None):
        """One JSON object for each record, a line each, with what `fold` knows: as a buffer, not copied."""
        return self._given(&self.json, write_json, data, offset_ns, fold)

    def text_lines(self, data, int64_t offset_ns, Fold fold=None):
        """The classic lines, in local time; as `json_lines`."""
        return self._given(&self.text, write_text, data, offset_ns, fold)

    def results(self, data):
        """For each record its result in one word, a line each."""
        return self._lines(&self.text, write_result, data)

    def details(self, data, size_t most, Fold fold=None):
        """For each record what happened, without the process and the time, a line each, with what `fold` knows; of each text
        the first `most` bytes, 0 for all.
        """
        self.text.fold = NULL if fold is None else &fold.fold
        try:
            return self._lines(&self.text, write_details, data, 0, most)
        finally:
            self.text.fold = NULL

    def times(self, data, int64_t offset_ns):
        """For each record when it was, in local time, a line each."""
        return self._lines(&self.text, write_time, data, offset_ns)

    def counts(self, data):
        """`(by number how many records, how many have a field that is cut)`."""
        cdef records_t records = _records_in(data)
        cdef counts_t counts
        memset(&counts, 0, sizeof(counts))
        count_whole(self.plan, records.at, records.end, 0, &counts)
        return _counted(&counts)

    def place_after(self, data, size_t most, uint64_t uncounted):
        """How many bytes the first records take, up to the one that makes `most` without the kinds that are `uncounted`
        (bit n stands for number n); and how many there are then.
        """
        cdef records_t records = _records_in(data)
        cdef const unsigned char *start = records.at
        cdef record_t record
        cdef size_t count = 0
        while count < most and next_record(self.plan, &records.at, records.end, &record) > 0:
            count += not uncounted >> record.event.number & 1
        return records.at - start, count

    def selected(self, data, uint64_t numbers):
        """The records of these kinds: bit n stands for number n."""
        cdef records_t records = _records_in(data)
        cdef const unsigned char *before = records.at
        cdef record_t record
        cdef out_t out
        memset(&out, 0, sizeof(out))
        try:
            while next_record(self.plan, &records.at, records.end, &record) > 0:
                if numbers >> record.event.number & 1:
                    out_put(&out, <const char *>before, records.at - before)
                before = records.at
            return self._taken(&out)
        finally:
            out_free(&out)

    def places(self, data, size_t kind, size_t step):
        """Where records of that kind begin in which that field, a text, applies."""
        cdef records_t records = _records_in(data)
        cdef const unsigned char *start = records.at
        cdef record_t record
        cdef list found = []
        while next_record(self.plan, &records.at, records.end, &record) > 0:
            if record.event.number == kind and not is_absent(record, &record.event.steps[step]):
                found.append(record.at - start)
        return found

    def events(self, data, int64_t offset_ns, size_t kind=0):
        """A list of events; of one kind only if it is given."""
        cdef records_t records = _records_in(data)
        cdef record_t record
        cdef list found = []
        while next_record(self.plan, &records.at, records.end, &record) > 0:
            if not kind or record.event.number == kind:
                self.json.offset_ns = offset_ns  # what runs when an object is made may have come here, too
                found.append(self._event(record))
        return found

    cdef object _event(self, record_t record):
        cdef Py_ssize_t i
        cdef size_t number = record.event.number
        cdef Py_ssize_t count = record.event.count
        arguments = PyTuple_New(count)
        for i in range(count):
            value = self._value(record, &record.event.steps[i], &self.last[number][i], <list>self.known[number], i)
            Py_INCREF(value)
            PyTuple_SetItem(arguments, i, <PyObject *>value)
        return PyObject_CallObject(self.compiled.classes[number], arguments)

    cdef object _value(self, record_t record, step_t *step, Last *last, list known, Py_ssize_t i):
        cdef char time[64]
        cdef text_t found
        if step.op == OP_TIME:
            found = time_text(&self.json, record, time)
            return PyUnicode_FromStringAndSize(found.at, found.length)
        if is_fixed(step):
            if last.object == NULL or memcmp(last.value, record.at + step.at, step.size) != 0:
                value = self._fixed(record, step, known, i)
                memcpy(last.value, record.at + step.at, step.size)
                Py_XINCREF(<PyObject *>value)
                Py_XDECREF(last.object)
                last.object = <PyObject *>value
            return <object>last.object
        if is_absent(record, step):
            return None
        if step.op == OP_TEXTS:
            return self._texts(span_of(record, step))
        found = text_of(record, step, &self.json.made)
        if self.json.made.failed:
            self.json.made.failed = False
            raise MemoryError
        return PyUnicode_DecodeUTF8(found.at, found.length, "surrogateescape")

    cdef object _texts(self, text_t rest):
        cdef text_t one
        cdef list items = []
        while next_text(&rest, &one):
            items.append(PyUnicode_DecodeUTF8(one.at, one.length, "surrogateescape"))
        return tuple(items)

    cdef object _fixed(self, record_t record, step_t *step, list known, Py_ssize_t i):
        """The object of a value that is all in the fixed part."""
        cdef text_t name
        if is_absent(record, step):
            return None
        if step.op == OP_UNSIGNED:
            return PyLong_FromUnsignedLongLong(number_of(record, step))
        if step.op == OP_SIGNED:
            return PyLong_FromLongLong(signed_number_of(record, step))
        if step.op == OP_BOOLEAN:
            return number_of(record, step) != 0
        if step.op == OP_NAME:
            name = text_of(record, step, &self.json.made)
            return PyUnicode_DecodeUTF8(name.at, name.length, "surrogateescape")
        return self._names_of(record, step, <dict>known[i])

    cdef object _names_of(self, record_t record, step_t *step, dict known):
        cdef names_t names
        key = PyLong_FromUnsignedLongLong(number_of(record, step))
        value = known.get(key)
        if value is None:
            names_of(&names, record, step)
            found = [PyUnicode_DecodeUTF8(names.name[n].at, names.name[n].length, NULL) for n in range(names.count)]
            value = found[0] if step.op == OP_ONE_OF else tuple(found)
            if len(known) < MOST_KNOWN:
                known[key] = value
        return value


include "fold.pxi"
include "matcher.pxi"
include "sieve.pxi"
include "columns.pxi"
include "rows.pxi"
include "lines.pxi"
