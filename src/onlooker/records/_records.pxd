"""What `native/` has, and what of Python's C interface Cython does not declare."""

from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t


cdef extern from "Python.h":
    ctypedef struct PyObject
    int PyBuffer_FillInfo(Py_buffer *, object, void *, Py_ssize_t, int, int) except -1
    object PyUnicode_DecodeUTF8(const char *, Py_ssize_t, const char *)
    object PyUnicode_FromStringAndSize(const char *, Py_ssize_t)
    object PyLong_FromUnsignedLongLong(unsigned long long)
    object PyLong_FromLongLong(long long)
    object PyTuple_New(Py_ssize_t)
    int PyTuple_SetItem(object, Py_ssize_t, PyObject *) except -1  # takes over the reference
    void Py_INCREF(object)
    void Py_XINCREF(PyObject *)
    void Py_XDECREF(PyObject *)
    object PyObject_CallObject(object, object)


cdef extern from "heap.h" nogil:
    void heap_trim()


cdef extern from "writers.h" nogil:
    ctypedef struct text_t "struct text":
        const char *at
        size_t length
    enum: OP_UNSIGNED, OP_SIGNED, OP_BOOLEAN, OP_TIME, OP_NAME, OP_TEXT, OP_TEXTS, OP_ONE_OF, OP_FLAGS, OP_PATH, OP_JOINED
    enum: KINDS, PADDING
    ctypedef struct named_t "struct named":
        uint64_t number
        text_t name
    ctypedef struct values_t "struct values":
        named_t *names
        size_t count
        text_t before
        text_t after
        int has_other
        named_t *low
        size_t lows
        values_t *high
        unsigned high_shift
    ctypedef struct step_t "struct step":
        int op
        uint32_t at
        uint32_t size
        uint32_t of
        int is_optional
        int is_omitted
        int64_t absent
        values_t *values
        text_t key
        text_t key_beside
    ctypedef struct piece_t "struct piece":
        int op
        int test
        int format
        uint32_t step
        uint32_t other
        uint32_t to
        uint64_t bits
        uint64_t mask
        text_t text
    ctypedef struct phrase_t "struct phrase":
        piece_t *pieces
        size_t count
    ctypedef struct event_t "struct event":
        uint32_t number
        uint32_t bytes
        int can_be_cut
        step_t *steps
        size_t count
        text_t json_head
        uint32_t *checked
        phrase_t line
        phrase_t result
        phrase_t details
    ctypedef struct plan_t "struct plan":
        uint32_t kind_at
        uint32_t cut_at
        uint32_t boot_at
        event_t *events[64]
    ctypedef struct record_t "struct record":
        const event_t *event
        const unsigned char *at
    ctypedef struct out_t "struct out":
        char *at
        size_t used
        size_t room
        int failed
    ctypedef struct fold_t "struct fold"
    ctypedef struct writer_t "struct writer":
        const fold_t *fold
        int64_t offset_ns
        out_t out
        out_t made
        out_t other
        out_t plain
    ctypedef struct names_t "struct names":
        text_t *name
        size_t count
    int next_record(const plan_t *plan, const unsigned char **at, const unsigned char *end, record_t *record)
    uint64_t read_unsigned(const unsigned char *at, uint32_t size)
    int is_absent(record_t record, step_t *step)
    int is_fixed(step_t *step)
    uint64_t number_of(record_t record, step_t *step)
    int64_t signed_number_of(record_t record, step_t *step)
    text_t text_of(record_t record, step_t *step, out_t *made)
    text_t span_of(record_t record, step_t *step)
    int next_text(text_t *rest, text_t *one)
    void names_of(names_t *names, record_t record, step_t *step)
    void prepare_event(const plan_t *plan, event_t *event)
    void prepare_phrase(const plan_t *plan, const event_t *event, phrase_t *phrase)
    void writer_init(writer_t *writer, const plan_t *plan, int is_local)
    void writer_free(writer_t *writer)
    void writer_start(writer_t *writer, int64_t offset_ns, size_t most)
    void write_json(writer_t *writer, record_t record)
    void write_text(writer_t *writer, record_t record)
    void write_time(writer_t *writer, record_t record)
    void write_result(writer_t *writer, record_t record)
    void write_details(writer_t *writer, record_t record)
    text_t time_text(writer_t *writer, record_t record, char *to)
    void out_put(out_t *out, const char *text, size_t length)
    void out_free(out_t *out)
    void out_restart(out_t *out)


