/* A file was removed, or could not be: events/unlink.py. fs/namei.c:
 * unlink(path), unlinkat(dirfd, path, flags) without AT_REMOVEDIR */

static __noinline int emit_unlink(struct call *call)
{
	bool at = call->number >= UNLINK_SYSCALL_UNLINKAT; /* io_uring, too */
	struct unlink_record *unlink;
	struct scratch *scratch;

	unlink = begin_file_call(call, KIND_UNLINK, sizeof(*unlink), &scratch);
	if (!unlink)
		return 0;
	unlink->syscall = call->number;
	unlink->errno = errno_of(call);
	unlink->unproven = is_in_doubt(call);
	unlink->dirfd = at ? dirfd_of(call->argument[0]) : NO_FD;
	append_path_of_call(scratch, call->argument[at], at ? unlink->dirfd : AT_FDCWD, false,
			    PATH_ANSWER(unlink, UNLINK));
	return end_file_call(scratch, KIND_UNLINK);
}
