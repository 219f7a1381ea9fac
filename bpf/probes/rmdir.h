/* A directory was removed, or could not be: events/rmdir.py. fs/namei.c:
 * rmdir(path), unlinkat(dirfd, path, flags) with AT_REMOVEDIR */

static __noinline int emit_rmdir(struct call *call)
{
	bool at = call->number >= RMDIR_SYSCALL_UNLINKAT; /* io_uring, too */
	struct rmdir_record *rmdir;
	struct scratch *scratch;

	rmdir = begin_file_call(call, KIND_RMDIR, sizeof(*rmdir), &scratch);
	if (!rmdir)
		return 0;
	rmdir->syscall = call->number;
	rmdir->errno = errno_of(call);
	rmdir->unproven = is_in_doubt(call);
	rmdir->dirfd = at ? dirfd_of(call->argument[0]) : NO_FD;
	append_path_of_call(scratch, call->argument[at], at ? rmdir->dirfd : AT_FDCWD, false,
			    PATH_ANSWER(rmdir, RMDIR));
	return end_file_call(scratch, KIND_RMDIR);
}
