/* Files opened through io_uring, which passes no system call for them: events/open.py. The path is at hand only when the
 * request is submitted, the result only when it completes, so what was submitted is kept in between. */

/* include/uapi/linux/io_uring.h */
#define IORING_OP_OPENAT 18
#define IORING_OP_OPENAT2 28
#define REQ_F_CQE_SKIP (1 << 6) /* IOSQE_CQE_SKIP_SUCCESS: a success does not complete where we could see it */

struct ring_open {
	struct record record; /* who submitted it: a kernel thread may complete what a process leaves behind */
	__u64 user_data;
	__u64 flags, resolve, mode;
	__s32 dirfd;
	__u32 length;
	bool direct; /* the file goes into a table of the ring's own, and not to a descriptor */
	bool told;
	char path[PATH_BYTES];
};

/* By the address of the request; the oldest make way if some never complete. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* the loader sets it; where more are in flight at once, the path is marked as cut */
	__type(key, __u64);
	__type(value, struct ring_open);
} ring_opens SEC(".maps");

/* Opens that are under way, by what a completion says of them that found no room: io_uring_complete is not told of
 * those (io_fill_cqe_req, io_uring/io_uring.h), and io_uring_cqe_overflow not of the request. */
struct ring_word {
	__u64 ring, user_data;
};

struct ring_pending {
	__u64 request; /* the last one */
	__u64 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* the loader sets it */
	__type(key, struct ring_word);
	__type(value, struct ring_pending);
} ring_words SEC(".maps");

static __always_inline struct ring_word word_of(struct io_kiocb *request)
{
	return (struct ring_word){ (__u64)BPF_CORE_READ(request, ctx), BPF_CORE_READ(request, cqe.user_data) };
}

static __always_inline void expect(struct ring_word *word, __u64 request)
{
	struct ring_pending *pending = bpf_map_lookup_elem(&ring_words, word), first = { request, 1 };

	if (pending) {
		pending->request = request;
		__sync_fetch_and_add(&pending->count, 1);
	} else {
		bpf_map_update_elem(&ring_words, word, &first, BPF_ANY);
	}
}

static __always_inline void expect_no_more(struct ring_word *word, struct ring_pending *pending)
{
	if (pending->count > 1)
		__sync_fetch_and_add(&pending->count, -1);
	else
		bpf_map_delete_elem(&ring_words, word);
}

static __always_inline bool opens_a_file(struct io_kiocb *request)
{
	__u8 opcode = BPF_CORE_READ(request, opcode);

	return opcode == IORING_OP_OPENAT || opcode == IORING_OP_OPENAT2;
}

static __always_inline void fill_ring_open(struct open_record *open, struct task_struct *task)
{
	fill_record(&open->record, KIND_OPEN, task);
	clear_open(open);
	open->syscall = OPEN_SYSCALL_IO_URING;
	open->path.offset = sizeof(*open);
	open->path.length = 0;
	open->dirfd = OPEN_DIRFD_ABSENT;
	open->mode = OPEN_MODE_ABSENT;
	open->fd = OPEN_FD_ABSENT;
	open->flags = open->resolve = 0;
	open->errno = 0;
}

/* What was submitted; the first byte of the path. */
static __always_inline char append_ring_open(struct scratch *scratch, struct ring_open *submitted)
{
	struct open_record *open = (void *)scratch->bytes;
	char *to = room_for(scratch, PATH_BYTES);
	__u32 length = submitted->length & (PATH_BYTES - 1);

	open->flags = submitted->flags;
	open->resolve = submitted->resolve;
	open->dirfd = submitted->dirfd;
	open->mode = shown_mode(submitted->flags, submitted->mode, true); /* openat's is as the kernel takes it already */
	if (!to || bpf_probe_read_kernel(to, length, submitted->path))
		return 0;
	open->path.length = length;
	scratch->used += length;
	return length ? to[0] : 0;
}

