/* A file's permissions were changed, or could not be: events/chmod.py. fs/open.c: chmod(path, mode), fchmod(fd, mode),
 * fchmodat(dirfd, path, mode), and since Linux 6.6 fchmodat2(dirfd, path, mode, flags) */

static __noinline int emit_chmod(struct call *call)
{
	bool at = call->number == CHMOD_SYSCALL_FCHMODAT || call->number == CHMOD_SYSCALL_FCHMODAT2;
	struct scratch *scratch;
	struct file_arg arg;
	struct chmod_record *chmod;

	chmod = begin_file_call(call, KIND_CHMOD, sizeof(*chmod), &scratch);
	if (!chmod)
		return 0;
	chmod->syscall = call->number;
	chmod->errno = errno_of(call);
	chmod->unproven = is_in_doubt(call);
	chmod->mode = (at ? call->argument[2] : call->argument[1]) & MODE_BITS;
	chmod->flags = call->number == CHMOD_SYSCALL_FCHMODAT2 ? call->argument[3] : 0;
	arg = at ? by_path_at(call->argument[0], call->argument[1], chmod->flags) :
		  call->number == CHMOD_SYSCALL_FCHMOD ? by_descriptor(call->argument[0]) :
							 by_path(call->argument[0]);
	arg.follows = !(chmod->flags & AT_SYMLINK_NOFOLLOW);
	chmod->dirfd = arg.dirfd;
	append_file_arg(scratch, call, arg, FILE_FIELDS(chmod, CHMOD));
	return end_file_call(scratch, KIND_CHMOD);
}
