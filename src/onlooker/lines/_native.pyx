# cython: language_level=3, binding=False, boundscheck=False, wraparound=False
"""What `escape.h` does, for Python's texts: a `str` as os.fsdecode gives it."""

from libc.stdlib cimport free, malloc, realloc


cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object, Py_ssize_t *) except NULL
    object PyUnicode_AsEncodedString(object, const char *, const char *)
    object PyUnicode_DecodeUTF8(const char *, Py_ssize_t, const char *)
    int PyBytes_AsStringAndSize(object, char **, Py_ssize_t *) except -1
    object PyBytes_FromStringAndSize(const char *, Py_ssize_t)


cdef extern from "escape.h" nogil:
    const char *UNICODE_VERSION
    int is_printable(unsigned code)
    size_t plain_run(const unsigned char *text, size_t n, unsigned char special)
    size_t escape_text(const unsigned char *text, size_t n, char *out)
    int is_plain_word(const unsigned char *text, size_t n)
    size_t quote_word(const unsigned char *text, size_t n, char *out)
    size_t quote_command(const unsigned char *text, size_t n, char *out)
    size_t json_growth(const unsigned char *text, size_t n)
    size_t escape_json(const unsigned char *text, size_t n, char *out)


cdef enum:
    USUAL = 2048  # bytes of output; more is put together on the heap

unicode_version = UNICODE_VERSION.decode()


def printable(unsigned code):
    """Whether the character of that number is written as it is."""
    return is_printable(code & 0x1FFFFF) != 0 if code <= 0x10FFFF else False


cdef object _lone_surrogates(str text):
    """Bytes of a text that the kernel can't have given."""
    return b"".join(
        [c.encode("utf-8", "surrogateescape" if "\udc80" <= c <= "\udcff" else "surrogatepass") for c in text]
    )


cdef object _exact(str text, const unsigned char **start, Py_ssize_t *size):
    """The text's bytes, which live as long as what is returned."""
    cdef char *at = NULL
    try:
        start[0] = <const unsigned char *>PyUnicode_AsUTF8AndSize(text, size)
        return text
    except UnicodeEncodeError:
        pass
    try:
        exact = PyUnicode_AsEncodedString(text, "utf-8", "surrogateescape")
    except UnicodeEncodeError:
        exact = _lone_surrogates(text)
    PyBytes_AsStringAndSize(exact, &at, size)
    start[0] = <const unsigned char *>at
    return exact


cdef class _Out:
    """Room that grows."""

    cdef char usual[USUAL]
    cdef char *start
    cdef size_t used
    cdef size_t room

    def __cinit__(self):
        self.start = self.usual
        self.used = 0
        self.room = USUAL

    def __dealloc__(self):
        if self.start != self.usual:
            free(self.start)

    cdef char *more(self, size_t most) except NULL:
        """Where up to that many bytes can be written."""
        cdef char *grown
        cdef size_t i, room
        if most > self.room - self.used:
            room = max(2 * self.room, self.used + most)
            grown = <char *>(malloc(room) if self.start == self.usual else realloc(self.start, room))
            if grown == NULL:
                raise MemoryError
            if self.start == self.usual:
                for i in range(self.used):
                    grown[i] = self.usual[i]
            self.start = grown
            self.room = room
        return self.start + self.used

    cdef str text(self):
        return PyUnicode_DecodeUTF8(self.start, self.used, NULL)


cdef bint _append_word(_Out out, str argument, bint command) except -1:
    cdef const unsigned char *start = NULL
    cdef Py_ssize_t size = 0
    owner = _exact(argument, &start, &size)
    cdef char *to = out.more(5 * size + 4)
    out.used += quote_command(start, size, to) if command else quote_word(start, size, to)
    return True


def escape(str text):
    r"""For names and paths.

    >>> escape("/tmp/a b\x1b[31m\n")
    '/tmp/a b\\x1b[31m\\n'
    """
    cdef const unsigned char *start = NULL
    cdef Py_ssize_t size = 0
    owner = _exact(text, &start, &size)
    if plain_run(start, size, 92) == <size_t>size:  # a backslash
        return text
    cdef _Out out = _Out()
    out.used = escape_text(start, size, out.more(4 * size))
    return out.text()


def escape_path(str path):
    """Also where nothing was passed, which has to be seen.

    >>> escape_path("")
    '""'
    """
    return escape(path) or '""'


def quote(str argument):
    r"""One argument as a word of a shell command; with $'...' (bash, ksh, zsh) where it is not printable.

    >>> quote("plain.txt"), quote("two words"), quote("a\nb")
    ('plain.txt', "'two words'", "$'a\\nb'")
    """
    cdef _Out out = _Out()
    _append_word(out, argument, False)
    return out.text()


def command_line(tuple argv):
    """The arguments as one shell command: the first of them is what is run, whatever it looks like.

    >>> command_line(("A=b", "A=b", "-x"))
    "'A=b' A=b -x"
    """
    cdef _Out out = _Out()
    cdef bint first = True
    for argument in argv:
        if not first:
            out.more(1)[0] = 32
            out.used += 1
        _append_word(out, argument, first)
        first = False
    return out.text()


def harmless_json(bytes lines):
    r"""JSON with a `\\uNNNN` for each character that is not printable and each DEL; the lines' ends stay.

    >>> harmless_json('{"path":"/\u202e"}'.encode())
    b'{"path":"/\\u202e"}'
    """
    cdef char *start = NULL
    cdef Py_ssize_t size = 0
    PyBytes_AsStringAndSize(lines, &start, &size)
    cdef size_t growth = json_growth(<const unsigned char *>start, size)
    if not growth:
        return lines
    cdef _Out out = _Out()
    out.used = escape_json(<const unsigned char *>start, size, out.more(size + growth))
    return PyBytes_FromStringAndSize(out.start, out.used)