/* A request that says nothing when it succeeds is told of now, and its result is not known. */
static __always_inline void tell_at_once(struct ring_open *submitted, struct task_struct *task)
{
	struct scratch *scratch;
	struct open_record *open;
	__u32 which;

	scratch = take_scratch(KIND_OPEN, sizeof(*open), &which);
	if (!scratch)
		return;
	open = (void *)scratch->bytes;
	fill_ring_open(open, task);
	append_ring_open(scratch, submitted);
	open->record.cut |= OPEN_CUT_FD;
	if (open->flags & (O_CREAT | __O_TMPFILE))
		open->record.cut |= OPEN_CUT_CREATED;
	send_scratch(scratch, KIND_OPEN, admit(KIND_OPEN, scratch->used, open->record.boot_ns));
	release_scratch(scratch);
}

/* Linux 7.0 keeps the name in a struct of its own (struct delayed_filename, include/linux/fs.h) */
static __always_inline const char *submitted_name(struct io_open *command)
{
	struct io_open___v6 *before = (void *)command;

	if (bpf_core_field_exists(command->filename.__incomplete_filename))
		return BPF_CORE_READ(command, filename.__incomplete_filename, name);
	return BPF_CORE_READ(before, filename, name);
}

static __always_inline int submit_ring_open(struct io_kiocb *request)
{
	struct io_open *command = (void *)((char *)request + bpf_core_field_offset(struct io_kiocb, cmd));
	struct task_struct *task = current_task();
	struct scratch *scratch;
	struct ring_open *submitted;
	struct ring_word word;
	__u64 key = (__u64)request;
	__u32 which;
	long length;

	if (!opens_a_file(request) || !is_wanted(task))
		return 0;
	/* of an earlier request at this address, which never completed */
	bpf_map_delete_elem(&ring_opens, &key);
	scratch = take_scratch(KIND_OPEN, sizeof(*submitted), &which);
	if (!scratch)
		return 0;

	submitted = (void *)scratch->bytes;
	word = word_of(request);
	fill_record(&submitted->record, KIND_OPEN, task);
	submitted->user_data = word.user_data;
	submitted->flags = BPF_CORE_READ(command, how.flags);
	submitted->mode = BPF_CORE_READ(command, how.mode);
	submitted->resolve = BPF_CORE_READ(command, how.resolve);
	submitted->dirfd = dirfd_of(BPF_CORE_READ(command, dfd));
	submitted->direct = BPF_CORE_READ(command, file_slot) != 0;
	submitted->told = !!(BPF_CORE_READ(request, flags) & REQ_F_CQE_SKIP);
	length = bpf_probe_read_kernel_str(submitted->path, PATH_BYTES, submitted_name(command));
	submitted->length = length < 1 ? 0 : length - 1;
	bpf_map_update_elem(&ring_opens, &key, submitted, BPF_ANY);
	release_scratch(scratch);

	if (!(BPF_CORE_READ(request, flags) & REQ_F_CQE_SKIP)) {
		expect(&word, key);
	} else {
		submitted = bpf_map_lookup_elem(&ring_opens, &key);
		if (submitted && !config.failed)
			tell_at_once(submitted, task);
	}
	return 0;
}

