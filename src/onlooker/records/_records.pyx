# cython: language_level=3, binding=False, boundscheck=False, wraparound=False, cdivision=True
"""Records to lines and to events, by a plan; `native/` does it. Trusts nothing in a record: `check` is first."""

from cpython.bytes cimport PyBytes_AsString, PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcmp, memcpy, memset

from ..schema.values import Flags
from .compile import check, pieces_of


cdef extern from "Python.h":
    ctypedef struct PyObject
    ctypedef struct Py_buffer:
        void *buf
        Py_ssize_t len
    int PyBUF_SIMPLE
    int PyObject_GetBuffer(object, Py_buffer *, int) except -1
    void PyBuffer_Release(Py_buffer *)
    object PyUnicode_DecodeUTF8(const char *, Py_ssize_t, const char *)
    object PyUnicode_FromStringAndSize(const char *, Py_ssize_t)
    object PyLong_FromUnsignedLongLong(unsigned long long)
    object PyLong_FromLongLong(long long)
    object PyTuple_New(Py_ssize_t)
    int PyTuple_SetItem(object, Py_ssize_t, PyObject *) except -1  # takes over the reference
    void Py_INCREF(object)
    void Py_XINCREF(PyObject *)
    void Py_XDECREF(PyObject *)
    object PyObject_CallObject(object, object)


cdef extern from "writers.h" nogil:
    ctypedef struct text_t "struct text":
        const char *at
        size_t length
    enum: OP_UNSIGNED, OP_SIGNED, OP_BOOLEAN, OP_TIME, OP_NAME, OP_TEXT, OP_TEXTS, OP_ONE_OF, OP_FLAGS, OP_PATH, OP_JOINED
    enum: KINDS, PADDING
    ctypedef struct named_t "struct named":
        uint64_t number
        text_t name
    ctypedef struct values_t "struct values":
        named_t *names
        size_t count
        text_t before
        text_t after
        int has_other
        named_t *low
        size_t lows
        values_t *high
        unsigned high_shift
    ctypedef struct step_t "struct step":
        int op
        uint32_t at
        uint32_t size
        uint32_t of
        int is_optional
        int is_omitted
        int64_t absent
        values_t *values
        text_t key
        text_t key_beside
    ctypedef struct piece_t "struct piece":
        int op
        int test
        int format
        uint32_t step
        uint32_t other
        uint32_t to
        uint64_t bits
        uint64_t mask
        text_t text
    ctypedef struct phrase_t "struct phrase":
        piece_t *pieces
        size_t count
    ctypedef struct event_t "struct event":
        uint32_t number
        uint32_t bytes
        int can_be_cut
        step_t *steps
        size_t count
        text_t json_head
        uint32_t *checked
        phrase_t line
        phrase_t result
        phrase_t details
    ctypedef struct plan_t "struct plan":
        uint32_t kind_at
        uint32_t cut_at
        uint32_t boot_at
        event_t *events[64]
    ctypedef struct record_t "struct record":
        const event_t *event
        const unsigned char *at
    ctypedef struct out_t "struct out":
        char *at
        size_t used
        int failed
    ctypedef struct writer_t "struct writer":
        int64_t offset_ns
        size_t most
        out_t out
        out_t made
        out_t other
        out_t plain
    ctypedef struct names_t "struct names":
        text_t *name
        size_t count
    int next_record(plan_t *plan, const unsigned char **at, const unsigned char *end, record_t *record)
    int is_whole(record_t record)
    int is_absent(record_t record, step_t *step)
    int is_fixed(step_t *step)
    uint64_t number_of(record_t record, step_t *step)
    int64_t read_signed(const unsigned char *at, uint32_t size)
    text_t text_of(record_t record, step_t *step, out_t *made)
    text_t span_of(record_t record, step_t *step)
    int next_text(text_t *rest, text_t *one)
    void names_of(names_t *names, record_t record, step_t *step)
    void prepare_event(const plan_t *plan, event_t *event)
    void writer_init(writer_t *writer, plan_t *plan, int is_local)
    void writer_free(writer_t *writer)
    void write_json(writer_t *writer, record_t record)
    void write_text(writer_t *writer, record_t record)
    void write_time(writer_t *writer, record_t record)
    void write_result(writer_t *writer, record_t record)
    void write_details(writer_t *writer, record_t record)
    text_t time_text(writer_t *writer, record_t record, char *to)
    void out_put(out_t *out, const char *text, size_t length)
    void out_free(out_t *out)

