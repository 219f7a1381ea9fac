/* Renames, removals, links and directories through io_uring: the events of the system calls, with another `syscall`. How a
 * request ends, and what shows it, is in probes/io_uring.h. */

/* include/uapi/linux/io_uring.h */
#define IORING_OP_RENAMEAT 35
#define IORING_OP_UNLINKAT 36
#define IORING_OP_MKDIRAT 37
#define IORING_OP_SYMLINKAT 38
#define IORING_OP_LINKAT 39

/* Which kind of event a request is, by its operation and the flags of a removal; 0: none. */
static __always_inline __u32 change_of(__u8 opcode, __u32 flags)
{
	switch (opcode) {
	case IORING_OP_RENAMEAT:
		return KIND_RENAME;
	case IORING_OP_UNLINKAT:
		return flags & AT_REMOVEDIR ? KIND_RMDIR : KIND_UNLINK;
	case IORING_OP_MKDIRAT:
		return KIND_MKDIR;
	case IORING_OP_SYMLINKAT:
		return KIND_SYMLINK;
	case IORING_OP_LINKAT:
		return KIND_LINK;
	default:
		return 0;
	}
}

static __always_inline void *command_of(struct io_kiocb *request)
{
	return (char *)request + bpf_core_field_offset(struct io_kiocb, cmd);
}

/* The wanted kind of event that a request is, or 0. */
static __always_inline __u32 wanted_change(struct io_kiocb *request)
{
	struct io_unlink *command = command_of(request);
	__u32 kind = change_of(BPF_CORE_READ(request, opcode), BPF_CORE_READ(command, flags));

	return config.kinds & 1U << (kind & 31) ? kind : 0;
}

