# What is known of the processes of events; part of _records.pyx.

cdef int _place(CompiledPlan compiled, key_place_t *place, parts) except -1:
    """Where a key is in the header of each record: one number or two."""
    for i, (at, size) in enumerate(parts):
        if i > 1 or not 0 < size <= 8 or at + 8 > compiled.plan.kind_at + 2:  # each record has so many bytes
            raise ValueError("no key that a record has")
        place.at[i], place.mask[i] = at, (1 << 8 * size) - 1
    return 0


@cython.no_gc_clear  # its end reads the plan
cdef class Fold:
    """Learns what records of some kinds say, for the lines of others. `kinds`: of each its number, where its key is, which
    other kinds have that (bit n stands for number n), and the places of the fields that are shown. One thread uses it.
    """

    cdef CompiledPlan compiled
    cdef fold_t fold
    cdef writer_t writer
    cdef uint64_t numbers

    def __cinit__(self, CompiledPlan compiled not None, kinds):
        cdef fold_kind_t *made
        self.compiled = compiled
        writer_init(&self.writer, &compiled.plan, True)
        if not fold_init(&self.fold):
            raise MemoryError
        if len(kinds) > FOLD_KINDS:
            raise ValueError("too many kinds of events")
        for number, key, having, steps in kinds:
            made = &self.fold.kinds[self.fold.count]
            if compiled.plan.events[<size_t>number] == NULL or len(steps) > FOLD_STEPS:
                raise ValueError(f"event number {number}")
            made.number, made.having, made.count = number, having, len(steps)
            _place(compiled, &made.key, key)
            for i, step in enumerate(steps):
                if step >= compiled.plan.events[<size_t>number].count:
                    raise ValueError(f"field number {step}")
                made.steps[i] = step
            self.numbers |= <uint64_t>1 << <uint64_t>number
            self.fold.count += 1

    def __dealloc__(self):
        writer_free(&self.writer)
        fold_free(&self.fold)

    def learn(self, data):
        """From the records of these kinds; the others say nothing."""
        cdef records_t records = _records_in(data)
        cdef record_t record
        while next_record(&self.compiled.plan, &records.at, records.end, &record) > 0:
            if self.numbers >> record.event.number & 1 and not fold_learn(&self.fold, &self.writer, record):
                self.writer.made.failed = False
                raise MemoryError


@cython.no_gc_clear
cdef class Seen:
    """Of whom something was told. `kinds` are as those of `Fold`; `pid_at`: where a record has its process id."""

    cdef CompiledPlan compiled
    cdef seen_t seen
    cdef uint32_t pid_at
    cdef object last   # for whom the answer is
    cdef list answer

    def __cinit__(self, CompiledPlan compiled not None, kinds, uint32_t pid_at):
        cdef seen_kind_t *made
        self.compiled, self.pid_at = compiled, pid_at
        if not seen_init(&self.seen):
            raise MemoryError
        if len(kinds) > FOLD_KINDS:
            raise ValueError("too many kinds of events")
        for _, key, having, _ in kinds:
            made = &self.seen.kinds[self.seen.count]
            made.having = having
            _place(compiled, &made.key, key)
            self.seen.count += 1

    def __dealloc__(self):
        seen_free(&self.seen)

    def __len__(self):
        return self.seen.used

    def unseen(self, data, token):
        """Of whom nothing was told yet that these records name: for each `(place of the kind, key, its second part, a process
        of it)`. From now on it was told. For the same token once more the answer is the same: a signal's handler may have
        raised before the caller had it.
        """
        if token is not self.last:
            self.answer = self._unseen(data)
            self.last = token
        return self.answer

    cdef list _unseen(self, data):
        cdef records_t records = _records_in(data)
        cdef record_t record
        cdef wire_key_t key
        cdef size_t kind
        cdef list found = []
        while next_record(&self.compiled.plan, &records.at, records.end, &record) > 0:
            for kind in range(self.seen.count):
                if seen_add(&self.seen, kind, record):
                    key = key_of(record, &self.seen.kinds[kind].key)
                    found.append((kind, key.first, key.second, read_unsigned(record.at + self.pid_at, 4)))
        return found

    def forget(self):
        """Nothing was told."""
        seen_forget(&self.seen)
