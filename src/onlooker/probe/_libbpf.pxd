# cython: language_level=3
"""The C that `_libbpf.pyx` calls: libbpf, the kernel's own structures, and the headers in this directory."""

from libc.stdint cimport uint32_t, uint64_t


cdef extern from "config.h":
    enum:
        RULE_HALVES
    struct config:
        uint64_t ring_bytes
        uint64_t headroom_bytes
        uint64_t watermark_bytes
        uint64_t argv_bytes
        uint32_t kinds_by_sys_exit
        uint32_t kinds_by_call_exit
        uint32_t kinds_by_call_return
        uint32_t kinds
        unsigned char follow
        unsigned char detach
        unsigned char by_comm
        unsigned char by_pid
        unsigned char by_uid
        unsigned char failed
        unsigned char threads
        unsigned char resolve_paths
        unsigned char few_comms
        unsigned char cgroups
        unsigned char exes
        unsigned char rules


    struct tree_state:
        uint64_t followed
        uint32_t ended
        uint32_t gathering
        uint32_t root
        uint32_t found
        uint32_t ending
        uint32_t is_last


cdef extern from "log.h":
    char *log_text
    size_t log_used
    void log_start() nogil


cdef extern from "reader.h":
    struct ring:
        size_t size
    struct doorbell:
        int map
        int stop
    struct block:
        size_t used
        unsigned char *records
    struct backlog:
        size_t batch
        size_t room
        size_t most
    struct reader:
        ring ring
        doorbell bell
        backlog backlog
        const uint64_t *losses
        size_t counters
        const uint32_t *ended
        int filled
        int error
    int ring_open(ring *, int map, size_t size)
    int doorbell_open(doorbell *, int map, int asleep)
    int reader_init(reader *)
    int reader_start(reader *)
    void reader_stop(reader *) nogil
    void reader_tell(reader *) nogil
    void reader_tell_of_the_end(reader *) nogil
    uint64_t reader_total_lost(const reader *)
    block *reader_take(reader *, int now) nogil
    bint reader_has_data(reader *) nogil
    size_t reader_count(reader *, bint last) nogil
    void reader_waiting(reader *, size_t *ring, size_t *backlog) nogil
    bint reader_has_failed(reader *) nogil
    void reader_abandon(reader *) nogil
    void reader_close(reader *) nogil


cdef extern from "bpf/libbpf.h":
    struct bpf_object
    struct bpf_program
    struct bpf_map
    struct bpf_link
    struct bpf_object_open_opts:
        size_t sz
        const char *object_name
    struct bpf_kprobe_multi_opts:
        size_t sz
        const char **syms
        const uint64_t *cookies
        size_t cnt
        bint retprobe
    uint32_t libbpf_major_version()
    uint32_t libbpf_minor_version()
    bpf_object *bpf_object__open_mem(const void *, size_t, const bpf_object_open_opts *)
    int bpf_object__load(bpf_object *) nogil
    void bpf_object__close(bpf_object *) nogil
    bpf_program *bpf_object__next_program(bpf_object *, bpf_program *)
    bpf_program *bpf_object__find_program_by_name(bpf_object *, const char *)
    bpf_map *bpf_object__find_map_by_name(bpf_object *, const char *)
    bpf_map *bpf_object__next_map(const bpf_object *, const bpf_map *)
    const char *bpf_map__name(const bpf_map *)
    int bpf_map__type(const bpf_map *)
    uint32_t bpf_map__key_size(const bpf_map *)
    uint32_t bpf_map__value_size(const bpf_map *)
    uint32_t bpf_map__max_entries(const bpf_map *)
    uint32_t bpf_map__map_flags(const bpf_map *)
    const char *bpf_program__name(bpf_program *)
    const char *bpf_program__section_name(bpf_program *)
    int bpf_program__set_autoload(bpf_program *, bint)
    int bpf_program__fd(bpf_program *)
    bpf_link *bpf_program__attach(bpf_program *) nogil
    bpf_link *bpf_program__attach_perf_event(bpf_program *, int fd) nogil
    bpf_link *bpf_program__attach_kprobe_multi_opts(
        bpf_program *, const char *pattern, const bpf_kprobe_multi_opts *) nogil
    bpf_link *bpf_program__attach_iter(bpf_program *, const void *options) nogil
    int bpf_link__fd(bpf_link *)
    int bpf_link__destroy(bpf_link *) nogil
    void *bpf_map__initial_value(bpf_map *, size_t *)
    int bpf_map__set_max_entries(bpf_map *, uint32_t)
    int bpf_map__update_elem(bpf_map *, const void *, size_t, const void *, size_t, uint64_t)
    int bpf_map__fd(bpf_map *)
    int libbpf_num_possible_cpus()


cdef extern from "bpf/bpf.h":
    struct bpf_test_run_opts:
        size_t sz
        const void *ctx_in
        uint32_t ctx_size_in
    int bpf_enable_stats(int what)
    int bpf_iter_create(int link)
    int bpf_map_get_next_key(int fd, const void *key, void *next_key)
    int bpf_map_lookup_elem(int fd, const void *key, void *value)
    int bpf_prog_test_run_opts(int fd, bpf_test_run_opts *)
    int bpf_obj_get_info_by_fd(int fd, void *info, uint32_t *length)


cdef extern from "linux/bpf.h":
    struct bpf_prog_info:
        uint64_t recursion_misses


cdef extern from *:
    """
    #include <errno.h>
    #include <sched.h>
    #include <linux/membarrier.h>
    #include <linux/perf_event.h>
    #include <sys/syscall.h>
    #include <unistd.h>

    /* An event for the tracepoint of that id, on which a BPF program can be set; for all cpus, whichever online one is
     * named. */
    static int open_tracepoint(unsigned long long id)
    {
        struct perf_event_attr attr = {
            .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr), .config = id, .sample_period = 1, .wakeup_events = 1,
        };

        return syscall(SYS_perf_event_open, &attr, -1, sched_getcpu(), -1, PERF_FLAG_FD_CLOEXEC);
    }

    /* membarrier(2): waits until every cpu has been outside of the kernel's RCU sections, in which programs run. It is
     * refused with nohz_full and by some seccomp filters; then a time in which any program ends has to do. */
    static void wait_for_programs(void)
    {
        if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
            usleep(20000);
    }
    """
    int open_tracepoint(unsigned long long id)
    void wait_for_programs() nogil
    int errno


cdef extern from "heap.h":
    void heap_trim() nogil


cdef extern from "Python.h":
    object PyMemoryView_FromMemory(char *, Py_ssize_t, int)
    int PyBUF_READ
