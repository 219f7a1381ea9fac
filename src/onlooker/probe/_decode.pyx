# cython: language_level=3, binding=False, boundscheck=False, wraparound=False, cdivision=True
"""Records to events, driven by the table that `onlooker.schema.plan` makes from the event classes.

Needs neither root nor libbpf. Trusts nothing in a record: what does not fit is counted as corrupt, never read.
"""

from libc.stdint cimport int32_t, int64_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memchr, memcmp, memcpy


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


cdef extern from "time.h" nogil:
    ctypedef long time_t
    struct tm:
        pass
    tm *gmtime_r(const time_t *, tm *)
    size_t strftime(char *, size_t, const char *, const tm *)


cdef extern from "paths.h" nogil:
    size_t path_of_names(const char *names, size_t size, char *out)
    size_t join_path(char *out, size_t used, const char *text, size_t size)


# onlooker.schema.kinds.Op
cdef enum:
    UNSIGNED
    SIGNED
    BOOL
    TIME
    NAME
    TEXT
    TEXTS
    LABEL
    PATH
    JOINED

cdef enum:
    MAX_LABELS = 4096  # numbers whose names are remembered for each field; a hostile caller could send any number
    MAX_KIND = 64
    USUAL_PATH = 1024  # bytes; a longer one is put together on the heap
    BILLION = 1000000000

cdef struct Step:
    int op
    uint32_t offset
    int size
    bint optional
    int64_t absent
    uint32_t other
    # the value of the last record and its object: most events are by the process of the event before
    unsigned char last[16]
    PyObject *object


cdef class _Plan:
    cdef object event
    cdef size_t size
    cdef Py_ssize_t count
    cdef Step *steps
    cdef list describes
    cdef list known

    def __cinit__(self, event, size_t size, list steps):
        self.event = event
        self.size = size
        self.count = len(steps)
        self.steps = <Step *>calloc(self.count + 1, sizeof(Step))
        if self.steps == NULL:
            raise MemoryError
        self.describes = []
        self.known = []
        for i, (op, offset, width, absent, describe, other) in enumerate(steps):
            if offset + width > size or width > 16 or other + 8 > size:
                raise ValueError(f"step {i} of {event} lies outside the record")
            self.steps[i].op = op
            self.steps[i].offset = offset
            self.steps[i].size = width
            self.steps[i].optional = absent is not None
            self.steps[i].absent = absent or 0
            self.steps[i].other = other
            self.describes.append(describe)
            self.known.append({})

    def __dealloc__(self):
        cdef Py_ssize_t i
        if self.steps != NULL:
            for i in range(self.count):
                Py_XDECREF(self.steps[i].object)
        free(self.steps)


cdef uint64_t _unsigned(const unsigned char *at, int size) noexcept:
    cdef uint16_t two
    cdef uint32_t four
    cdef uint64_t eight
    if size == 8:
        memcpy(&eight, at, 8)
        return eight
    if size == 4:
        memcpy(&four, at, 4)
        return four
    if size == 2:
        memcpy(&two, at, 2)
        return two
    return at[0]


cdef int64_t _signed(const unsigned char *at, int size) noexcept:
    cdef int32_t four
    cdef int64_t eight
    if size == 4:
        memcpy(&four, at, 4)
        return four
    memcpy(&eight, at, 8)
    return eight


cdef bint _span(const unsigned char *record, size_t length, size_t fixed, uint32_t at, const char **start,
                size_t *size) noexcept:
    """The bytes that a span points to; false if they are not inside the tail."""
    cdef uint32_t offset, count
    memcpy(&offset, record + at, 4)
    memcpy(&count, record + at + 4, 4)
    start[0] = <const char *>record + offset
    size[0] = count
    return count == 0 or (offset >= fixed and <size_t>offset + count <= length)


cdef object _texts(const char *start, size_t size):
    """Each text is ended by a NUL; the last one may lack it where it is cut."""
    cdef list items = []
    cdef const char *end = start + size
    cdef const char *nul
    while start < end:
        nul = <const char *>memchr(start, 0, end - start)
        if nul == NULL:
            nul = end
        items.append(PyUnicode_DecodeUTF8(start, nul - start, "surrogateescape"))
        start = nul + 1
    return tuple(items)


cdef object _path(const char *names, size_t size, const char *text, size_t text_size):
    """The path that the names make, and the text behind it."""
    cdef char usual[USUAL_PATH]
    cdef char *out = usual
    cdef size_t used
    if size + text_size + 1 > USUAL_PATH:
        out = <char *>malloc(size + text_size + 1)
        if out == NULL:
            raise MemoryError
    try:
        used = join_path(out, path_of_names(names, size, out), text, text_size)
        return PyUnicode_DecodeUTF8(out, used, "surrogateescape")
    finally:
        if out != usual:
            free(out)


