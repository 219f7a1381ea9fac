# Records as columns, handed over by Arrow's C interfaces; part of _records.pyx.

@cython.no_gc_clear
cdef class TablePlan(Memory):
    """A table as C has it: `columns` as onlooker.schema.columns declares them, of the events of these numbers."""

    cdef CompiledPlan compiled
    cdef table_plan_t plan

    def __cinit__(self, CompiledPlan compiled not None, columns, numbers):
        cdef column_plan_t *made = <column_plan_t *>self.array(len(columns), sizeof(column_plan_t))
        self.compiled = compiled
        self.plan.plan, self.plan.columns, self.plan.count = &compiled.plan, made, len(columns)
        for number in numbers:
            self.plan.kinds |= <uint64_t>1 << <size_t>number
        for number, name in numbers.items():
            self.plan.names[<size_t>number] = self.text(name.encode())
        places = {one.of: place for place, one in enumerate(columns) if one.of}
        for i, one in enumerate(columns):
            self._fill(&made[i], one)
            made[i].beside = places.get(one.name, NO_COLUMN) if one.form == FORM_VALUE else NO_COLUMN

    cdef int _fill(self, column_plan_t *column, one) except -1:
        cdef size_t number
        column.type, column.form, column.is_optional = int(one.type), int(one.form), one.is_optional
        column.name = self.text(one.name.encode())
        for number in range(KINDS):
            column.steps[number] = NO_STEP
        for number, step in one.steps:
            if number >= KINDS or self.compiled.plan.events[number] == NULL or step >= self.compiled.plan.events[number].count:
                raise ValueError(f"{one.name} is no field of event number {number}")
            column.steps[number] = step
        return 0

    def schema(self):
        """A capsule for `__arrow_c_schema__`."""
        cdef ArrowSchema *made = <ArrowSchema *>calloc(1, sizeof(ArrowSchema))
        if made == NULL or table_schema(&self.plan, made) != 0:
            free(made)
            raise MemoryError
        return PyCapsule_New(made, "arrow_schema", _free_schema)


cdef void _free_schema(object capsule) noexcept:
    """Who took the schema has released it, or moved it."""
    cdef ArrowSchema *made = <ArrowSchema *>PyCapsule_GetPointer(capsule, "arrow_schema")
    if made.release != NULL:
        made.release(made)
    free(made)


cdef void _free_stream(object capsule) noexcept:
    cdef ArrowArrayStream *made = <ArrowArrayStream *>PyCapsule_GetPointer(capsule, "arrow_array_stream")
    if made.release != NULL:
        made.release(made)
    free(made)


@cython.no_gc_clear  # its end reads the table
cdef class Columns:
    """The columns of a table, of several batches one after the other. `seq` is the number of the first record that comes; all
    records count, also those that are not in the table. One thread uses it.
    """

    cdef TablePlan table
    cdef columns_t columns
    cdef bint is_broken

    def __cinit__(self, TablePlan table not None, uint64_t seq=0, size_t chunk_bytes=CHUNK_BYTES):
        self.table = table
        if not columns_init(&self.columns, &table.plan, seq, chunk_bytes):
            raise MemoryError

    def __dealloc__(self):
        if self.columns.table != NULL:
            columns_free(&self.columns)

    def __len__(self):
        """Rows that were not taken."""
        return self.columns.total + (self.columns.columns[0].rows if self.columns.table.count else 0)

    @property
    def seq(self):
        """The number of the next record."""
        return self.columns.seq

    def skip(self, uint64_t records):
        """Count records that are not in the table."""
        self.columns.seq += records

    def add(self, data, int64_t offset_ns):
        """Append the records of a batch. Raises UsageError for one that is too long for a column."""
        cdef records_t records = _records_in(data)
        cdef int error
        if self.is_broken:
            raise ValueError("an earlier batch could not be appended")
        with nogil:
            error = columns_add(&self.columns, records.at, records.end, offset_ns)
        if error:
            self.is_broken = True
            raise UsageError("a record is too long for a column") if error == EOVERFLOW else MemoryError()

    cdef int take(self, arrow_chunks_t *chunks) except -1:
        if columns_take(&self.columns, chunks) != 0:
            self.is_broken = True
            raise MemoryError
        return 0

    def stream(self):
        """All rows so far, in a capsule for `__arrow_c_stream__`; they are no longer here then."""
        cdef arrow_chunks_t chunks
        cdef ArrowArrayStream *made = <ArrowArrayStream *>calloc(1, sizeof(ArrowArrayStream))
        try:
            if made == NULL:
                raise MemoryError
            self.take(&chunks)
            if not arrow_stream_init(made, &chunks):
                raise MemoryError
        except BaseException:
            free(made)
            raise
        return PyCapsule_New(made, "arrow_array_stream", _free_stream)


cdef class _Pull:
    """What a stream has that asks for batches one by one."""

    cdef TablePlan table
    cdef object batches
    cdef arrow_chunks_t chunks
    cdef bytes error

    def __dealloc__(self):
        arrow_chunks_free(&self.chunks)

    cdef int next(self, ArrowArray *out) except -1:
        """The next chunk: those of a batch, if it has rows, then those of the next."""
        while self.chunks.next == self.chunks.count:
            arrow_chunks_free(&self.chunks)
            batch = next(self.batches, None)
            if batch is None:
                memset(out, 0, sizeof(ArrowArray))
                return 0
            columns = Columns(self.table)
            columns.add(batch.raw, batch.offset_ns)
            (<Columns>columns).take(&self.chunks)
        out[0] = self.chunks.at[self.chunks.next]
        self.chunks.next += 1
        return 0


cdef int _pull_schema(ArrowArrayStream *stream, ArrowSchema *out) noexcept with gil:
    return table_schema(&(<_Pull>stream.private_data).table.plan, out)


cdef int _pull_next(ArrowArrayStream *stream, ArrowArray *out) noexcept with gil:
    cdef _Pull pull = <_Pull>stream.private_data
    if pull.error is None:
        try:
            return pull.next(out)
        except BaseException as error:  # whoever asked knows nothing of Python
            pull.error = f"{type(error).__name__}: {error}".encode("utf-8", "replace")
    return EIO


cdef const char *_pull_error(ArrowArrayStream *stream) noexcept with gil:
    cdef _Pull pull = <_Pull>stream.private_data
    return NULL if pull.error is None else PyBytes_AsString(pull.error)


cdef void _pull_release(ArrowArrayStream *stream) noexcept with gil:
    Py_XDECREF(<PyObject *>stream.private_data)
    stream.release = NULL


def pulled(TablePlan table not None, batches):
    """A capsule for `__arrow_c_stream__` that gives a chunk for each batch of an iterator, when it is asked for it, on
    whatever thread; what is raised becomes the stream's error.
    """
    cdef ArrowArrayStream *made
    cdef _Pull pull = _Pull.__new__(_Pull)
    pull.table, pull.batches = table, batches
    made = <ArrowArrayStream *>calloc(1, sizeof(ArrowArrayStream))
    if made == NULL:
        raise MemoryError
    made.get_schema, made.get_next, made.get_last_error, made.release = _pull_schema, _pull_next, _pull_error, _pull_release
    Py_INCREF(pull)
    made.private_data = <void *>pull
    return PyCapsule_New(made, "arrow_array_stream", _free_stream)
