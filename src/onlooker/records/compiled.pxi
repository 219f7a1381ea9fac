# A plan in C; part of _records.pyx.

@cython.no_gc_clear  # its end frees what it lists
cdef class Memory:
    """What C points to, as long as this lives."""

    cdef list kept     # bytes that are pointed to
    cdef list blocks   # of memory

    def __cinit__(self, *_):
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


@cython.no_gc_clear
cdef class CompiledPlan(Memory):
    """A plan as C has it, with the class of each event. It never changes, and all threads use the same."""

    cdef plan_t plan
    cdef list classes  # by number
    cdef dict known    # values that are made: tables of names that several fields have

    def __cinit__(self, plan, classes):
        """Raises ValueError or LookupError for a plan that can't be."""
        cdef event_t *event
        self.classes = [None] * KINDS
        self.known = {}
        self.plan.kind_at, self.plan.cut_at, self.plan.boot_at = plan.kind_at, plan.cut_at, plan.boot_at
        for each in plan.events:
            if not 0 < each.number < KINDS or self.plan.events[each.number] != NULL:
                raise ValueError(f"event number {each.number}")
            event = <event_t *>self.array(1, sizeof(event_t))
            self._fill(event, each)
            self.plan.events[each.number] = event
            self.classes[each.number] = classes[each.name]

    cdef int _fill(self, event_t *event, each) except -1:
        cdef step_t *step
        check(each)
        if max(self.plan.kind_at + 2, self.plan.cut_at + 2, self.plan.boot_at + 8) > each.bytes:
            raise ValueError(f"the header of {each.name} lies outside of the record")
        event.number, event.bytes, event.count = each.number, each.bytes, len(each.steps)
        event.can_be_cut = any(one.at == self.plan.cut_at for one in each.steps)
        event.json_head = self.text(f'{{"event":"{each.name}"'.encode())
        event.steps = <step_t *>self.array(event.count, sizeof(step_t))
        places = {one.name: place for place, one in enumerate(each.steps)}
        for i, one in enumerate(each.steps):
            if one.at + one.bytes > each.bytes:
                raise ValueError(f"{each.name}.{one.name} lies outside of the record")
            step = &event.steps[i]
            step.op, step.at, step.size = int(one.op), one.at, one.bytes
            step.of = places[one.of] if one.of else 0
            step.is_optional = one.absent is not None
            step.absent = (one.absent or 0) - (2**64 if (one.absent or 0) >= 2**63 else 0)
            step.is_omitted = one.omit
            step.key = self.text(f',"{one.name}":'.encode())
            step.key_beside = self.text(f',"{one.name}_bytes":'.encode())
            if one.values is not None:
                step.values = self._values(one.values)
        event.checked = <uint32_t *>self.array(event.count, sizeof(uint32_t))
        prepare_event(&self.plan, event)
        for phrase, pieces in ((<size_t>&event.line, each.line), (<size_t>&event.result, each.result), (<size_t>&event.details, each.details)):
            self._phrase(<phrase_t *>phrase, pieces_of(pieces, each))
            prepare_phrase(&self.plan, event, <phrase_t *>phrase)
        return 0

    cdef int _phrase(self, phrase_t *phrase, list pieces) except -1:
        cdef piece_t *piece
        phrase.count = len(pieces)
        phrase.pieces = <piece_t *>self.array(phrase.count, sizeof(piece_t))
        for i, (op, test, form, step, other, to, bits, mask, said) in enumerate(pieces):
            piece = &phrase.pieces[i]
            piece.op, piece.test, piece.format, piece.step, piece.other, piece.to = op, test, form, step, other, to
            piece.bits, piece.mask = bits, mask
            piece.text = self.text(said)
        return 0

    cdef values_t *_values(self, values) except NULL:
        cdef values_t *made
        if id(values) in self.known:
            return <values_t *><size_t>self.known[id(values)]
        made = <values_t *>self.array(1, sizeof(values_t))
        self.known[id(values)] = <size_t>made  # the plan, which holds them, lives until all is made
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
            made.before, made.after = self.text(before.encode()), self.text(after.encode())
        return made

    cdef named_t *_names(self, pairs) except NULL:
        cdef named_t *made = <named_t *>self.array(len(pairs), sizeof(named_t))
        for i, (number, name) in enumerate(pairs):
            made[i].number = number
            made[i].name = self.text(name.encode())
        return made
