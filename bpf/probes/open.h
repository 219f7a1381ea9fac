/* A file was opened, or could not be: events/open.py. */

/* The mode as the kernel takes it. openat2 takes it unchanged, and refuses what makes no sense (build_open_flags,
 * fs/open.c); the others ignore it where the call can't create a file, and ignore bits that no mode has. */
static __always_inline __u64 shown_mode(__u64 flags, __u64 mode, bool is_exact)
{
	if (is_exact)
		return mode || flags & (O_CREAT | __O_TMPFILE) ? mode : OPEN_MODE_ABSENT;
	return flags & (O_CREAT | __O_TMPFILE) ? mode & MODE_BITS : OPEN_MODE_ABSENT;
}

/* reads the arguments of open, openat, openat2, creat and open_by_handle_at */
static __always_inline const char *fill_open_arguments(struct open_record *open, struct call *call)
{
	__u64 *argument = call->argument;
	struct open_how how = { .flags = flags_of_open(call) };
	bool has_dirfd = call->number != OPEN_SYSCALL_OPEN && call->number != OPEN_SYSCALL_CREAT;
	bool is_exact = false;

	open->dirfd = has_dirfd ? dirfd_of(argument[0]) : OPEN_DIRFD_ABSENT;
	if (call->number == OPEN_SYSCALL_OPEN) {
		how.mode = argument[2];
	} else if (call->number == OPEN_SYSCALL_CREAT) {
		how.mode = argument[1];
	} else if (call->number == OPEN_SYSCALL_OPENAT) {
		how.mode = argument[3];
	} else if (call->number != OPEN_SYSCALL_OPEN_BY_HANDLE_AT) {
		how.flags = 0;
		/* the kernel reads no structure that is too small (copy_struct_from_user's caller, fs/open.c) */
		if (argument[3] < sizeof(how) || bpf_probe_read_user(&how, sizeof(how), (void *)argument[2]))
			open->record.cut |= OPEN_CUT_FLAGS | OPEN_CUT_MODE | OPEN_CUT_RESOLVE;
		is_exact = true;
	}
	open->flags = how.flags;
	open->resolve = how.resolve;
	open->mode = shown_mode(how.flags, how.mode, is_exact);
	return (const char *)argument[has_dirfd];
}

static __always_inline void clear_open(struct open_record *open)
{
	open->inode = 0;
	open->device = 0;
	open->file_state = 0;
	open->created = open->unproven = 0;
	open->path.offset = open->path.length = 0;
	open->real_path.offset = open->real_path.length = 0;
	open->joined_path.offset = open->joined_path.length = 0;
	__builtin_memset(open->pad, 0, sizeof(open->pad));
}

/* Which file it was, and whether the open made it, unless that is in doubt. An open with O_TMPFILE always does (do_tmpfile,
 * fs/namei.c, sets no FMODE_CREATED). */
static __always_inline void fill_file(struct scratch *scratch, struct task_struct *task, int fd,
				      enum frequency frequency)
{
	struct open_record *open = (void *)scratch->bytes;
	struct file_answer answer = { &open->real_path, &open->inode, &open->device, &open->file_state };
	struct file *file = file_behind(task, fd);
	__u32 mode = file ? PEEK(file, f_mode) : 0, flags = file ? PEEK(file, f_flags) : 0;
	bool is_whole = !config.resolve_paths || (file && describe_file(scratch, file, answer, frequency));

	if (is_still_behind(task, fd, file)) {
		open->created = !!(mode & FMODE_CREATED) || (flags & __O_TMPFILE) == __O_TMPFILE;
	} else {
		is_whole = !config.resolve_paths;
		forget_file(answer);
		if (open->record.cut & OPEN_CUT_FLAGS || open->flags & (O_CREAT | __O_TMPFILE))
			open->record.cut |= OPEN_CUT_CREATED;
	}
	if (!is_whole)
		open->record.cut |= OPEN_CUT_REAL_PATH;
}

static __always_inline char append_opened_path(struct scratch *scratch, struct call *call, const char *path)
{
	struct open_record *open = (void *)scratch->bytes;
	char first = 0;

	if (call->number == OPEN_SYSCALL_OPEN_BY_HANDLE_AT)
		open->path.offset = sizeof(*open);
	else if (!append_user_path(scratch, path, &open->path, &first))
		open->record.cut |= OPEN_CUT_PATH;
	return first;
}

/* Where the path would have led. `first` is its first byte. */
static __always_inline void fill_joined_path(struct scratch *scratch, struct task_struct *task,
					     char first, enum frequency frequency)
{
	struct open_record *open = (void *)scratch->bytes;
	int dirfd = open->dirfd == OPEN_DIRFD_ABSENT ? AT_FDCWD : open->dirfd;

	if (!open->path.length)
		return;
	if (!append_base(scratch, task, dirfd, first == '/' && !(open->resolve & RESOLVE_IN_ROOT),
			 &open->joined_path, frequency) ||
	    open->record.cut & OPEN_CUT_PATH)
		open->record.cut |= OPEN_CUT_JOINED_PATH;
}

/* Whether the open may be wanted, now that it is known which file it was: what is rejected here costs no more work. */
static __always_inline bool passes_file(struct scratch *scratch)
{
	struct ruling *ruling = &scratch->ruling;

	if (!config.rules || ruling->next >= RULE_STEPS || is_unsure(scratch, KIND_OPEN))
		return true;
	ruling->next = skip_others(scratch, ruling->half, ruling->next);
	if (ruling->next < RULE_STEPS)
		ruling->next = go_on(scratch->slot, ruling->half, ruling->next, KIND_OPEN, RULE_STAGE_FILE);
	return ruling->next != RULE_REJECT;
}

/* A success that may have been made up. */
static __always_inline void fill_doubt(struct scratch *scratch, struct call *call)
{
	struct open_record *open = (void *)scratch->bytes;

	if (!is_in_doubt(call))
		return;
	open->unproven = !is_just_opened(scratch, &open->path, open->flags, call);
	if (!open->unproven)
		return;
	open->created = false;
	open->record.cut &= ~OPEN_CUT_CREATED;
}

/* not inlined, to have its own stack */
static __noinline int emit_open(struct call *call)
{
	struct scratch *scratch;
	struct open_record *open;
	const char *path;

	scratch = take_scratch(KIND_OPEN, sizeof(*open));
	if (!scratch)
		return 0;

	open = (void *)scratch->bytes;
	scratch->ruling = call->ruling;
	begin_record(&open->record, KIND_OPEN);
	clear_open(open);
	path = fill_open_arguments(open, call);
	open->syscall = call->number;
	open->fd = call->result < 0 ? OPEN_FD_ABSENT : (__s32)call->result;
	open->errno = call->result < 0 ? -call->result : 0;
	if (call->result >= 0) {
		fill_file(scratch, call->task, call->result, IS_FREQUENT);
	} else {
		char first = append_opened_path(scratch, call, path);

		if (config.resolve_paths)
			fill_joined_path(scratch, call->task, first, IS_FREQUENT);
	}
	if (passes_file(scratch)) {
		if (call->result >= 0)
			append_opened_path(scratch, call, path);
		fill_doubt(scratch, call);
		fill_process(&open->record, call->task);
		keep_comm(&open->record, &call->ruling);
		if (passes(scratch, KIND_OPEN))
			send_scratch(scratch, KIND_OPEN, check_headroom(KIND_OPEN, scratch->used, open->record.boot_ns));
	}
	release_scratch(scratch);
	return done();
}