/* As `submitted_name` of probes/io_uring.h. */
#define NAME_IN(command, type, member)                                                                                 \
	(bpf_core_field_exists((command)->member.__incomplete_filename) ?                                              \
		 BPF_CORE_READ(command, member.__incomplete_filename, name) :                                          \
		 BPF_CORE_READ((struct type##___v6 *)(command), member, name))

static __always_inline void keep_name(struct ring_change *change, __u32 which, const char *name)
{
	char *to = which ? change->path[1] : change->path[0];
	long length = bpf_probe_read_kernel_str(to, PATH_BYTES, name);

	change->length[which] = length < 1 ? 0 : length - 1;
}

/* What the kernel has prepared, as the arguments of the system call. */
static __always_inline void keep_prepared(struct ring_change *change, struct io_kiocb *request)
{
	struct io_rename *rename = command_of(request);
	struct io_unlink *unlink = command_of(request);
	struct io_mkdir *mkdir = command_of(request);
	struct io_link *link = command_of(request);

	switch (change->kind) {
	case KIND_RENAME:
		change->argument[0] = BPF_CORE_READ(rename, old_dfd);
		change->argument[2] = BPF_CORE_READ(rename, new_dfd);
		change->argument[4] = BPF_CORE_READ(rename, flags);
		keep_name(change, 0, NAME_IN(rename, io_rename, oldpath));
		keep_name(change, 1, NAME_IN(rename, io_rename, newpath));
		break;
	case KIND_LINK:
	case KIND_SYMLINK:
		change->argument[0] = BPF_CORE_READ(link, old_dfd);
		change->argument[2] = BPF_CORE_READ(link, new_dfd);
		change->argument[4] = BPF_CORE_READ(link, flags);
		keep_name(change, 0, NAME_IN(link, io_link, oldpath));
		keep_name(change, 1, NAME_IN(link, io_link, newpath));
		break;
	case KIND_MKDIR:
		change->argument[0] = BPF_CORE_READ(mkdir, dfd);
		change->argument[2] = BPF_CORE_READ(mkdir, mode);
		keep_name(change, 0, NAME_IN(mkdir, io_mkdir, filename));
		break;
	default:
		change->argument[0] = BPF_CORE_READ(unlink, dfd);
		change->argument[2] = BPF_CORE_READ(unlink, flags);
		keep_name(change, 0, NAME_IN(unlink, io_unlink, filename));
	}
}

static __always_inline void keep_passed_name(struct ring_change *change, __u32 which, const char *name)
{
	char *to = which ? change->path[1] : change->path[0];
	bool torn;
	long length = read_user_text(to, name, &torn);

	change->length[which] = length < 1 ? 0 : length - 1;
	change->torn[which] = length < 1 || torn || (length == PATH_BYTES && goes_on(name, PATH_BYTES));
}

/* What the caller passed, of a request that the kernel refused to prepare. */
static __always_inline void keep_passed(struct ring_change *change, struct ring_request *passed)
{
	bool has_two = change->kind == KIND_RENAME || change->kind == KIND_LINK || change->kind == KIND_SYMLINK;

	change->argument[0] = passed->fd;
	change->argument[2] = change->kind == KIND_UNLINK || change->kind == KIND_RMDIR ? passed->open_flags : passed->len;
	change->argument[4] = passed->open_flags;
	if (change->kind == KIND_SYMLINK) /* its only directory is that of the link */
		change->argument[2] = passed->fd;
	keep_passed_name(change, 0, (const char *)passed->addr);
	if (has_two)
		keep_passed_name(change, 1, (const char *)passed->addr2);
}

static __always_inline void forget_ring_change(__u64 request)
{
	struct ring_change *change = bpf_map_lookup_elem(&ring_changes, &request);
	__u64 ring, user_data;
	__u32 *counter;

	if (!change)
		return;
	ring = change->ring;
	user_data = change->user_data;
	if ((int)bpf_map_delete_elem(&ring_changes, &request))
		return; /* another cpu did it */
	counter = ring_counter(ring, user_data);
	if (counter)
		__sync_fetch_and_add(counter, -1);
}

static __always_inline void remember_ring_change(__u64 request, struct ring_change *change)
{
	__u32 *counter = ring_counter(change->ring, change->user_data);

	if (!counter)
		return;
	__sync_fetch_and_add(counter, 1); /* first, so that no reader finds less than there is */
	if ((int)bpf_map_update_elem(&ring_changes, &request, change, BPF_NOEXIST)) {
		__sync_fetch_and_add(counter, -1);
		count_lost(change->kind & 31, LOST_UNTRACKED);
	}
}

/* A request begins: `entry` is what the caller passed, of one that could not be prepared. */
static __always_inline int keep_ring_change(struct io_kiocb *request, struct ring_request *entry)
{
	struct task_struct *task = current_task();
	struct ring_request passed = {};
	struct ring_change *change;
	struct scratch *scratch;
	__u64 key = (__u64)request;
	__u8 value = 0;
	__u32 kind;

	if (entry) {
		bpf_probe_read_kernel(&passed, sizeof(passed), entry);
		kind = change_of(passed.opcode, passed.open_flags);
		kind = config.kinds & 1U << (kind & 31) ? kind : 0;
	} else {
		kind = wanted_change(request);
	}
	if (!kind)
		return 0;
	forget_ring_change(key);
	bpf_map_delete_elem(&ring_reported, &key);
	if (!is_wanted(task))
		return 0;
	if (!entry && BPF_CORE_READ(request, flags) & REQ_F_CQE_SKIP) {
		/* a success would not be seen, and what became of it is never known */
		count_lost(kind, LOST_UNTRACKED);
		bpf_map_update_elem(&ring_reported, &key, &value, BPF_ANY);
		return 0;
	}
	scratch = take_scratch(kind, sizeof(*change));
	if (!scratch)
		return 0;
	change = (void *)scratch->bytes;
	__builtin_memset(change, 0, __builtin_offsetof(struct ring_change, path));
	change->ring = (__u64)BPF_CORE_READ(request, ctx);
	change->user_data = BPF_CORE_READ(request, cqe.user_data);
	change->pid = READ(task, tgid);
	change->kind = kind;
	if (entry)
		keep_passed(change, &passed);
	else
		keep_prepared(change, request);
	remember_ring_change(key, change);
	release_scratch(scratch);
	return 0;
}

#define EMIT_CHANGE(NAME, name)                                                                                        \
	case KIND_##NAME:                                                                                              \
		if (!(config.kinds & 1 << KIND_##NAME))                                                        \
			return;                                                                                        \
		call.number = NAME##_SYSCALL_IO_URING;                                                                 \
		emit_##name(&call);                                                                                    \
		return;

/* As if the system call had returned. */
static __always_inline void emit_ring_change(__u64 request, struct ring_change *change, int result)
{
	struct task_struct *task = current_task();
	struct call call = { .task = task, .result = result, .kind = change->kind, .request = request,
			     .ruling = first_ruling() };

	if (change->pid != (__u32)READ(task, tgid)) {
		/* the working directory and the descriptors are those of another process, or gone */
		count_lost(change->kind & 31, LOST_UNTRACKED);
		return;
	}
	call.argument[0] = change->argument[0];
	call.argument[2] = change->argument[2];
	call.argument[4] = change->argument[4];
	switch (change->kind) {
		EMIT_CHANGE(UNLINK, unlink)
		EMIT_CHANGE(RMDIR, rmdir)
		EMIT_CHANGE(MKDIR, mkdir)
	case KIND_SYMLINK: /* symlinkat(target, dirfd, path) */
		call.argument[0] = 0;
		call.argument[1] = change->argument[2];
		call.argument[2] = 1;
		break;
	default: /* renameat2, linkat: (dirfd, path, new_dirfd, new_path, flags) */
		call.argument[3] = 1;
	}
	switch (change->kind) {
		EMIT_CHANGE(RENAME, rename)
		EMIT_CHANGE(LINK, link)
		EMIT_CHANGE(SYMLINK, symlink)
	}
}

/* Requests that nobody has seen begin. */
static __always_inline void count_unknown_change(__u64 ring, __u32 kind)
{
	struct task_struct *task = current_task();

	if (!bpf_map_lookup_elem(&rings, &ring) && (READ(task, flags) & PF_KTHREAD || is_wanted(task)))
		count_lost(kind & 31, LOST_UNTRACKED);
}

static __always_inline int complete_ring_change(struct io_kiocb *request, int result)
{
	struct ring_change *change;
	__u64 key = (__u64)request;
	__u32 kind = wanted_change(request);

	if (!kind || !(int)bpf_map_delete_elem(&ring_reported, &key))
		return 0;
	change = bpf_map_lookup_elem(&ring_changes, &key);
	if (is_of_interest(result)) {
		if (change)
			emit_ring_change(key, change, result);
		else
			count_unknown_change((__u64)BPF_CORE_READ(request, ctx), kind);
	}
	forget_ring_change(key);
	return 0;
}

/* It will complete, or was counted when it was submitted. */
static __always_inline int cancel_ring_change(struct io_kiocb *request)
{
	__u64 key = (__u64)request;
	struct ring_change *change;

	change = bpf_map_lookup_elem(&ring_changes, &key);
	if (change)
		change->cancelled = true;
	return 0;
}

static long match_ring_change(void *map, const void *key, void *value, struct ring_search *search)
{
	struct ring_change *change = value;
	struct io_kiocb *request = *(void **)key;
	__u64 flags;

	if (change->ring != search->ring || change->user_data != search->user_data)
		return 0;
	if (BPF_CORE_READ(request, cqe.res) != search->result)
		return 0;
	/* one that was carried out has nothing left to clean up (io_renameat, ..., io_uring/fs.c); else it has failed before */
	flags = BPF_CORE_READ(request, flags);
	if (flags & REQ_F_NEED_CLEANUP && !(flags & REQ_F_FAIL) && !change->cancelled)
		return 0;
	search->found = (__u64)request;
	return 1;
}

/* The kind that an unknown request counts as. */
static __always_inline __u32 any_change(void)
{
	__u32 kind;

	for (kind = KIND_RENAME; kind < KINDS; kind++)
		if (config.kinds & 1U << kind)
			break;
	return kind;
}

/* A completion that found no room in the ring. An unknown request can be one of ours only if it was submitted before the
 * monitor started: what could not be remembered since was counted then. */
static __always_inline int overflow_ring_change(__u64 ring, __u64 user_data, int result)
{
	struct ring_search search = { ring, user_data, 0, result };
	__u32 *counter = ring_counter(ring, user_data);
	struct ring_change *change;

	if (counter && *(volatile __u32 *)counter)
		bpf_for_each_map_elem(&ring_changes, match_ring_change, &search, 0);
	change = bpf_map_lookup_elem(&ring_changes, &search.found);
	if (is_of_interest(result)) {
		if (change)
			emit_ring_change(search.found, change, result);
		else
			count_unknown_change(ring, any_change());
	}
	if (search.found)
		forget_ring_change(search.found);
	return 0;
}
