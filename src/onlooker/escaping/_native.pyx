# cython: language_level=3, binding=False, boundscheck=False, wraparound=False
"""What `escape.h` does, for Python's texts: a `str` as os.fsdecode gives it."""

from libc.stdint cimport uint32_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy


cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object, Py_ssize_t *) except NULL
    Py_ssize_t PyUnicode_GetLength(object) except -1
    Py_UCS4 *PyUnicode_AsUCS4(object, Py_UCS4 *, Py_ssize_t, int) except NULL
    object PyUnicode_DecodeUTF8(const char *, Py_ssize_t, const char *)


cdef extern from "escape.h" nogil:
    const char *UNICODE_VERSION
    int is_printable(unsigned code)
    size_t plain_run(const unsigned char *text, size_t n, unsigned char one, unsigned char other)
    size_t escape_text(const unsigned char *text, size_t n, char *out)
    size_t quote_word(const unsigned char *text, size_t n, char *out)
    size_t quote_command(const unsigned char *text, size_t n, char *out)
    size_t bytes_of(const uint32_t *codes, size_t n, unsigned char *out)


cdef enum:
    USUAL = 1024  # bytes; more takes memory from the heap

unicode_version = UNICODE_VERSION.decode()


def printable(unsigned code):
    """Whether the character of that number is written as it is."""
    return is_printable(code & 0x1FFFFF) != 0 if code <= 0x10FFFF else False


cdef class _Exact:
    """A text's bytes."""

    cdef str owner
    cdef unsigned char usual[USUAL]
    cdef void *heap
    cdef size_t room
    cdef const unsigned char *start
    cdef size_t size

    def __cinit__(self):
        self.heap = NULL
        self.room = 0

    def __dealloc__(self):
        free(self.heap)

    cdef int load(self, str text) except -1:
        cdef Py_ssize_t count = 0
        cdef Py_UCS4 *codes
        self.owner = text
        if text.isascii():
            self.start = <const unsigned char *>PyUnicode_AsUTF8AndSize(text, &count)
            self.size = count
            return 0
        # not by Python's codecs: an exception for each text that is not UTF-8 costs more than all the rest
        count = PyUnicode_GetLength(text)
        cdef size_t wanted = 8 * (count + 1)  # four bytes for each character as Python has it, and four as it was
        if wanted <= USUAL:
            codes = <Py_UCS4 *>self.usual
        else:
            if wanted > self.room:
                free(self.heap)
                self.room = 0
                self.heap = malloc(wanted)
                if self.heap == NULL:
                    raise MemoryError
                self.room = wanted
            codes = <Py_UCS4 *>self.heap
        PyUnicode_AsUCS4(text, codes, count + 1, 1)
        self.start = <const unsigned char *>(codes + count + 1)
        self.size = bytes_of(<const uint32_t *>codes, count, <unsigned char *>(codes + count + 1))
        return 0


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
        cdef size_t room
        if most > self.room - self.used:
            room = max(2 * self.room, self.used + most)
            grown = <char *>(malloc(room) if self.start == self.usual else realloc(self.start, room))
            if grown == NULL:
                raise MemoryError
            if self.start == self.usual:
                memcpy(grown, self.usual, self.used)
            self.start = grown
            self.room = room
        return self.start + self.used

    cdef str text(self):
        return PyUnicode_DecodeUTF8(self.start, self.used, NULL)


cdef int _append_word(_Out out, _Exact exact, bint command) except -1:
    cdef char *to = out.more(5 * exact.size + 4)
    out.used += (quote_command if command else quote_word)(exact.start, exact.size, to)
    return 0


def escape(str text):
    r"""For names and paths.

    >>> escape("/tmp/a b\x1b[31m\n")
    '/tmp/a b\\x1b[31m\\n'
    """
    cdef Py_ssize_t size = 0
    cdef const char *start
    if text.isascii():
        start = PyUnicode_AsUTF8AndSize(text, &size)
        if plain_run(<const unsigned char *>start, size, 92, 92) == <size_t>size:  # a backslash
            return text
    cdef _Exact exact = _Exact()
    cdef _Out out = _Out()
    exact.load(text)
    out.used = escape_text(exact.start, exact.size, out.more(4 * exact.size))
    return out.text()


def quote(str argument):
    r"""One argument as a word of a shell command; with $'...' (bash, ksh, zsh) where it is not printable.

    >>> quote("plain.txt"), quote("two words"), quote("a\nb")
    ('plain.txt', "'two words'", "$'a\\nb'")
    """
    cdef _Exact exact = _Exact()
    cdef _Out out = _Out()
    exact.load(argument)
    _append_word(out, exact, False)
    return out.text()


def command_line(tuple argv):
    """The arguments as one shell command: the first of them is what is run, whatever it looks like.

    >>> command_line(("A=b", "A=b", "-x"))
    "'A=b' A=b -x"
    """
    cdef _Exact exact = _Exact()
    cdef _Out out = _Out()
    cdef bint first = True
    for argument in argv:
        if not first:
            out.more(1)[0] = 32
            out.used += 1
        exact.load(argument)
        _append_word(out, exact, first)
        first = False
    return out.text()