ctypedef void (*write_t)(writer_t *, record_t) noexcept nogil

cdef enum:
    MOST_KNOWN = 4096  # numbers whose names are remembered for each field; a hostile caller could send any number
    MOST_BYTES = 64    # of a record's fixed fields, each


cdef struct Last:
    # the value of the last record and its object: most events are by the process of the event before
    unsigned char value[16]
    PyObject *object


cdef class _Memory:
    """C arrays and the bytes that they point to, for as long as the plan lives."""

    cdef list kept
    cdef list blocks

    def __cinit__(self):
        self.kept = []
        self.blocks = []

    def __dealloc__(self):
        for block in self.blocks:
            free(<void *><size_t>block)

    cdef void *array(self, size_t count, size_t size) except NULL:
        cdef void *block = calloc(count + 1, size)
        if block == NULL:
            raise MemoryError
        self.blocks.append(<size_t>block)
        return block

    cdef text_t text(self, bytes what):
        cdef text_t made
        padded = what + bytes(PADDING)
        self.kept.append(padded)
        made.at = PyBytes_AsString(padded)
        made.length = len(what)
        return made


cdef class Records:
    """What can be done with the records of a plan. One thread uses it at a time."""

    cdef _Memory memory
    cdef plan_t plan
    cdef writer_t json
    cdef writer_t text
    cdef list classes  # by number
    cdef list known    # by number: for each step the names of the numbers that were seen
    cdef Last *last[64]
    cdef bint ready

    def __cinit__(self, plan, classes):
        cdef event_t *event
        self.memory = _Memory()
        self.classes = [None] * KINDS
        self.known = [None] * KINDS
        self.plan.kind_at, self.plan.cut_at, self.plan.boot_at = plan.kind_at, plan.cut_at, plan.boot_at
        for each in plan.events:
            if not 0 < each.number < KINDS or self.plan.events[each.number] != NULL:
                raise ValueError(f"event number {each.number}")
            event = <event_t *>self.memory.array(1, sizeof(event_t))
            self._fill(event, each)
            self.plan.events[each.number] = event
            self.classes[each.number] = classes[each.name]
            self.known[each.number] = [{} for _ in each.steps]
            self.last[each.number] = <Last *>calloc(event.count + 1, sizeof(Last))
            if self.last[each.number] == NULL:
                raise MemoryError
        writer_init(&self.json, &self.plan, False)
        writer_init(&self.text, &self.plan, True)
        self.ready = True

    def __dealloc__(self):
        cdef size_t kind, i
        for kind in range(KINDS):
            if self.last[kind] != NULL:
                for i in range(self.plan.events[kind].count):
                    Py_XDECREF(self.last[kind][i].object)
                free(self.last[kind])
        if self.ready:
            writer_free(&self.json)
            writer_free(&self.text)

    cdef int _fill(self, event_t *event, each) except -1:
        cdef step_t *step
        check(each)
        if max(self.plan.kind_at + 2, self.plan.cut_at + 2, self.plan.boot_at + 8) > each.bytes:
            raise ValueError(f"the header of {each.name} lies outside of the record")
        event.number, event.bytes, event.count = each.number, each.bytes, len(each.steps)
        event.can_be_cut = any(one.at == self.plan.cut_at for one in each.steps)
        event.json_head = self.memory.text(f'{{"event":"{each.name}"'.encode())
        event.steps = <step_t *>self.memory.array(event.count, sizeof(step_t))
        places = {one.name: place for place, one in enumerate(each.steps)}
        for i, one in enumerate(each.steps):
            if one.at + one.bytes > each.bytes:
                raise ValueError(f"{each.name}.{one.name} lies outside of the record")
            step = &event.steps[i]
            step.op, step.at, step.size = int(one.op), one.at, one.bytes
            step.of = places[one.of] if one.of else 0
            step.is_optional, step.absent = one.absent is not None, one.absent or 0
            step.is_omitted = one.omit
            step.key = self.memory.text(f',"{one.name}":'.encode())
            step.key_beside = self.memory.text(f',"{one.name}_bytes":'.encode())
            if one.values is not None:
                step.values = self._values(one.values)
        event.checked = <uint32_t *>self.memory.array(event.count, sizeof(uint32_t))
        prepare_event(&self.plan, event)
        self._phrase(&event.line, pieces_of(each.line, each))
        self._phrase(&event.result, pieces_of(each.result, each))
        self._phrase(&event.details, pieces_of(each.details, each))
        return 0

    cdef int _phrase(self, phrase_t *phrase, list pieces) except -1:
        cdef piece_t *piece
        phrase.count = len(pieces)
        phrase.pieces = <piece_t *>self.memory.array(phrase.count, sizeof(piece_t))
        for i, (op, test, form, step, other, to, bits, mask, said) in enumerate(pieces):
            piece = &phrase.pieces[i]
            piece.op, piece.test, piece.format, piece.step, piece.other, piece.to = op, test, form, step, other, to
            piece.bits, piece.mask = bits, mask
            piece.text = self.memory.text(said)
        return 0

    cdef values_t *_values(self, values) except NULL:
        cdef values_t *made = <values_t *>self.memory.array(1, sizeof(values_t))
        if isinstance(values, Flags):
            made.names, made.count = self._names(values.bits), len(values.bits)
            made.low, made.lows = self._names(list(enumerate(values.low))), len(values.low)
            made.high_shift = values.high_shift
            made.high = NULL if values.high is None else self._values(values.high)
        else:
            made.names, made.count = self._names(sorted(values.names)), len(values.names)
            made.high_shift = 64
            made.has_other = bool(values.other)
            before, _, after = values.other.partition("{}")
            made.before, made.after = self.memory.text(before.encode()), self.memory.text(after.encode())
        return made

    cdef named_t *_names(self, pairs) except NULL:
        cdef named_t *made = <named_t *>self.memory.array(len(pairs), sizeof(named_t))
        for i, (number, name) in enumerate(pairs):
            made[i].number = number
            made[i].name = self.memory.text(name.encode())
        return made

    def check(self, data, corrupt):
        """Batch data of these records in which every one makes sense: bytes. For one that does not stands what
        `corrupt(kind, or 0 where that is not known)` gives, a record.
        """
        cdef Py_buffer view
        cdef const unsigned char *at
        cdef const unsigned char *start
        cdef const unsigned char *end
        cdef record_t record
        cdef int found
        cdef out_t out
        memset(&out, 0, sizeof(out))
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        try:
            at = start = <const unsigned char *>view.buf
            end = at + view.len
            while True:
                before = at - start
                found = next_record(&self.plan, &at, end, &record)
                if found > 0 and is_whole(record):
                    continue
                if not found and start == <const unsigned char *>view.buf:
                    return PyBytes_FromStringAndSize(<const char *>start, before)
                out_put(&out, <const char *>start, before)
                start = at
                if not found:
                    break
                kind = record.event.number if found > 0 and record.event != NULL else 0
                self._put(&out, corrupt(kind))
                if found < 0:
                    break
            return self._taken(&out)
        finally:
            PyBuffer_Release(&view)
            out_free(&out)

    cdef int _put(self, out_t *out, bytes record) except -1:
        cdef uint64_t length = len(record)
        out_put(out, <const char *>&length, 8)
        out_put(out, PyBytes_AsString(record), length)
        out_put(out, b"\0\0\0\0\0\0\0", -length % 8)
        return 0

    cdef bytes _taken(self, out_t *out):
        if out.failed:
            out.failed = False  # the next batch may be smaller
            raise MemoryError
        return PyBytes_FromStringAndSize(out.at, out.used)

    cdef bytes _lines(self, writer_t *writer, write_t write, bytes data, int64_t offset_ns, size_t most=0):
        cdef const unsigned char *at = <const unsigned char *>PyBytes_AsString(data)
        cdef const unsigned char *end = at + len(data)
        cdef record_t record
        writer.out.used = 0
        writer.offset_ns = offset_ns
        writer.most = most
        with nogil:
            while next_record(&self.plan, &at, end, &record) > 0:
                write(writer, record)
        if writer.made.failed or writer.other.failed or writer.plain.failed:
            writer.made.failed = writer.other.failed = writer.plain.failed = False
            raise MemoryError
        return self._taken(&writer.out)

    def json_lines(self, bytes data, int64_t offset_ns):
        """One JSON object for each record, a line each."""
        return self._lines(&self.json, write_json, data, offset_ns)

    def text_lines(self, bytes data, int64_t offset_ns):
        """The classic lines, in local time."""
        return self._lines(&self.text, write_text, data, offset_ns)

    def results(self, bytes data):
        """For each record its result in a word, a line each."""
        return self._lines(&self.text, write_result, data, 0)

    def details(self, bytes data, size_t most):
        """For each record what happened, without who did it and when, a line each; of each text the first `most` bytes,
        0 for all.
        """
        return self._lines(&self.text, write_details, data, 0, most)

    def times(self, bytes data, int64_t offset_ns):
        """For each record when it was, in local time, a line each."""
        return self._lines(&self.text, write_time, data, offset_ns)

    def counts(self, bytes data):
        """`(by number how many records, how many have a field that is cut)`."""
        cdef const unsigned char *at = <const unsigned char *>PyBytes_AsString(data)
        cdef const unsigned char *end = at + len(data)
        cdef record_t record
        cdef size_t count[64]
        cdef size_t cut = 0
        cdef uint16_t bits
        memset(count, 0, sizeof(count))
        while next_record(&self.plan, &at, end, &record) > 0:
            count[record.event.number] += 1
            memcpy(&bits, record.at + self.plan.cut_at, 2)
            cut += bits != 0 and record.event.can_be_cut
        return [count[kind] for kind in range(KINDS)], cut

    def place_after(self, bytes data, size_t most, size_t uncounted):
        """How many bytes the first records take, up to the one that makes `most` without those of number `uncounted`;
        and how many there are then.
        """
        cdef const unsigned char *start = <const unsigned char *>PyBytes_AsString(data)
        cdef const unsigned char *at = start
        cdef const unsigned char *end = at + len(data)
        cdef record_t record
        cdef size_t count = 0
        while count < most and next_record(&self.plan, &at, end, &record) > 0:
            count += record.event.number != uncounted
        return at - start, count

    def places(self, bytes data, size_t kind, size_t step):
        """Where records of that kind begin in which that field, a text, applies."""
        cdef const unsigned char *start = <const unsigned char *>PyBytes_AsString(data)
        cdef const unsigned char *at = start
        cdef const unsigned char *end = at + len(data)
        cdef record_t record
        cdef list found = []
        while next_record(&self.plan, &at, end, &record) > 0:
            if record.event.number == kind and not is_absent(record, &record.event.steps[step]):
                found.append(record.at - start)
        return found

    def events(self, bytes data, int64_t offset_ns, size_t kind=0):
        """A list of events; of one kind only if it is given."""
        cdef const unsigned char *at = <const unsigned char *>PyBytes_AsString(data)
        cdef const unsigned char *end = at + len(data)
        cdef record_t record
        cdef list found = []
        while next_record(&self.plan, &at, end, &record) > 0:
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
        return PyObject_CallObject(self.classes[number], arguments)

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
            return PyLong_FromLongLong(read_signed(record.at + step.at, step.size))
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