cdef extern from "check.h" nogil:
    ctypedef struct counts_t "struct counts":
        size_t of[64]
        size_t cut
    const unsigned char *count_whole(
        const plan_t *plan, const unsigned char *at, const unsigned char *end, uint64_t refused, counts_t *counts)


cdef extern from "keys.h" nogil:
    ctypedef struct key_place_t "struct key_place":
        uint32_t at[2]
        uint64_t mask[2]
    ctypedef struct wire_key_t "struct key":
        uint64_t first
        uint64_t second
    wire_key_t key_of(record_t record, const key_place_t *place)


cdef extern from "fold.h" nogil:
    enum: FOLD_KINDS, FOLD_STEPS
    ctypedef struct fold_kind_t "struct fold_kind":
        uint32_t number
        key_place_t key
        uint64_t having
        uint32_t steps[FOLD_STEPS]
        size_t count
    ctypedef struct fold_t "struct fold":
        fold_kind_t kinds[FOLD_KINDS]
        size_t count
    int fold_init(fold_t *fold)
    void fold_free(fold_t *fold)
    int fold_learn(fold_t *fold, writer_t *writer, record_t record)


cdef extern from "seen.h" nogil:
    ctypedef struct seen_kind_t "struct seen_kind":
        key_place_t key
        uint64_t having
    ctypedef struct seen_t "struct seen":
        seen_kind_t kinds[FOLD_KINDS]
        size_t count
        size_t used
    int seen_init(seen_t *seen)
    void seen_free(seen_t *seen)
    void seen_forget(seen_t *seen)
    int seen_add(seen_t *seen, size_t kind, record_t record)


cdef extern from "sieve.h" nogil:
    enum: SIEVE_GROUPS, SIEVE_NAMES, SIFTED_KEPT
    ctypedef struct sieve_event_t "struct sieve_event":
        uint32_t names[SIEVE_GROUPS][SIEVE_NAMES]
        size_t counts[SIEVE_GROUPS]
        uint32_t error
        int has_error
    ctypedef struct sieve_process_t "struct sieve_process":
        uint64_t start_ns
        uint32_t pid
        char comm[16]
        uint64_t excess
    ctypedef struct sieve_t "struct sieve":
        const plan_t *plan
        sieve_event_t events[64]
        uint32_t pid_at
        uint32_t start_at
        uint32_t comm_at
        uint64_t repeated
        uint64_t forgot
        sieve_process_t *processes
        size_t process_room
        uint64_t excess[64]
    int sieve_init(sieve_t *sieve, int first, uint32_t rate)
    void sieve_free(sieve_t *sieve)
    int sieve_record(sieve_t *sieve, record_t record)


cdef extern from "kin.h" nogil:
    ctypedef struct kin_t "struct kin":
        size_t words
    int kin_init(kin_t *kin, size_t words)
    void kin_free(kin_t *kin)
    const uint64_t *kin_find(const kin_t *kin, uint32_t pid, uint64_t start_ns)
    uint64_t *kin_set(kin_t *kin, uint32_t pid, uint64_t start_ns)

cdef extern from "answers.h" nogil:
    enum: ANSWERS_KINDS
    ctypedef struct answers_kind_t "struct answers_kind":
        uint32_t number
        key_place_t key
        uint64_t having
    ctypedef struct answers_t "struct answers":
        answers_kind_t kinds[ANSWERS_KINDS]
        size_t count
        void *slots
    int answers_init(answers_t *answers)
    void answers_forget(answers_t *answers)
    bint answers_find(const answers_t *answers, size_t kind, wire_key_t key, uint64_t *bits)
    void answers_set(answers_t *answers, size_t kind, wire_key_t key, uint64_t bits)