cdef class Decoder:
    """`Decoder(plans, corrupt)`: `corrupt(kind_or_0)` makes the event that reports a record that makes no sense."""

    cdef list _plans
    cdef object _corrupt
    cdef int64_t _second
    cdef char _prefix[24]

    def __cinit__(self, plans, corrupt):
        self._plans = [None] * MAX_KIND
        for number, event, size, steps in plans:
            if not 0 < number < MAX_KIND:
                raise ValueError(f"kind {number}")
            self._plans[number] = _Plan(event, size, steps)
        self._corrupt = corrupt
        self._second = -BILLION * <int64_t>BILLION  # no time is in that second

    cdef object _time(self, int64_t wall_ns):
        """2026-01-31T12:00:00.123456789Z; the part up to the second is made once a second."""
        cdef char out[32]
        cdef time_t second = wall_ns // BILLION
        cdef uint32_t rest = wall_ns - second * BILLION
        cdef tm parts
        cdef int i
        if wall_ns < 0:  # a clock that was never set
            second, rest = 0, 0
        if second != self._second:
            gmtime_r(&second, &parts)
            strftime(self._prefix, sizeof(self._prefix), "%Y-%m-%dT%H:%M:%S.", &parts)
            self._second = second
        memcpy(out, self._prefix, 20)
        for i in range(28, 19, -1):
            out[i] = 48 + rest % 10
            rest = rest // 10
        out[29] = 90  # Z
        return PyUnicode_FromStringAndSize(out, 30)

    def time(self, int64_t wall_ns):
        """Nanoseconds since 1970 as RFC 3339, UTC."""
        return self._time(wall_ns)

    cdef object _label(self, _Plan plan, Py_ssize_t i, uint64_t number, bint *fits):
        cdef dict known = <dict>plan.known[i]
        key = PyLong_FromUnsignedLongLong(number)
        value = known.get(key)
        if value is None:
            try:
                value = plan.describes[i](key)
            except LookupError:
                fits[0] = False
                return None
            if len(known) < MAX_LABELS:
                known[key] = value
        return value

    cdef object _scalar(self, _Plan plan, Py_ssize_t i, const unsigned char *at, bint *fits):
        """The object of a value that is all in the fixed part."""
        cdef Step *step = &plan.steps[i]
        cdef const char *end
        cdef uint64_t number
        if step.op == UNSIGNED or step.op == LABEL:
            number = _unsigned(at, step.size)
            if step.optional and number == <uint64_t>step.absent:
                return None
            return PyLong_FromUnsignedLongLong(number) if step.op == UNSIGNED else self._label(plan, i, number, fits)
        if step.op == SIGNED:
            if step.optional and _signed(at, step.size) == step.absent:
                return None
            return PyLong_FromLongLong(_signed(at, step.size))
        if step.op == BOOL:
            return at[0] != 0
        end = <const char *>memchr(at, 0, step.size)
        return PyUnicode_DecodeUTF8(
            <const char *>at, step.size if end == NULL else end - <const char *>at, "surrogateescape"
        )

    cdef object _value(self, _Plan plan, Py_ssize_t i, const unsigned char *record, size_t length, int64_t offset_ns,
                       bint *fits):
        cdef Step *step = &plan.steps[i]
        cdef const unsigned char *at = record + step.offset
        cdef const char *start
        cdef const char *other = NULL
        cdef size_t size, other_size = 0
        if step.op == TIME:
            return self._time(<int64_t>(_unsigned(at, 8) + <uint64_t>offset_ns))  # a signed sum must not overflow
        if step.op < TEXT or step.op == LABEL:
            if step.object == NULL or memcmp(step.last, at, step.size) != 0:
                value = self._scalar(plan, i, at, fits)
                if not fits[0]:
                    return None
                memcpy(step.last, at, step.size)
                Py_XINCREF(<PyObject *>value)
                Py_XDECREF(step.object)
                step.object = <PyObject *>value
            return <object>step.object
        if not _span(record, length, plan.size, step.offset, &start, &size):
            fits[0] = False
            return None
        if step.optional and _unsigned(at, 4) == <uint64_t>step.absent:  # it has no place in the record
            return None
        if step.op == PATH or step.op == JOINED:
            if step.op == JOINED and not _span(record, length, plan.size, step.other, &other, &other_size):
                fits[0] = False
                return None
            return _path(start, size, other, other_size)
        if step.op == TEXT:
            return PyUnicode_DecodeUTF8(start, size, "surrogateescape")
        return _texts(start, size)

    cdef object _event(self, const unsigned char *record, size_t length, uint32_t kind_at, int64_t offset_ns):
        cdef uint16_t kind = 0
        cdef _Plan plan
        cdef Py_ssize_t i
        cdef bint fits = True
        if length >= kind_at + 2:
            memcpy(&kind, record + kind_at, 2)
        if kind >= MAX_KIND or self._plans[kind] is None:
            return self._corrupt(0)
        plan = <_Plan>self._plans[kind]
        if length < plan.size:
            return self._corrupt(kind)
        arguments = PyTuple_New(plan.count)
        for i in range(plan.count):
            value = self._value(plan, i, record, length, offset_ns, &fits)
            Py_INCREF(value)
            PyTuple_SetItem(arguments, i, <PyObject *>value)
        return PyObject_CallObject(plan.event, arguments) if fits else self._corrupt(kind)

    def decode(self, buffer, int64_t offset_ns, uint32_t kind_at):
        """A list of events from what `Probe.drain` gives.

        `offset_ns` is the wall clock minus the boot clock; `kind_at` where a record's header says its kind.
        """
        cdef Py_buffer view
        cdef size_t at = 0, end
        cdef uint64_t length
        cdef const unsigned char *data
        cdef list events = []
        PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE)
        try:
            data = <const unsigned char *>view.buf
            end = view.len
            while at + 8 <= end:
                memcpy(&length, data + at, 8)
                at += 8
                if length > end - at:
                    events.append(self._corrupt(0))
                    break
                events.append(self._event(data + at, length, kind_at, offset_ns))
                at += (length + 7) & ~<uint64_t>7
        finally:
            PyBuffer_Release(&view)
        return events
