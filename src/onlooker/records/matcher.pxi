# Which records an expression asks for; part of _records.pyx.

@cython.no_gc_clear
cdef class Matcher(Memory):
    """An expression as C has it: `programs`, by number of event, are as `onlooker.filters.compile` makes them. Records of
    other events match. It never changes, and all threads may use the same; but where it asks for the kin of processes,
    one thread uses it. Then `learn(record, offset_ns)` gives the answers for the process of a record, a bit each: it is
    called for each record of the kinds `learned` (bit n stands for number n), which may change them, and for the first
    of each process.
    """

    cdef CompiledPlan compiled
    cdef program_t programs[64]
    cdef kin_t kin
    cdef object learn
    cdef uint64_t learned
    cdef size_t pid_at, start_at

    def __cinit__(self, CompiledPlan compiled not None, programs, learn=None, uint64_t learned=0, offsets=(0, 0)):
        cdef size_t number
        self.compiled = compiled
        self.learn, self.learned = learn, learned
        self.pid_at, self.start_at = offsets
        if learn is not None and not kin_init(&self.kin):
            raise MemoryError
        for number in range(KINDS):
            self.programs[number].first = ACCEPT
        for number, (sources, asks, first) in programs.items():
            if number >= KINDS or compiled.plan.events[number] == NULL:
                raise ValueError(f"event number {number}")
            self._fill(&self.programs[number], compiled.plan.events[number], sources, asks, first)

    cdef int _fill(self, program_t *program, event_t *event, sources, asks, uint32_t first) except -1:
        cdef source_t *source = <source_t *>self.array(len(sources), sizeof(source_t))
        cdef ask_t *ask = <ask_t *>self.array(len(asks), sizeof(ask_t))
        program.sources, program.sources_count, program.asks, program.first = source, len(sources), ask, first
        for i, (steps, form) in enumerate(sources):
            source[i].steps, source[i].count, source[i].form = self._steps(steps, event), len(steps), form
        for i, (op, where, negated, ignore_case, ranges, patterns, yes, no) in enumerate(asks):
            ask[i].op, ask[i].source, ask[i].is_negated, ask[i].ignores_case = op, where, negated, ignore_case
            ask[i].yes, ask[i].no = yes, no
            if op == ASK_KIN and where >= 64:
                raise ValueError(f"test number {where} of kin")
            ask[i].count = len(ranges) + len(patterns)  # one of them is empty
            ask[i].ranges, ask[i].patterns = self._ranges(ranges), self._patterns(patterns, &program.words)
        return 0

    cdef uint32_t *_steps(self, steps, event_t *event) except NULL:
        cdef uint32_t *made = <uint32_t *>self.array(len(steps), sizeof(uint32_t))
        for i, step in enumerate(steps):
            if step >= event.count:
                raise ValueError(f"field number {step}")
            made[i] = step
        return made

    cdef range_t *_ranges(self, ranges) except NULL:
        cdef range_t *made = <range_t *>self.array(len(ranges), sizeof(range_t))
        for i, (low, high) in enumerate(ranges):
            made[i].low, made[i].high = low, high
        return made

    cdef pattern_t *_patterns(self, patterns, size_t *words) except NULL:
        cdef pattern_t *made = <pattern_t *>self.array(len(patterns), sizeof(pattern_t))
        for i, (text, bits, mask, glob) in enumerate(patterns):
            made[i].text, made[i].bits, made[i].mask = self.text(text), bits, mask
            if glob is not None:
                made[i].begin, made[i].end = self.text(glob.begin), self.text(glob.end)
                made[i].text = self.text(glob.part)
                made[i].states, made[i].words = glob.states, len(glob.skips) // 8
                words[0] = max(words[0], made[i].words)
                made[i].moves, made[i].names = self._states(glob.moves), self._states(glob.names)
                made[i].deep, made[i].skips = self._states(glob.deep), self._states(glob.skips)
        return made

    cdef uint64_t *_states(self, bytes sets) except NULL:
        cdef uint64_t *made = <uint64_t *>self.array(len(sets) // 8, 8)
        memcpy(made, PyBytes_AsString(sets), len(sets))
        return made

    def __dealloc__(self):
        free(self.kin.slots)

    cdef bint _is_known(self, record_t record, uint64_t *bits) noexcept nogil:
        """Whether the bits of a record's process are known, and do not change with it; those of a loss are none."""
        cdef size_t number = record.event.number
        if self.programs[number].first == ACCEPT and not self.learned >> number & 1:
            return True
        return not self.learned >> number & 1 and kin_find(&self.kin, self._pid(record), self._start(record), bits)

    cdef uint32_t _pid(self, record_t record) noexcept nogil:
        return <uint32_t>read_unsigned(record.at + self.pid_at, 4)

    cdef uint64_t _start(self, record_t record) noexcept nogil:
        return read_unsigned(record.at + self.start_at, 8)

    cdef uint64_t _learned_of(self, record_t record, const unsigned char *start, size_t length, int64_t offset_ns) except? 0:
        cdef uint64_t bits = self.learn(PyBytes_FromStringAndSize(<const char *>start, length), offset_ns)
        kin_set(&self.kin, self._pid(record), self._start(record), bits)
        return bits

    def matching(self, data, int64_t offset_ns):
        """The records of a batch that match; None where all do."""
        cdef records_t records = _records_in(data)
        cdef const unsigned char *start = records.at
        cdef const unsigned char *before = records.at
        cdef const unsigned char *kept = records.at  # what matches from here on is not written yet
        cdef record_t record
        cdef match_t match
        cdef bint has_kin = self.learn is not None
        cdef Buffer made = _buffer(OF_RECORDS, 4 * (records.end - records.at))
        cdef bint is_ready = match_init(&match, &self.compiled.plan, self.programs, offset_ns)
        try:
            with nogil:
                while is_ready and next_record(&self.compiled.plan, &records.at, records.end, &record) > 0:
                    if has_kin and not self._is_known(record, &match.kin):
                        with gil:
                            match.kin = self._learned_of(record, before, records.at - before, offset_ns)
                    if not matches(&match, record):
                        out_put(&made.out, <const char *>kept, before - kept)
                        kept = records.at
                    before = records.at
                if kept != start:
                    out_put(&made.out, <const char *>kept, records.at - kept)
            if not is_ready or match.failed or made.out.failed:
                raise MemoryError
        finally:
            match_free(&match)
        return None if kept == start else made
