/* A symbolic link was created, or could not be: events/symlink.py. fs/namei.c:
 * symlink(target, path), symlinkat(target, dirfd, path) */

static __noinline int emit_symlink(struct call *call)
{
	bool at = call->number >= SYMLINK_SYSCALL_SYMLINKAT; /* io_uring, too */
	struct symlink_record *symlink;
	struct scratch *scratch;

	symlink = begin_file_call(call, KIND_SYMLINK, sizeof(*symlink), &scratch);
	if (!symlink)
		return 0;
	symlink->syscall = call->number;
	symlink->errno = errno_of(call);
	symlink->unproven = is_in_doubt(call);
	symlink->dirfd = at ? dirfd_of(call->argument[1]) : NO_FD;
	/* the text of the link; where it leads is decided when somebody follows it */
	if (append_passed(scratch->slot, call->argument[0], NO_FD, false))
		symlink->record.cut |= SYMLINK_CUT_TARGET;
	symlink->target = scratch->passed;
	append_path_of_call(scratch, at ? call->argument[2] : call->argument[1],
			    at ? symlink->dirfd : AT_FDCWD, false, PATH_ANSWER(symlink, SYMLINK));
	return end_file_call(scratch, KIND_SYMLINK);
}
