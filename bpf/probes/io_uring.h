/* Files opened through io_uring, without an open call: events/open.py. The path is known only when the request is
 * submitted, the result only when it completes; bpf/ring_pending.h keeps the path until then.
 *
 * How a request ends, and the tracepoint that shows it:
 * - it completes: io_uring_complete;
 * - the same, but the completion finds no room: io_uring_cqe_overflow, which does not get the request;
 * - it is cancelled, because one before it in a chain failed: io_uring_fail_link, and then one of those two, unless the
 *   failed one has IOSQE_CQE_SKIP_SUCCESS;
 * - it has IOSQE_CQE_SKIP_SUCCESS itself, and succeeds: nothing. So it is reported when it is submitted.
 * A request that can't be prepared is not submitted: io_uring_req_failed, and then the same ends. */

/* include/uapi/linux/io_uring.h */
#define IORING_OP_OPENAT 18
#define IORING_OP_OPENAT2 28
/* include/linux/io_uring_types.h */
#define REQ_F_CQE_SKIP (1 << 6) /* IOSQE_CQE_SKIP_SUCCESS: a success does not complete where we could see it */

#define ECANCELED 125

/* struct io_uring_sqe, include/uapi/linux/io_uring.h, as far as opens use it */
struct ring_request {
	__u8 opcode, flags;
	__u16 ioprio;
	__s32 fd;
	__u64 addr2, addr;
	__u32 len, open_flags;
	__u64 user_data;
	__u16 buf_index, personality;
	__u32 file_index;
};

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

/* Appends what was submitted; returns the first byte of the path. */
static __always_inline char append_ring_open(struct scratch *scratch, struct ring_open *submitted)
{
	struct open_record *open = (void *)scratch->bytes;
	char *to = room_for(scratch, PATH_BYTES);
	__u32 length = submitted->length & (PATH_BYTES - 1);

	open->flags = submitted->flags;
	open->resolve = submitted->resolve;
	open->dirfd = submitted->dirfd;
	open->mode = shown_mode(submitted->flags, submitted->mode, true); /* openat's is as the kernel takes it already */
	open->record.cut |= submitted->record.cut;
	if (!to || bpf_probe_read_kernel(to, length, submitted->path))
		return 0;
	open->path.length = length;
	scratch->used += length;
	return length ? to[0] : 0;
}

/* A request that does not report its success is reported now, without a result. */
static __always_inline void emit_ring_submitted(struct ring_open *submitted, struct task_struct *task)
{
	struct scratch *scratch;
	struct open_record *open;

	scratch = take_scratch(KIND_OPEN, sizeof(*open));
	if (!scratch)
		return;
	open = (void *)scratch->bytes;
	fill_ring_open(open, task);
	append_ring_open(scratch, submitted);
	open->record.cut |= OPEN_CUT_FD;
	if (open->flags & (O_CREAT | __O_TMPFILE))
		open->record.cut |= OPEN_CUT_CREATED;
	send_scratch(scratch, KIND_OPEN, check_headroom(KIND_OPEN, scratch->used, open->record.boot_ns));
	release_scratch(scratch);
}

/* A request that has ended; without `submitted` if its submission was not seen. */
static __always_inline void emit_ring_ended(struct ring_open *submitted, int result)
{
	struct task_struct *task = current_task();
	struct scratch *scratch;
	struct open_record *open;
	bool is_own = true;
	char first = 0;

	scratch = take_scratch(KIND_OPEN, sizeof(*open));
	if (!scratch)
		return;
	open = (void *)scratch->bytes;
	fill_ring_open(open, task);
	open->errno = result < 0 ? -result : 0;
	if (submitted) {
		is_own = submitted->record.pid == (__u32)READ(task, tgid);
		if (!is_own) {
			__u64 boot_ns = open->record.boot_ns;

			open->record = submitted->record;
			open->record.boot_ns = boot_ns;
		}
		first = append_ring_open(scratch, submitted);
	} else {
		open->record.cut |= OPEN_CUT_PATH | OPEN_CUT_FLAGS;
	}
	if (submitted && submitted->direct && result >= 0) {
		open->record.cut |= OPEN_CUT_REAL_PATH;
		if (open->flags & (O_CREAT | __O_TMPFILE))
			open->record.cut |= OPEN_CUT_CREATED;
	} else {
		open->fd = result < 0 ? OPEN_FD_ABSENT : result;
		/* a worker of the ring has the process's descriptors, a thread of the kernel has not */
		if (result >= 0)
			fill_file(scratch, task, is_own ? result : -1, IS_RARE);
		else if (config.resolve_paths && is_own)
			fill_joined_path(scratch, task, first, IS_RARE);
		else if (config.resolve_paths)
			open->record.cut |= OPEN_CUT_JOINED_PATH;
	}
	send_scratch(scratch, KIND_OPEN, check_headroom(KIND_OPEN, scratch->used, open->record.boot_ns));
	release_scratch(scratch);
}

