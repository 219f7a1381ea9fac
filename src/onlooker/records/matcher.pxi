# Which records an expression asks for; part of _records.pyx.

cdef enum:
    MOST_KIN = 4096  # tests of the kin of processes, in all expressions together

@cython.no_gc_clear
cdef class Matcher(Memory):
    """An expression as C has it: `programs`, by number of event, are as `onlooker.filters.compile` makes them. Records of
    other events match. It never changes, and all threads may use the same; but where it asks for the kin of processes,
    or for what is known of users and containers, one thread uses it. Then `learn(record, offset_ns)` gives the answers for the
    process of a record, a bit each: it is called for each record of the kinds `learned` (bit n stands for number n), which
    may change them, and for the first of each process. `context`: which events of the stream say what is known, as for `Fold`; what makes bits of such a
    record; and, or None, what finds the bits of one that did not come, by the place of the event, its key and a process's id.
    """

    cdef CompiledPlan compiled
    cdef program_t programs[64]
    cdef kin_t kin
    cdef object learn
    cdef uint64_t learned
    cdef size_t pid_at, start_at
    cdef answers_t answers
    cdef object bits
    cdef object find
    cdef uint64_t telling   # the events that say what is known
    cdef bint can_find

    def __cinit__(self, CompiledPlan compiled not None, programs, learn=None, uint64_t learned=0, offsets=(0, 0), context=None):
        cdef size_t number
        self.compiled = compiled
        self.learn, self.learned = learn, learned
        self.pid_at, self.start_at = offsets
        self.kin.words = 1
        if context is not None:
            self._ask_for(context[0], context[1], context[2])
        for number in range(KINDS):
            self.programs[number].first = ACCEPT
        for number, (sources, asks, first, roots) in programs.items():
            if number >= KINDS or compiled.plan.events[number] == NULL:
                raise ValueError(f"event number {number}")
            self._fill(&self.programs[number], compiled.plan.events[number], sources, asks, first, roots)
        if learn is not None and not kin_init(&self.kin, self.kin.words):
            raise MemoryError

    cdef int _ask_for(self, kinds, bits, find) except -1:
        cdef answers_kind_t *made
        self.bits, self.find, self.can_find = bits, find, find is not None
        if not answers_init(&self.answers):
            raise MemoryError
        if len(kinds) > ANSWERS_KINDS:
            raise ValueError("too many kinds of events")
        for number, key, having, _ in kinds:
            made = &self.answers.kinds[self.answers.count]
            made.number, made.having = number, having
            _place(self.compiled, &made.key, key)
            self.telling |= <uint64_t>1 << <uint64_t>number
            self.answers.count += 1
        return 0

    def forget(self):
        """What was known of users and containers, where more may be known now."""
        if self.answers.slots != NULL:
            answers_forget(&self.answers)

    cdef int _learn_of(self, record_t record, const unsigned char *start, size_t length) except -1:
        """What a record says of a user or a control group."""
        cdef size_t kind
        for kind in range(self.answers.count):
            if self.answers.kinds[kind].number == record.event.number:
                bits = self.bits(kind, PyBytes_FromStringAndSize(<const char *>start, length))
                answers_set(&self.answers, kind, key_of(record, &self.answers.kinds[kind].key), bits)
        return 0

    cdef int _find_unknown(self, record_t record) except -1:
        """What is not known yet of a record's process."""
        cdef size_t kind
        cdef uint64_t bits
        cdef wire_key_t key
        for kind in range(self.answers.count):
            key = key_of(record, &self.answers.kinds[kind].key)
            if not answers_find(&self.answers, kind, key, &bits):
                answers_set(&self.answers, kind, key, self.find(kind, key.first, key.second, self._pid(record)))
        return 0

    cdef int _look_up(self, record_t record, match_t *match, const unsigned char *start, size_t length) except -1 nogil:
        """What is known of the user and the control group of a record's process; or what it says itself of some."""
        if self.telling >> record.event.number & 1:
            with gil:
                self._learn_of(record, start, length)
        elif not self._known(record, &match.context) and self.can_find:
            with gil:
                self._find_unknown(record)
            self._known(record, &match.context)
        return 0

    cdef bint _known(self, record_t record, uint64_t *found) noexcept nogil:
        """Whether all is known that is asked of a record's process."""
        cdef size_t kind
        cdef uint64_t bits
        cdef bint is_known = True
        found[0] = 0
        for kind in range(self.answers.count):
            if not self.answers.kinds[kind].having >> record.event.number & 1:
                return True  # an event of no process: none of the kinds
            if answers_find(&self.answers, kind, key_of(record, &self.answers.kinds[kind].key), &bits):
                found[0] |= bits
            else:
                is_known = False
        return is_known

    cdef int _fill(self, program_t *program, event_t *event, sources, asks, uint32_t first, roots) except -1:
        cdef source_t *source = <source_t *>self.array(len(sources), sizeof(source_t))
        cdef ask_t *ask = <ask_t *>self.array(len(asks), sizeof(ask_t))
        cdef root_t *root = <root_t *>self.array(len(roots), sizeof(root_t))
        program.sources, program.sources_count, program.asks, program.first = source, len(sources), ask, first
        program.roots, program.roots_count = root, len(roots)
        for i, (steps, form) in enumerate(sources):
            source[i].steps, source[i].count, source[i].form = self._steps(steps, event), len(steps), form
        for i, (number, at) in enumerate(roots):
            root[i].number, root[i].first = number, at
        for i, (op, where, negated, ignore_case, ranges, patterns, yes, no, test) in enumerate(asks):
            ask[i].op, ask[i].source, ask[i].is_negated, ask[i].ignores_case = op, where, negated, ignore_case
            ask[i].yes, ask[i].no, ask[i].test = yes, no, test
            program.tests_count = max(program.tests_count, test + 1)
            if op == ASK_CONTEXT and where >= 64:
                raise ValueError(f"test number {where} of users and control groups")
            if op == ASK_KIN:
                if where >= MOST_KIN:
                    raise ValueError(f"test number {where} of kin")
                self.kin.words = max(self.kin.words, where // 64 + 1)
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
        for i, (text, bits, mask, glob, regex) in enumerate(patterns):
            made[i].text, made[i].bits, made[i].mask = self.text(text), bits, mask
            if glob is not None:
                made[i].begin, made[i].end = self.text(glob.begin), self.text(glob.end)
                made[i].text = self.text(glob.part)
                made[i].states, made[i].words = glob.states, len(glob.skips) // 8
                words[0] = max(words[0], made[i].words)
                made[i].moves, made[i].names = self._states(glob.moves), self._states(glob.names)
                made[i].deep, made[i].skips = self._states(glob.deep), self._states(glob.skips)
            if regex is not None:
                self._automaton(&made[i], regex.classes, regex.class_count, regex.moves, regex.ends)
        return made

    cdef int _automaton(self, pattern_t *made, bytes classes, size_t count, bytes moves, bytes ends) except -1:
        cdef size_t states = len(ends), i
        cdef uint16_t *next = <uint16_t *>self.array(len(moves) // 2, sizeof(uint16_t))
        memcpy(next, PyBytes_AsString(moves), len(moves))
        if len(classes) != 256 or len(moves) != 2 * count * states or states < 3 or max(classes) >= count:
            raise ValueError("not an automaton")
        for i in range(count * states):
            if next[i] >= states:
                raise ValueError("not an automaton")
        made.classes = <const unsigned char *>self.text(classes).at
        made.ends = <const unsigned char *>self.text(ends).at
        made.next, made.classes_count = next, count
        return 0

    cdef uint64_t *_states(self, bytes sets) except NULL:
        cdef uint64_t *made = <uint64_t *>self.array(len(sets) // 8, 8)
        memcpy(made, PyBytes_AsString(sets), len(sets))
        return made

    def __dealloc__(self):
        kin_free(&self.kin)
        free(self.answers.slots)

    cdef bint _is_known(self, record_t record, match_t *match) noexcept nogil:
        """Whether the bits of a record's process are known, and do not change with it; those of a loss are none."""
        cdef size_t number = record.event.number
        if self.learned >> number & 1:
            return False
        if self.programs[number].first == ACCEPT and not self.programs[number].roots_count:
            return True
        match.kin = kin_find(&self.kin, self._pid(record), self._start(record))
        return match.kin != NULL

    cdef uint32_t _pid(self, record_t record) noexcept nogil:
        return <uint32_t>read_unsigned(record.at + self.pid_at, 4)

    cdef uint64_t _start(self, record_t record) noexcept nogil:
        return read_unsigned(record.at + self.start_at, 8)

    cdef int _learn(self, record_t record, match_t *match, const unsigned char *start, size_t length) except -1:
        bits = self.learn(PyBytes_FromStringAndSize(<const char *>start, length), match.offset_ns)
        words = bits.to_bytes(8 * self.kin.words, "little")
        cdef uint64_t *known = kin_set(&self.kin, self._pid(record), self._start(record))
        memcpy(known, PyBytes_AsString(words), 8 * self.kin.words)
        match.kin = known
        return 0

    def matching(self, data, int64_t offset_ns):
        """The records of a batch that match; None where all do."""
        cdef records_t records = _records_in(data)
        cdef const unsigned char *start = records.at
        cdef const unsigned char *before = records.at
        cdef const unsigned char *kept = records.at  # what matches from here on is not written yet
        cdef record_t record
        cdef match_t match
        cdef bint has_kin = self.learn is not None
        cdef bint has_context = self.bits is not None
        cdef Buffer made = _buffer(OF_RECORDS, 4 * (records.end - records.at))
        cdef bint is_ready = match_init(&match, &self.compiled.plan, self.programs, offset_ns)
        try:
            with nogil:
                while is_ready and next_record(&self.compiled.plan, &records.at, records.end, &record) > 0:
                    if has_kin and not self._is_known(record, &match):
                        with gil:
                            self._learn(record, &match, before, records.at - before)
                    if has_context:
                        self._look_up(record, &match, before, records.at - before)
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


@cython.no_gc_clear
cdef class Finder(Matcher):
    """Several expressions as C has them: `programs` have a root for each, and of a record's tests each is asked once."""

    def found(self, data, int64_t offset_ns):
        """`(start, end, numbers)` of each record that some of the expressions ask for: where it is in the data, with its
        length and padding, and the numbers of the expressions.
        """
        cdef records_t records = _records_in(data)
        cdef const unsigned char *start = records.at
        cdef const unsigned char *before = records.at
        cdef record_t record
        cdef match_t match
        cdef size_t most = 1, count, number, i
        cdef bint has_kin = self.learn is not None
        cdef bint has_context = self.bits is not None
        cdef uint32_t *numbers
        cdef bint is_ready = match_init(&match, &self.compiled.plan, self.programs, offset_ns)
        cdef list found = []
        for number in range(KINDS):
            most = max(most, self.programs[number].roots_count)
        numbers = <uint32_t *>calloc(most, sizeof(uint32_t))
        try:
            with nogil:
                while is_ready and numbers and next_record(&self.compiled.plan, &records.at, records.end, &record) > 0:
                    if has_kin and not self._is_known(record, &match):
                        with gil:
                            self._learn(record, &match, before, records.at - before)
                    if has_context:
                        self._look_up(record, &match, before, records.at - before)
                    count = matches_of_all(&match, record, numbers)
                    if count:
                        with gil:
                            found.append((before - start, records.at - start, [numbers[i] for i in range(count)]))
                    before = records.at
            if not is_ready or numbers == NULL or match.failed:
                raise MemoryError
        finally:
            free(numbers)
            match_free(&match)
        return found
