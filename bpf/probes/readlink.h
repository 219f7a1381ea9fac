/* A process read a symbolic link, or could not: events/readlink.py. fs/stat.c: readlink(path, buffer, size),
 * readlinkat(dirfd, path, buffer, size). With an empty path, the descriptor is that of the link (do_readlinkat). */

/* Appends what the caller got: `length` bytes, without a NUL. */
static __always_inline void append_target(struct scratch *scratch, struct readlink_record *readlink, __u64 buffer,
					  __u64 length)
{
	char *to = room_for(scratch, PATH_BYTES);

	if (length > PATH_BYTES)
		length = PATH_BYTES; /* never */
	readlink->target.offset = scratch->used;
	if (!to || bpf_probe_read_user(to, length, (void *)buffer)) {
		readlink->record.cut |= READLINK_CUT_TARGET;
		return;
	}
	readlink->target.length = length;
	scratch->used += length;
}

static __noinline int emit_readlink(struct call *call)
{
	bool at = call->number == READLINK_SYSCALL_READLINKAT;
	struct readlink_record *readlink;
	struct scratch *scratch;
	struct file_arg arg;

	readlink = begin_file_call(call, KIND_READLINK, sizeof(*readlink), &scratch);
	if (!readlink)
		return 0;
	readlink->syscall = call->number;
	readlink->errno = errno_of(call);
	readlink->unproven = is_in_doubt(call);
	arg = at ? by_path_at(call->argument[0], call->argument[1], AT_EMPTY_PATH) : by_path(call->argument[0]);
	readlink->dirfd = arg.dirfd;
	append_file_arg(scratch, call, arg, FILE_FIELDS(readlink, READLINK));
	if (call->result > 0)
		append_target(scratch, readlink, at ? call->argument[2] : call->argument[1], call->result);
	return end_file_call(scratch, KIND_READLINK);
}
