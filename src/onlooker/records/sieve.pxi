# What the user wants to be left out; part of _records.pyx.

cdef class Sift:
    """Leaves records out: repetitions with `first`, and what is over `rate` (0: any) of a process in a second. `groups` and
    `errors` say, by number, which fields name the files of an event, the first that applies of each group, and which is its
    errno.
    """

    cdef sieve_t sieve
    cdef CompiledPlan compiled
    cdef object last   # the records that were sifted last, and what came of it
    cdef tuple answer

    def __cinit__(self, CompiledPlan compiled not None, bint first, uint32_t rate, groups, errors, offsets):
        cdef size_t number, group, i
        self.compiled = compiled
        self.sieve.plan = &compiled.plan
        self.sieve.pid_at, self.sieve.start_at, self.sieve.comm_at = offsets
        for number, steps_of_groups in groups.items():
            for group, steps in enumerate(steps_of_groups):
                if number >= KINDS or group >= SIEVE_GROUPS or len(steps) > SIEVE_NAMES:
                    raise ValueError(f"event number {number}")
                self.sieve.events[number].counts[group] = len(steps)
                for i, step in enumerate(steps):
                    self.sieve.events[number].names[group][i] = step
        for number, step in errors.items():
            self.sieve.events[number].has_error, self.sieve.events[number].error = True, step
        if sieve_init(&self.sieve, first, rate) < 0:
            raise MemoryError

    def __dealloc__(self):
        sieve_free(&self.sieve)

    def sifted(self, data, uint64_t kept_always):
        """`(what is left of some records, by number how many were over the rate, when the last one was)`. Those of
        the kinds `kept_always` (bit n stands for number n) are left. For the same records once more the answer is the same: a signal's handler may have raised
        before the caller had it.
        """
        if data is not self.last:
            self.answer = self._sift(data, kept_always)
            self.last = data
        return self.answer

    cdef tuple _sift(self, data, uint64_t kept_always):
        cdef records_t records = _records_in(data)
        cdef const unsigned char *before = records.at
        cdef uint64_t boot_ns = 0
        cdef record_t record
        cdef out_t out
        memset(&out, 0, sizeof(out))
        memset(self.sieve.excess, 0, sizeof(self.sieve.excess))
        try:
            with nogil:
                while next_record(self.sieve.plan, &records.at, records.end, &record) > 0:
                    if kept_always >> record.event.number & 1 or sieve_record(&self.sieve, record) == SIFTED_KEPT:
                        out_put(&out, <const char *>before, records.at - before)
                    before = records.at
                    boot_ns = read_unsigned(record.at + self.sieve.plan.boot_at, 8)
            if out.failed:
                raise MemoryError
            left = PyBytes_FromStringAndSize(out.at, out.used)
        finally:
            out_free(&out)
        return left, {number: self.sieve.excess[number] for number in range(KINDS) if self.sieve.excess[number]}, boot_ns

    def repeated(self):
        """`(how many repetitions were left out, how often the memory of what was seen started again)`."""
        return self.sieve.repeated, self.sieve.forgot

    def over(self):
        """The processes that were over the rate: `(events, pid, name)` of each."""
        cdef sieve_process_t *process
        found = []
        for i in range(self.sieve.process_room):
            process = &self.sieve.processes[i]
            if process.start_ns and process.excess:
                found.append((process.excess, process.pid, bytes(process.comm[:16]).partition(b"\0")[0]))
        return found