/* Linux 7.0 keeps the name in another struct (struct delayed_filename, include/linux/fs.h) */
static __always_inline const char *submitted_name(struct io_open *command)
{
	struct io_open___v6 *before = (void *)command;

	if (bpf_core_field_exists(command->filename.__incomplete_filename))
		return BPF_CORE_READ(command, filename.__incomplete_filename, name);
	return BPF_CORE_READ(before, filename, name);
}

static __always_inline struct ring_open *begin_ring_open(struct scratch *scratch, struct io_kiocb *request,
							 struct task_struct *task)
{
	struct ring_open *submitted = (void *)scratch->bytes;

	fill_record(&submitted->record, KIND_OPEN, task);
	submitted->ring = (__u64)BPF_CORE_READ(request, ctx);
	submitted->user_data = BPF_CORE_READ(request, cqe.user_data);
	return submitted;
}

static __always_inline int submit_ring_open(struct io_kiocb *request)
{
	struct io_open *command = (void *)((char *)request + bpf_core_field_offset(struct io_kiocb, cmd));
	struct task_struct *task = current_task();
	struct scratch *scratch;
	struct ring_open *submitted;
	__u64 key = (__u64)request;
	__u8 value = 0;
	long length;

	if (!opens_a_file(request))
		return 0;
	begin_request(key);
	if (!is_wanted(task))
		return 0;
	scratch = take_scratch(KIND_OPEN, sizeof(*submitted));
	if (!scratch)
		return 0;

	submitted = begin_ring_open(scratch, request, task);
	submitted->flags = BPF_CORE_READ(command, how.flags);
	submitted->mode = BPF_CORE_READ(command, how.mode);
	submitted->resolve = BPF_CORE_READ(command, how.resolve);
	submitted->dirfd = dirfd_of(BPF_CORE_READ(command, dfd));
	submitted->direct = BPF_CORE_READ(command, file_slot) != 0;
	submitted->cancelled = false;
	length = bpf_probe_read_kernel_str(submitted->path, PATH_BYTES, submitted_name(command));
	submitted->length = length < 1 ? 0 : length - 1;
	if (!(BPF_CORE_READ(request, flags) & REQ_F_CQE_SKIP)) {
		remember_ring_open(key, submitted);
	} else if (!config.failed && !(int)bpf_map_update_elem(&ring_reported, &key, &value, BPF_ANY)) {
		emit_ring_submitted(submitted, task);
	} else {
		/* reported only if it fails, without its path: if kept, it would stay after a success. If the failure finds
		 * no room, it is counted as that of a ring whose requests are not all known. */
		bpf_map_delete_elem(&rings, &submitted->ring);
		if (!config.failed)
			count_lost(KIND_OPEN, LOST_UNTRACKED);
	}
	release_scratch(scratch);
	return 0;
}

