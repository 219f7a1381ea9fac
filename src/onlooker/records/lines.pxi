# Lines of JSON as the texts of their values; part of _records.pyx.

cdef enum:
    MOST_KEYS = 4096  # bytes of the names of a line; those of all fields of an event take some 500


cdef const char *_string_end(const char *at, const char *end) noexcept:
    """The quote at the end of a string, from behind the one at its beginning; NULL where there is none."""
    while at < end and at[0] != b'"':
        at += 2 if at[0] == b'\\' else 1
    return at if at < end else NULL


cdef const char *_value_end(const char *at, const char *end) noexcept:
    """Behind a value, where a comma or brace is; NULL where there is none."""
    cdef size_t depth = 0
    while at != NULL and at < end:
        if at[0] == b'"':
            at = _string_end(at + 1, end)
            if at == NULL:
                return NULL
        elif at[0] == b'[' or at[0] == b'{':
            depth += 1
        elif at[0] == b']' or at[0] == b'}':
            if not depth:
                return at
            depth -= 1
        elif at[0] == b',' and not depth:
            return at
        at += 1
    return NULL


cdef const char *_line(const char *at, const char *end, list values, char *keys, size_t *used) except NULL:
    """Of one object: appends its values, and writes the first value and the names, each with a comma behind it. Returns
    where the next line begins.
    """
    cdef const char *start
    cdef const char *behind
    cdef char before = b'{'
    used[0] = 0
    while at + 1 < end and at[0] == before and at[1] == b'"':
        start = at + 2
        behind = _string_end(start, end)
        if behind == NULL or behind + 1 >= end or behind[1] != b':':
            break
        at = behind + 2
        if used[0] + <size_t>(behind - start) + 1 > MOST_KEYS:
            break
        memcpy(keys + used[0], start, behind - start)
        used[0] += behind - start + 1
        keys[used[0] - 1] = b','
        start, behind = at, _value_end(at, end)
        if behind == NULL:
            break
        if not values:
            if used[0] + <size_t>(behind - start) + 1 > MOST_KEYS:
                break
            memcpy(keys + used[0], start, behind - start)
            used[0] += behind - start + 1
            keys[used[0] - 1] = b','
        values.append(PyBytes_FromStringAndSize(start, behind - start))
        at, before = behind, b','
        if at[0] == b'}':
            if at + 1 < end and at[1] == b'\n':
                return at + 2
            break
    raise ValueError("no line of JSON")


def values_of(data):
    """Of each line, which is an object, what it is, and the JSON of its values. What it is: the first name, its value, and
    all other names, each with a comma behind it. Raises ValueError for what is no such lines.
    """
    cdef Py_buffer view
    cdef char keys[2][MOST_KEYS]
    cdef size_t used[2]
    cdef const char *at
    cdef const char *end
    cdef int now = 0
    cdef bytes kind = None
    cdef list found = [], values
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        at = <const char *>view.buf
        end = at + view.len
        used[1] = 0
        while at < end:
            values = []
            at = _line(at, end, values, keys[now], &used[now])
            if kind is None or used[0] != used[1] or memcmp(keys[0], keys[1], used[0]):
                kind = PyBytes_FromStringAndSize(keys[now], used[now])
            now = 1 - now
            found.append((kind, values))
    finally:
        PyBuffer_Release(&view)
    return found