cdef extern from "match.h" nogil:
    ctypedef struct source_t "struct source":
        const uint32_t *steps
        size_t count
        int form
    ctypedef struct range_t "struct range":
        uint64_t low
        uint64_t high
    ctypedef struct pattern_t "struct pattern":
        text_t text
        text_t begin
        text_t end
        uint64_t bits
        uint64_t mask
        size_t states
        size_t words
        const uint64_t *moves
        const uint64_t *names
        const uint64_t *deep
        const uint64_t *skips
        const unsigned char *classes
        const unsigned char *ends
        const uint16_t *next
        size_t classes_count
    ctypedef struct ask_t "struct ask":
        int op
        int is_negated
        int ignores_case
        uint32_t source
        const range_t *ranges
        const pattern_t *patterns
        size_t count
        uint32_t yes
        uint32_t no
        uint32_t test
    ctypedef struct root_t "struct root":
        uint32_t number
        uint32_t first
    ctypedef struct program_t "struct program":
        const source_t *sources
        size_t sources_count
        const ask_t *asks
        uint32_t first
        size_t words
        const root_t *roots
        size_t roots_count
        size_t tests_count
    ctypedef struct match_t "struct match":
        const uint64_t *kin
        uint64_t context
        int64_t offset_ns
        int failed
    enum: ACCEPT
    enum: ASK_KIN, ASK_CONTEXT
    int match_init(match_t *m, const plan_t *plan, const program_t *programs, int64_t offset_ns)
    void match_free(match_t *m)
    int matches(match_t *m, record_t record)
    size_t matches_of_all(match_t *m, record_t record, uint32_t *numbers)


ctypedef void (*write_t)(writer_t *, record_t) noexcept nogil


cdef extern from "arrow.h" nogil:
    ctypedef struct ArrowSchema "struct ArrowSchema":
        const char *format
        const char *name
        void (*release)(ArrowSchema *) noexcept nogil
    ctypedef struct ArrowArray "struct ArrowArray":
        void (*release)(ArrowArray *) noexcept nogil
    ctypedef struct ArrowArrayStream "struct ArrowArrayStream":
        int (*get_schema)(ArrowArrayStream *, ArrowSchema *) noexcept nogil
        int (*get_next)(ArrowArrayStream *, ArrowArray *) noexcept nogil
        const char *(*get_last_error)(ArrowArrayStream *) noexcept nogil
        void (*release)(ArrowArrayStream *) noexcept nogil
        void *private_data
    ctypedef struct arrow_chunks_t "struct arrow_chunks":
        ArrowSchema schema
        ArrowArray *at
        size_t count
        size_t next
    int arrow_stream_init(ArrowArrayStream *stream, arrow_chunks_t *chunks)
    void arrow_chunks_free(arrow_chunks_t *chunks)


cdef extern from "columns.h" nogil:
    enum: CHUNK_BYTES, FORM_VALUE
    uint32_t NO_STEP
    uint32_t NO_COLUMN
    ctypedef struct column_plan_t "struct column_plan":
        int type
        int form
        int is_optional
        text_t name
        uint32_t beside
        uint32_t steps[64]
    ctypedef struct table_plan_t "struct table_plan":
        const plan_t *plan
        const column_plan_t *columns
        size_t count
        uint64_t kinds
        text_t names[64]
    ctypedef struct column_t "struct column":
        size_t rows
    ctypedef struct columns_t "struct columns":
        const table_plan_t *table
        column_t *columns
        uint64_t seq
        uint64_t total
    int columns_init(columns_t *c, const table_plan_t *table, uint64_t seq, size_t chunk_bytes)
    void columns_free(columns_t *c)
    int columns_add(columns_t *c, const unsigned char *at, const unsigned char *end, int64_t offset_ns)
    int columns_take(columns_t *c, arrow_chunks_t *chunks)
    int table_schema(const table_plan_t *table, ArrowSchema *schema)


cdef extern from "rows.h" nogil:
    enum: ROW_FINE, ROW_NO_MEMORY, ROW_VALUE, ROW_ABSENT, ROW_LONG, ROW_MANY, ROW_ARRAY, ROW_NAME
    ctypedef int (*learn_t)(void *, size_t, text_t, uint64_t *) noexcept nogil
    ctypedef struct rows_in_t "struct rows_in":
        const plan_t *plan
        void *columns
        learn_t learn
        void *context
        out_t data
        out_t seqs
        out_t offsets
        size_t count
        size_t wrong
    bint rows_init(rows_in_t *rows, const plan_t *plan, const event_t *event)
    void rows_free(rows_in_t *rows)
    const ArrowSchema *rows_schema(rows_in_t *rows, const ArrowSchema *schema)
    int rows_add(rows_in_t *rows, const ArrowArray *array)


cdef extern from "merge.h" nogil:
    ctypedef struct merge_source_t "struct merge_source":
        const unsigned char *at
        const unsigned char *end
        const uint64_t *seqs
        const int64_t *offsets
        size_t count
    ctypedef struct merge_t "struct merge":
        merge_source_t *sources
        size_t count
    bint merge_is_sorted(const merge_source_t *source)
    size_t merge_next(merge_t *merge, out_t *out, size_t most, int64_t *offset_ns)
