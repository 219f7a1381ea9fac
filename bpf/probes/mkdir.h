/* A directory was created, or could not be: events/mkdir.py. fs/namei.c: mkdir(path, mode), mkdirat(dirfd, path, mode) */

static __noinline int emit_mkdir(struct call *call)
{
	bool at = call->number >= MKDIR_SYSCALL_MKDIRAT; /* io_uring, too */
	struct scratch *scratch;
	struct mkdir_record *mkdir;

	mkdir = begin_file_call(call, KIND_MKDIR, sizeof(*mkdir), &scratch);
	if (!mkdir)
		return 0;
	mkdir->syscall = call->number;
	mkdir->errno = errno_of(call);
	mkdir->unproven = is_in_doubt(call);
	mkdir->dirfd = at ? dirfd_of(call->argument[0]) : NO_FD;
	mkdir->mode = (at ? call->argument[2] : call->argument[1]) & MODE_BITS;
	append_path_of_call(scratch, call->argument[at], at ? mkdir->dirfd : AT_FDCWD, false,
			    PATH_ANSWER(mkdir, MKDIR));
	return end_file_call(scratch, KIND_MKDIR);
}