static __always_inline int complete_ring_open(struct io_kiocb *request, int result)
{
	struct call call = { .task = current_task(), .result = result, .kind = KIND_OPEN };
	struct task_struct *task = call.task; /* READ would look for call itself among the kernel's types */
	struct ring_word word;
	struct ring_pending *pending;
	__u64 key = (__u64)request;
	struct ring_open *submitted;
	struct scratch *scratch;
	struct open_record *open;
	char first = 0;
	__u32 which;
	bool is_own = true;

	if (!opens_a_file(request))
		return 0;
	word = word_of(request);
	pending = bpf_map_lookup_elem(&ring_words, &word);
	if (pending)
		expect_no_more(&word, pending);
	if (config.failed && result >= 0)
		goto forget;
	submitted = bpf_map_lookup_elem(&ring_opens, &key);
	/* one that could not even be prepared is not submitted, and may have another one's address */
	if (submitted && submitted->user_data != word.user_data) {
		bpf_map_delete_elem(&ring_opens, &key);
		submitted = bpf_map_lookup_elem(&ring_opens, &key);
	}
	if (!watching || (!submitted && !is_wanted(call.task)))
		goto forget;
	if (submitted && submitted->told && !config.failed)
		goto forget;
	scratch = take_scratch(KIND_OPEN, sizeof(*open), &which);
	if (!scratch)
		goto forget;

	open = (void *)scratch->bytes;
	fill_ring_open(open, call.task);
	open->errno = result < 0 ? -result : 0;
	if (submitted) {
		is_own = submitted->record.pid == (__u32)READ(task, tgid);
		if (!is_own) {
			__u64 boot_ns = open->record.boot_ns;

			open->record = submitted->record;
			open->record.boot_ns = boot_ns;
		}
		first = append_ring_open(scratch, submitted);
	} else
		open->record.cut |= OPEN_CUT_PATH | OPEN_CUT_FLAGS;
	if (submitted && submitted->direct && result >= 0) {
		open->record.cut |= OPEN_CUT_REAL_PATH;
		if (open->flags & (O_CREAT | __O_TMPFILE))
			open->record.cut |= OPEN_CUT_CREATED;
	} else {
		open->fd = result < 0 ? OPEN_FD_ABSENT : result;
		/* a worker of the ring has the process's descriptors, a thread of the kernel has not */
		if (result >= 0)
			fill_created(open, task, is_own ? result : -1);
		if (config.resolve && !is_own)
			open->record.cut |= result < 0 ? OPEN_CUT_JOINED_PATH : OPEN_CUT_REAL_PATH;
		else if (config.resolve)
			resolve_open(scratch, which, &call, first);
	}
	send_scratch(scratch, KIND_OPEN, admit(KIND_OPEN, scratch->used, open->record.boot_ns));
	release_scratch(scratch);
forget:
	bpf_map_delete_elem(&ring_opens, &key);
	return 0;
}

/* Linux 6.3, include/trace/events/io_uring.h; called by io_submit_sqe (io_uring/io_uring.c) once the request is
 * prepared: TP_PROTO(struct io_kiocb *req) */
SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_ring_submit, struct io_kiocb *request)
{
	return submit_ring_open(request);
}

/* Linux 6.0 to 6.2: TP_PROTO(struct io_kiocb *req, bool force_nonblock) */
SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(on_ring_submit_old, struct io_kiocb *request)
{
	return submit_ring_open(request);
}

/* Linux 6.11: TP_PROTO(struct io_ring_ctx *ctx, void *req, struct io_uring_cqe *cqe) */
SEC("tp_btf/io_uring_complete")
int BPF_PROG(on_ring_complete, void *ring, struct io_kiocb *request, struct io_uring_cqe *completion)
{
	return complete_ring_open(request, completion->res);
}

/* Linux 5.18: TP_PROTO(void *ctx, void *req, u64 user_data, int res, unsigned cflags, u64 extra1, u64 extra2) */
SEC("tp_btf/io_uring_complete")
int BPF_PROG(on_ring_complete_old, void *ring, struct io_kiocb *request, __u64 user_data, int result)
{
	return complete_ring_open(request, result);
}

/* A completion that found no room in the ring. If it is that of an open, its path is told, but not its result, because
 * another request may have the same user_data; of several opens that have, which one is not known.
 * Linux 5.18: TP_PROTO(void *ctx, unsigned long long user_data, s32 res, u32 cflags, void *ocqe) */
SEC("tp_btf/io_uring_cqe_overflow")
int BPF_PROG(on_ring_overflow, void *ring, __u64 user_data, int result)
{
	struct ring_word word = { (__u64)ring, user_data };
	struct ring_pending *pending = bpf_map_lookup_elem(&ring_words, &word);
	struct task_struct *task = current_task();
	struct ring_open *submitted;
	__u64 key;

	if (!pending || !is_wanted(task))
		return 0;
	key = pending->request;
	submitted = pending->count == 1 ? bpf_map_lookup_elem(&ring_opens, &key) : 0;
	if (config.failed && result >= 0)
		; /* not wanted */
	else if (submitted)
		tell_at_once(submitted, task);
	else
		count_lost(KIND_OPEN, LOST_BUSY);
	expect_no_more(&word, pending);
	if (submitted)
		bpf_map_delete_elem(&ring_opens, &key);
	return 0;
}
