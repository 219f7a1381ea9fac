# Columns as records again; part of _records.pyx.

@cython.no_gc_clear  # its end reads the plan
cdef class Rebuilt:
    """The records of one event, of the rows of an Arrow stream: as in a batch, in their order, each with its number and the
    offset of its clock. `number_of(step, names)` gives the number of a field that has this name, or these, each with a NUL
    behind it; it is asked once for each. One thread uses it.
    """

    cdef CompiledPlan compiled
    cdef rows_in_t rows
    cdef object event
    cdef object number_of
    cdef object error

    def __cinit__(self, CompiledPlan compiled not None, event, number_of):
        self.compiled, self.event, self.number_of = compiled, event, number_of
        if not rows_init(&self.rows, &compiled.plan, compiled.plan.events[<size_t>event.number]):
            raise MemoryError
        self.rows.learn, self.rows.context = _learn, <void *>self

    def __dealloc__(self):
        if self.rows.plan != NULL:
            rows_free(&self.rows)

    def __len__(self):
        return self.rows.count

    @property
    def data(self):
        """The records, a copy."""
        return PyBytes_FromStringAndSize(self.rows.data.at, self.rows.data.used)

    @property
    def seqs(self):
        """The number of each."""
        return [(<uint64_t *>self.rows.seqs.at)[i] for i in range(self.rows.count)]

    @property
    def offsets(self):
        """Of the wall clock, for each."""
        return [(<int64_t *>self.rows.offsets.at)[i] for i in range(self.rows.count)]

    def read(self, capsule):
        """Append all rows of an "arrow_array_stream", which is released. Raises UsageError for columns and values that no
        record can have; then it is of no more use.
        """
        cdef ArrowArrayStream *stream = <ArrowArrayStream *>PyCapsule_GetPointer(capsule, "arrow_array_stream")
        if stream.release == NULL or self.rows.columns != NULL:
            raise UsageError("the stream was read already", "read each once")
        try:
            self._schema(stream)
            while self._next(stream):
                pass
        finally:
            stream.release(stream)

    cdef int _schema(self, ArrowArrayStream *stream) except -1:
        cdef ArrowSchema schema
        cdef const ArrowSchema *wrong
        cdef int error
        with nogil:
            error = stream.get_schema(stream, &schema)
        if error:
            self._fail(stream, error)
        wrong = rows_schema(&self.rows, &schema)
        try:
            if wrong == &schema:
                raise UsageError(f"not a table of {self.event.name}")
            if wrong != NULL:
                name, form = wrong.name.decode("utf-8", "replace"), wrong.format.decode("utf-8", "replace")
                raise UsageError(f"not a column of {self.event.name}: {name}, of Arrow's type {form!r}")
        finally:
            schema.release(&schema)
        return 0

    cdef bint _next(self, ArrowArrayStream *stream) except -1:
        cdef ArrowArray array
        cdef int error
        with nogil:
            error = stream.get_next(stream, &array)
        if error:
            self._fail(stream, error)
        if array.release == NULL:
            return False
        with nogil:
            error = rows_add(&self.rows, &array)
            array.release(&array)
        if error != ROW_FINE:
            self._refuse(error)
        return True

    cdef int _fail(self, ArrowArrayStream *stream, int error) except -1:
        cdef const char *said = stream.get_last_error(stream)
        why = PyBytes_FromStringAndSize(said, strlen(said)) if said != NULL else os.strerror(error).encode()
        raise UsageError(f"the table can't be read: {escape(why.decode('utf-8', 'replace'))}")

    cdef int _refuse(self, int error) except -1:
        if error == ROW_NO_MEMORY:
            raise MemoryError
        if error == ROW_NAME:
            try:
                raise self.error
            finally:
                self.error = None
        wrong = self.event.steps[self.rows.wrong].name if self.rows.wrong < len(self.event.steps) else "seq"
        where = f"in row {self.rows.count}"
        if error == ROW_ABSENT:
            raise UsageError(f"no value of {self.event.name}.{wrong} {where}")
        if error == ROW_VALUE:
            raise UsageError(f"not a value of {self.event.name}.{wrong} {where}")
        if error == ROW_MANY:
            raise UsageError(f"more records of {self.event.name} than fit in memory")
        raise UsageError(f"a record of {self.event.name} is too long {where}" if error == ROW_LONG else "columns that make no sense")


cdef int _learn(void *context, size_t step, text_t names, uint64_t *number) noexcept with gil:
    cdef Rebuilt rebuilt = <Rebuilt>context
    try:
        number[0] = rebuilt.number_of(rebuilt.event.steps[step], PyBytes_FromStringAndSize(names.at, names.length))
        return True
    except BaseException as error:
        rebuilt.error = error
        return False


@cython.no_gc_clear
cdef class Merge(Memory):
    """The records of several events in the order of their numbers. Raises UsageError where those of one are not in order."""

    cdef list parts
    cdef merge_t merge

    def __cinit__(self, parts):
        cdef merge_source_t *source
        cdef Rebuilt part
        self.parts = list(parts)
        self.merge.count = len(self.parts)
        self.merge.sources = source = <merge_source_t *>self.array(self.merge.count, sizeof(merge_source_t))
        for part in self.parts:
            source.at = <const unsigned char *>part.rows.data.at
            source.end = source.at + part.rows.data.used
            source.seqs, source.offsets = <const uint64_t *>part.rows.seqs.at, <const int64_t *>part.rows.offsets.at
            source.count = part.rows.count
            if not merge_is_sorted(source):
                raise UsageError(f"the rows of {part.event.name} are not in the order of seq", "ORDER BY seq")
            source += 1

    def next(self, size_t most):
        """`(records, offset of their clock)`: some `most` bytes, all of one clock. None at the end."""
        cdef int64_t offset_ns = 0
        cdef size_t count
        cdef out_t out
        memset(&out, 0, sizeof(out))
        try:
            with nogil:
                count = merge_next(&self.merge, &out, most, &offset_ns)
            if out.failed:
                raise MemoryError
            return (PyBytes_FromStringAndSize(out.at, out.used), offset_ns) if count else None
        finally:
            out_free(&out)