/* The arguments of a request that the kernel refused, read from the caller's memory. */
static __always_inline int fail_ring_open(struct ring_request *entry, struct io_kiocb *request)
{
	struct task_struct *task = current_task();
	struct ring_request passed = {};
	struct open_how how = {};
	struct ring_open *submitted;
	struct scratch *scratch;
	__u64 key = (__u64)request;
	long length;
	bool torn;

	if (!opens_a_file(request))
		return 0;
	begin_request(key);
	if (!is_wanted(task))
		return 0;
	scratch = take_scratch(KIND_OPEN, sizeof(*submitted));
	if (!scratch)
		return 0;

	submitted = begin_ring_open(scratch, request, task);
	bpf_probe_read_kernel(&passed, sizeof(passed), entry);
	how.flags = passed.open_flags;
	if (how.flags & (O_CREAT | __O_TMPFILE)) /* build_open_how, fs/open.c */
		how.mode = passed.len & MODE_BITS;
	if (passed.opcode == IORING_OP_OPENAT2) {
		how.flags = how.mode = 0;
		if (passed.len < sizeof(how) || bpf_probe_read_user(&how, sizeof(how), (void *)passed.addr2))
			submitted->record.cut |= OPEN_CUT_FLAGS;
	}
	submitted->flags = how.flags;
	submitted->mode = how.mode;
	submitted->resolve = how.resolve;
	submitted->dirfd = dirfd_of(passed.fd);
	submitted->direct = passed.file_index != 0;
	submitted->cancelled = false;
	length = read_user_text(submitted->path, (const char *)passed.addr, &torn);
	submitted->length = length < 1 ? 0 : length - 1;
	if (length < 1 || torn || (length == PATH_BYTES && goes_on((const char *)passed.addr, PATH_BYTES)))
		submitted->record.cut |= OPEN_CUT_PATH;
	remember_ring_open(key, submitted);
	release_scratch(scratch);
	return 0;
}

static __always_inline bool is_of_interest(int result)
{
	return enabled && !(config.failed && result >= 0);
}

/* A request ended that may be an unknown open, because it was submitted before the monitor started. A kernel thread may
 * have ended it for a wanted process. */
static __always_inline void count_unknown(__u64 ring)
{
	struct task_struct *task = current_task();

	if (!bpf_map_lookup_elem(&rings, &ring) && (READ(task, flags) & PF_KTHREAD || is_wanted(task)))
		count_lost(KIND_OPEN, LOST_UNTRACKED);
}

static __always_inline int complete_ring_open(struct io_kiocb *request, int result)
{
	struct ring_open *submitted;
	__u64 key = (__u64)request;

	if (!opens_a_file(request))
		return 0;
	if (!(int)bpf_map_delete_elem(&ring_reported, &key))
		return 0;
	submitted = bpf_map_lookup_elem(&ring_opens, &key);
	if (is_of_interest(result)) {
		if (submitted || is_wanted(current_task()))
			emit_ring_ended(submitted, result);
		else
			count_unknown((__u64)BPF_CORE_READ(request, ctx));
	}
	forget_ring_open(key);
	return 0;
}

/* A request is cancelled because one before it failed. io_fail_links (io_uring/timeout.c) has already decided whether it
 * completes: if not, this is its end. */
static __always_inline int cancel_ring_open(struct io_kiocb *request)
{
	__u64 flags = BPF_CORE_READ(request, flags), key = (__u64)request;
	struct ring_open *submitted;

	if (!opens_a_file(request))
		return 0;
	submitted = bpf_map_lookup_elem(&ring_opens, &key);
	if (submitted)
		submitted->cancelled = true;
	if (!(flags & REQ_F_CQE_SKIP) || !(int)bpf_map_delete_elem(&ring_reported, &key))
		return 0;
	if (enabled && (submitted || is_wanted(current_task())))
		emit_ring_ended(submitted, flags & REQ_F_FAIL ? BPF_CORE_READ(request, cqe.res) : -ECANCELED);
	forget_ring_open(key);
	return 0;
}

/* A completion that found no room in the ring. An unknown request can be an open only if it was submitted before the
 * monitor started: what could not be remembered since was counted then. */
static __always_inline int overflow_ring(__u64 ring, __u64 user_data, int result)
{
	__u64 key = find_ring_open(ring, user_data, result);
	struct ring_open *submitted = bpf_map_lookup_elem(&ring_opens, &key);

	if (is_of_interest(result)) {
		if (submitted)
			emit_ring_ended(submitted, result);
		else
			count_unknown(ring);
	}
	if (key)
		forget_ring_open(key);
	return 0;
}

/* A new ring, without a request yet: the probe will see all of them. */
static __always_inline int create_ring(struct io_ring_ctx *ring)
{
	__u64 key = (__u64)ring;
	__u8 value = 0;

	if (enabled && !BPF_CORE_READ(ring, cached_sq_head))
		bpf_map_update_elem(&rings, &key, &value, BPF_ANY);
	return 0;
}
