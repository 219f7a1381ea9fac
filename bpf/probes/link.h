/* A file got another name, or could not: events/link.py. fs/namei.c:
 * link(path, new_path), linkat(dirfd, path, new_dirfd, new_path, flags) */

static __noinline int emit_link(struct call *call)
{
	bool at = call->number >= LINK_SYSCALL_LINKAT; /* io_uring, too */
	struct scratch *scratch;
	struct file_arg arg;
	struct link_record *link;

	link = begin_file_call(call, KIND_LINK, sizeof(*link), &scratch);
	if (!link)
		return 0;
	link->syscall = call->number;
	link->errno = errno_of(call);
	link->unproven = is_in_doubt(call);
	link->flags = at ? call->argument[4] : 0;
	link->new_dirfd = at ? dirfd_of(call->argument[2]) : NO_FD;
	arg = at ? by_path_at(call->argument[0], call->argument[1], call->argument[4]) : by_path(call->argument[0]);
	arg.follows = link->flags & AT_SYMLINK_FOLLOW;
	link->dirfd = arg.dirfd;
	append_file_arg(scratch, call, arg, FILE_FIELDS(link, LINK));
	append_path_of_call(scratch, at ? call->argument[3] : call->argument[1],
			    at ? link->new_dirfd : AT_FDCWD, false, NEW_PATH_ANSWER(link, LINK));
	return end_file_call(scratch, KIND_LINK);
}
