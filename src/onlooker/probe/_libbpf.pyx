# cython: language_level=3, binding=False
"""The probe in the kernel: load it, configure it, attach it, drain its ring. Over libbpf 1.0 or newer.

Errors of the kernel are OSError with its errno; policy and wording are in `live.py`.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset
from posix.mman cimport MAP_FAILED, MAP_SHARED, PROT_READ, PROT_WRITE, mmap, munmap
from posix.unistd cimport getpid

import os
import time


cdef enum:
    LINKS = 128
MOST_LINKS = LINKS  # of one probe: one for each program at each place
ENDING_SECONDS = 1.0  # for processes in the midst of their end, which takes long if they have much memory


def libbpf_version():
    """`(major, minor)` of the libbpf that is linked."""
    return libbpf_major_version(), libbpf_minor_version()


def possible_cpus():
    """How many processors the machine may ever have. A per-cpu map has that many values."""
    cdef int cpus = libbpf_num_possible_cpus()
    _check(cpus, "cpus")
    return cpus


def log():
    """What libbpf and the verifier have printed since the last object was opened."""
    return log_text[:log_used].decode("utf-8", "replace")


cdef _check(int result, str what):
    if result < 0:
        raise OSError(-result, os.strerror(-result), what)


def enable_stats():
    """A descriptor: as long as it is open, the kernel measures how long programs run. bpf(2), BPF_ENABLE_STATS."""
    cdef int descriptor = bpf_enable_stats(0)  # BPF_STATS_RUN_TIME

    _check(descriptor, "measure how long programs run")
    return descriptor


cdef class Probe:
    """One BPF object and everything attached. `close` detaches everything; so does the end of the process."""

    cdef bpf_object *_object
    cdef dict _sections
    cdef bpf_link *_links[LINKS]
    cdef readonly bytes rules
    cdef size_t _link_count
    cdef reader _reader
    cdef bint _has_reader
    cdef block *_oldest  # given by `drain`, and not yet `drained`
    cdef int _pid  # the process of the reader's thread
    cdef uint64_t *_counters
    cdef size_t _kinds, _reasons
    cdef tree_state *_tree

    def __cinit__(self):
        self._reader.bell.map = self._reader.bell.stop = self._reader.filled = -1

    def __init__(self, bytes image):
        """Open the object file's bytes; nothing reaches the kernel yet."""
        cdef bpf_object_open_opts opts
        cdef bpf_program *program = NULL
        log_start()
        memset(&opts, 0, sizeof(opts))
        opts.sz = sizeof(opts)
        opts.object_name = b"onlooker"
        self._object = bpf_object__open_mem(<const char *>image, len(image), &opts)
        if self._object == NULL:
            raise OSError(errno, os.strerror(errno), "BPF object")
        self._sections = {}
        while True:
            program = bpf_object__next_program(self._object, program)
            if program == NULL:
                break
            section = (<bytes>bpf_program__section_name(program)).decode()
            self._sections[(<bytes>bpf_program__name(program)).decode()] = section

    def __dealloc__(self):
        self._release(True)

    cdef bpf_map *_map(self, str name) except NULL:
        self._alive()
        cdef bpf_map *found = bpf_object__find_map_by_name(self._object, name.encode())
        if found == NULL:
            raise KeyError(name)
        return found

    cdef bpf_program *_program(self, str name) except NULL:
        self._alive()
        cdef bpf_program *found = bpf_object__find_program_by_name(self._object, name.encode())
        if found == NULL:
            raise KeyError(name)
        return found

    cdef int _alive(self) except -1:
        if self._object == NULL:
            raise ValueError("the probe is closed")
        return 0

    @property
    def programs(self):
        """Each program in the object, with its section, which says what it attaches to."""
        return dict(self._sections)

    @property
    def maps(self):
        """For each map: name, type (enum bpf_map_type), bytes of a key and of a value, entries, flags."""
        cdef bpf_map *each = NULL
        self._alive()
        found = []
        while True:
            each = bpf_object__next_map(self._object, each)
            if each == NULL:
                return found
            found.append(((<bytes>bpf_map__name(each)).decode(), bpf_map__type(each), bpf_map__key_size(each),
                          bpf_map__value_size(each), bpf_map__max_entries(each), bpf_map__map_flags(each)))

    def map_descriptor(self, str name):
        """The descriptor of a loaded map; it stays the probe's."""
        return bpf_map__fd(self._map(name))

    @property
    def wire_version(self):
        """What the header that the probe was compiled with says."""
        cdef size_t size
        cdef uint32_t *value = <uint32_t *>bpf_map__initial_value(self._map(".rodata.wire"), &size)
        if value == NULL or size < sizeof(uint32_t):
            raise ValueError("the object's version has another size")
        return value[0]

    def configure(self, *, uint64_t ring_bytes, uint64_t headroom_bytes, uint64_t watermark_bytes,
                  uint64_t argv_bytes, uint32_t kinds_by_sys_exit, uint32_t kinds_by_call_exit,
                  uint32_t kinds_by_call_return, bytes calls, bytes few_comms, int few_comms_count, int cgroups, int exes,
                  bint rules, uint32_t kinds,
                  bint follow, bint detach, bint by_comm, bint by_pid, bint by_uid, bint failed, bint threads,
                  bint resolve_paths):
        """Set the probe's knobs (bpf/config.h); before `load`. Sizes in bytes; ring and watermark are powers of two.

        `calls` is what `syscalls.table` makes, `few_comms` the names in it and then a mask for each.
        """
        cdef size_t size
        cdef config *knobs = <config *>bpf_map__initial_value(self._map(".rodata.config"), &size)
        if knobs == NULL or size < sizeof(config):
            raise ValueError("the object's configuration has another size")
        knobs.ring_bytes = ring_bytes
        knobs.headroom_bytes = headroom_bytes
        knobs.watermark_bytes = watermark_bytes
        knobs.argv_bytes = argv_bytes
        knobs.kinds_by_sys_exit = kinds_by_sys_exit
        knobs.kinds_by_call_exit = kinds_by_call_exit
        knobs.kinds_by_call_return = kinds_by_call_return
        knobs.kinds = kinds
        knobs.follow = follow
        knobs.detach = detach
        knobs.by_comm = by_comm
        knobs.by_pid = by_pid
        knobs.by_uid = by_uid
        knobs.failed = failed
        knobs.threads = threads
        knobs.resolve_paths = resolve_paths
        knobs.few_comms = few_comms_count
        knobs.cgroups = cgroups
        knobs.exes = exes
        knobs.rules = rules
        self._set_table(".rodata.calls", calls)
        self._set_table(".rodata.comms", few_comms)
        _check(bpf_map__set_max_entries(self._map("ring"), ring_bytes), "ring")

    cdef _set_table(self, str name, bytes content):
        cdef size_t size
        cdef void *table = bpf_map__initial_value(self._map(name), &size)
        if table == NULL or size != <size_t>len(content):
            raise ValueError(f"the object's {name} has another size")
        memcpy(table, <const char *>content, size)

    def size_map(self, str name, uint32_t entries):
        """How many entries a map can hold; before `load`."""
        _check(bpf_map__set_max_entries(self._map(name), entries), name)

    def load(self, programs):
        """Load the named programs and all maps; the kernel's verifier checks them."""
        cdef int error
        for name in self._sections:
            _check(bpf_program__set_autoload(self._program(name), name in programs), name)
        with nogil:
            error = bpf_object__load(self._object)
            heap_trim()  # libbpf has read 5 MB of the kernel's types into 11 MB of memory
        _check(error, "loading")

    def update(self, str name, bytes key, bytes value):
        """Set one entry of a map."""
        _check(
            bpf_map__update_elem(self._map(name), <const char *>key, len(key), <const char *>value, len(value), 0), name
        )

    def enable(self, bint enabled):
        """Start or stop reporting, in all programs at once. Any thread may call it."""
        cdef uint32_t key = 0, value = enabled
        _check(bpf_map__update_elem(self._map(".data.enabled"), &key, 4, &value, 4, 0), "enabled")

    def set_rules(self, bytes rules, bint attached=True):
        """Use other rules (struct rules in bpf/config.h) from now on. Returns when no program asks the ones before; where
        none is `attached` yet, at once. `rules` says which are in use, also after an exception such as a signal's.
        """
        cdef uint32_t key = 0, half
        cdef bpf_map *active = self._map(".data.rules")
        self._alive()
        _check(bpf_map_lookup_elem(bpf_map__fd(active), &key, &half), "rules")
        half = (half + 1) % RULE_HALVES
        self.update("rules", (<char *>&half)[:4], rules)
        _check(bpf_map__update_elem(active, &key, sizeof(key), &half, sizeof(half), 0), "rules")
        self.rules = rules
        if attached:
            self.wait_for_programs()

    def wait_for_programs(self):
        """Wait until whatever programs run now have ended."""
        with nogil:
            wait_for_programs()

    def settle(self):
        """After the end: wait until no program runs that still reports, and end the thread that empties the ring."""
        with nogil:
            wait_for_programs()
            reader_stop(&self._reader)

    def entries(self, str name):
        """All of a hash map, each key with its value; or most of it, while programs change it."""
        cdef bpf_map *found = self._map(name)
        cdef int fd = bpf_map__fd(found)
        cdef bytearray key = bytearray(bpf_map__key_size(found)), value = bytearray(bpf_map__value_size(found))
        cdef char *at = NULL
        entries = {}
        while not bpf_map_get_next_key(fd, at, <char *>key):
            at = key
            if not bpf_map_lookup_elem(fd, at, <char *>value):
                entries[bytes(key)] = bytes(value)
        return entries

    def run(self, str name, *args):
        """Run a program once, here and now, with numbers as its arguments."""
        cdef bpf_test_run_opts opts
        cdef uint64_t context[4]
        for i, number in enumerate(args):
            context[i] = number
        memset(&opts, 0, sizeof(opts))
        opts.sz = sizeof(opts)
        if args:
            opts.ctx_in, opts.ctx_size_in = context, len(args) * sizeof(uint64_t)
        _check(bpf_prog_test_run_opts(bpf_program__fd(self._program(name)), &opts), name)

    cdef _keep(self, bpf_link *link, str name):
        if link == NULL:
            raise OSError(errno, os.strerror(errno), name)
        if self._link_count == LINKS:
            bpf_link__destroy(link)
            raise ValueError("too many programs")
        self._links[self._link_count] = link
        self._link_count += 1

    def attach(self, str name):
        """Attach a program where its section says."""
        cdef bpf_program *program = self._program(name)
        cdef bpf_link *link
        with nogil:
            link = bpf_program__attach(program)
        self._keep(link, name)

    def attach_tracepoint(self, str name, uint64_t id):
        """Attach a program to the tracepoint of that id (tracefs: events/SYSTEM/EVENT/id)."""
        cdef bpf_program *program = self._program(name)
        cdef bpf_link *link
        cdef int fd = open_tracepoint(id)
        if fd < 0:
            raise OSError(errno, os.strerror(errno), name)
        with nogil:
            link = bpf_program__attach_perf_event(program, fd)
        if link == NULL:
            error = errno
            os.close(fd)
            raise OSError(error, os.strerror(error), name)
        self._keep(link, name)

    def attach_functions(self, str name, cookies):
        """Attach a program where functions of the kernel are entered, or return, as its section says: all or none. Each
        is given with its cookie.
        """
        cdef bpf_program *program = self._program(name)
        cdef bpf_kprobe_multi_opts opts
        cdef bpf_link *link
        cdef size_t i, count = len(cookies)
        cdef list names = [function.encode() for function in cookies]
        memset(&opts, 0, sizeof(opts))
        opts.sz = sizeof(opts)
        opts.cnt = count
        opts.retprobe = bpf_program__section_name(program).startswith(b"kretprobe")
        cdef const char **functions = <const char **>calloc(count, sizeof(char *))
        cdef uint64_t *numbers = <uint64_t *>calloc(count, sizeof(uint64_t))
        try:
            if functions == NULL or numbers == NULL:
                raise MemoryError
            for i, (function, cookie) in enumerate(zip(names, cookies.values())):
                functions[i], numbers[i] = function, cookie
            opts.syms, opts.cookies = functions, numbers
            with nogil:
                link = bpf_program__attach_kprobe_multi_opts(program, NULL, &opts)
            self._keep(link, name)
        finally:
            free(functions)
            free(numbers)

    def open_ring(self, size_t ring_bytes, size_t batch_bytes, size_t longest_bytes, size_t backlog_bytes):
        """Map the ring; `start_reader` empties it.

        `drain` gives some `batch_bytes` at once, more only for one record of up to `longest_bytes`; what was taken out
        of the ring and not given yet is at most `backlog_bytes`.
        """
        self._reader.backlog.batch, self._reader.backlog.room = batch_bytes, batch_bytes + longest_bytes
        self._reader.backlog.most = backlog_bytes
        self._has_reader = True
        self._pid = getpid()
        _check(reader_init(&self._reader), "reader")
        _check(ring_open(&self._reader.ring, bpf_map__fd(self._map("ring")), ring_bytes), "ring")
        _check(
            doorbell_open(&self._reader.bell, bpf_map__fd(self._map("doorbell")), bpf_map__fd(self._map(".data.asleep"))),
            "doorbell",
        )

    def start_reader(self):
        """Start the thread that empties the ring; it inherits the rights of this one."""
        _check(reader_start(&self._reader), "reader")

    def open_losses(self, size_t kinds, size_t reasons):
        """Get ready to read counters of that many kinds and reasons."""
        cdef size_t size
        cdef void *counters
        cdef bpf_map *found = self._map(".data.losses")
        if bpf_map__initial_value(found, &size) == NULL or size != kinds * reasons * sizeof(uint64_t):
            raise ValueError("the object's counters have another size")
        counters = mmap(NULL, size, PROT_READ, MAP_SHARED, bpf_map__fd(found), 0)
        if counters == MAP_FAILED:
            raise OSError(errno, os.strerror(errno), "losses")
        self._kinds, self._reasons, self._counters = kinds, reasons, <uint64_t *>counters
        self._reader.losses, self._reader.counters = self._counters, kinds * reasons

    def open_tree(self):
        """Get ready to see how many processes are followed."""
        cdef size_t size
        cdef bpf_map *found = self._map(".data.tree")
        if bpf_map__initial_value(found, &size) == NULL or size != sizeof(tree_state):
            raise ValueError("the object's state of followed processes has another size")
        state = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(found), 0)
        if state == MAP_FAILED:
            raise OSError(errno, os.strerror(errno), "tree")
        self._tree = <tree_state *>state
        self._reader.ended = &self._tree.ended

    def followed(self):
        """How many processes are followed."""
        self._alive()
        return self._tree.followed

    def gather(self, uint32_t root):
        """Follow a process, of that id on the machine, and what descends from it: whether there is such a process."""
        self._alive()
        self._tree.found, self._tree.root, self._tree.gathering = 0, root, 1
        deadline = time.monotonic() + ENDING_SECONDS
        try:
            self.iterate("gather")
            while self._tree.found:
                self._tree.ending, self._tree.is_last = 0, time.monotonic() > deadline
                self.iterate("gather")
                if not self._tree.ending or self._tree.is_last:
                    break
                time.sleep(0.001)
            return bool(self._tree.found)
        finally:
            self._tree.gathering = self._tree.root = self._tree.is_last = 0

    def iterate(self, str name):
        """Run a program over all that it iterates over."""
        cdef bpf_link *link = bpf_program__attach_iter(self._program(name), NULL)
        if link == NULL:
            raise OSError(errno, os.strerror(errno), name)
        try:
            descriptor = bpf_iter_create(bpf_link__fd(link))
            _check(descriptor, name)
            with os.fdopen(descriptor, "rb", buffering=0) as results:
                while results.read(4096):  # it writes nothing
                    pass
        finally:
            bpf_link__destroy(link)

    def has_ended(self):
        """Whether there is nothing left to follow."""
        return self._tree != NULL and self._tree.ended

    def fileno(self):
        """A descriptor that can be read while there is something to drain, or new losses, or after `tell`."""
        self._alive()
        return self._reader.filled

    def tell(self, bint of_the_end=False):
        """Make `fileno` readable; with `of_the_end`, nobody will wait from now on. Any thread may call it."""
        if self._has_reader and of_the_end:
            reader_tell_of_the_end(&self._reader)
        elif self._has_reader:
            reader_tell(&self._reader)

    def has_data(self):
        """Whether anything waits to be drained, or is still being written."""
        return self._has_reader and reader_has_data(&self._reader)

    def drain(self, bint now=False):
        """Records as one buffer: for each an 8-byte length, then its bytes padded to 8. The same again, and valid,
        until the call of `drained`.

        What has just come may be left for a moment, to be given together with more, but not if it is wanted `now`.
        """
        cdef block *oldest = self._oldest
        if self._has_reader and oldest == NULL:
            with nogil:
                oldest = reader_take(&self._reader, now)
            self._oldest = oldest
        if oldest != NULL:
            return PyMemoryView_FromMemory(<char *>oldest.records, oldest.used, PyBUF_READ)
        if self._has_reader and reader_has_failed(&self._reader):
            raise ValueError("the ring holds a record that is too long to be one")
        return memoryview(b"")

    def drained(self):
        """The caller has read what `drain` gave."""
        self._oldest = NULL

    def unread(self):
        """How many records were not `drained`."""
        cdef size_t count = 0
        cdef bint last = self._oldest != NULL
        if self._has_reader:
            with nogil:
                count = reader_count(&self._reader, last)
        return count

    def waiting(self):
        """Bytes in the ring, the size of the ring, bytes in the backlog, the most that may be there."""
        cdef size_t ring = 0, backlog = 0
        self._alive()
        with nogil:
            reader_waiting(&self._reader, &ring, &backlog)
        return ring, self._reader.ring.size, backlog, self._reader.backlog.most

    def total_lost(self):
        """The sum of all the probe's counters, a quick check for losses after every batch."""
        self._alive()
        return reader_total_lost(&self._reader)

    def losses(self):
        """The probe's counters: a list for each kind of event (from 0) of a count for each reason."""
        cdef size_t kind, reason
        self._alive()
        return [
            [self._counters[kind * self._reasons + reason] for reason in range(self._reasons)]
            for kind in range(self._kinds)
        ]

    def misses(self, str name):
        """How often the kernel skipped the program because one was already running on that cpu (Linux 5.12)."""
        cdef bpf_prog_info info
        cdef uint32_t length = sizeof(info)
        memset(&info, 0, sizeof(info))
        _check(bpf_obj_get_info_by_fd(bpf_program__fd(self._program(name)), &info, &length), name)
        return info.recursion_misses

    cdef void _release(self, bint is_ours) noexcept:
        """Let go of everything; detaching waits for the kernel, so it is done without the GIL."""
        cdef size_t i, count = self._link_count
        cdef bpf_object *object = self._object
        cdef bint has_reader = self._has_reader
        self._link_count = 0
        self._object = NULL
        self._has_reader = False
        self._oldest = NULL
        is_ours = is_ours and getpid() == self._pid  # C code, too, can fork: daemon(3)
        with nogil:
            if has_reader and is_ours:
                reader_close(&self._reader)
            elif has_reader:
                reader_abandon(&self._reader)
            for i in range(count):
                bpf_link__destroy(self._links[i])
            if object != NULL:
                bpf_object__close(object)
        if self._counters != NULL:
            munmap(self._counters, self._kinds * self._reasons * sizeof(uint64_t))
        self._counters = NULL
        if self._tree != NULL:
            munmap(self._tree, sizeof(tree_state))
        self._tree = NULL

    def close(self):
        """Detach and unload everything. May be called again."""
        cdef uint32_t key = 0, value = 0
        cdef bpf_map *enabled
        if self._link_count:
            # silent at once, also where another process still holds the programs
            enabled = bpf_object__find_map_by_name(self._object, ".data.enabled")
            bpf_map__update_elem(enabled, &key, 4, &value, 4, 0)
        self._release(True)

    def abandon(self):
        """In a child of fork(2): let go of what was inherited, so that the parent's end is the end. No other call is
        safe there.
        """
        self._release(False)
