/* A file's permissions were changed, or could not be: events/chmod.py. fs/open.c: chmod(path, mode), fchmod(fd, mode),
 * fchmodat(dirfd, path, mode), and since Linux 6.6 fchmodat2(dirfd, path, mode, flags) */

static __noinline int emit_chmod(struct call *call)
{
	bool at = call->number == CHMOD_SYSCALL_FCHMODAT || call->number == CHMOD_SYSCALL_FCHMODAT2;
	struct scratch *scratch;
	struct subject subject;
	struct chmod_record *chmod;
	__u32 which;

	chmod = begin_file_call(call, KIND_CHMOD, sizeof(*chmod), &scratch, &which);
	if (!chmod)
		return 0;
	chmod->syscall = call->number;
	chmod->errno = errno_of(call);
	chmod->unproven = is_in_doubt(call);
	chmod->mode = (at ? call->argument[2] : call->argument[1]) & MODE_BITS;
	chmod->flags = call->number == CHMOD_SYSCALL_FCHMODAT2 ? call->argument[3] : 0;
	subject = at ? by_path_at(call->argument[0], call->argument[1], chmod->flags) :
		  call->number == CHMOD_SYSCALL_FCHMOD ? by_descriptor(call->argument[0]) :
							 by_path(call->argument[0]);
	subject.follows = !(chmod->flags & AT_SYMLINK_NOFOLLOW);
	chmod->dirfd = subject.dirfd;
	append_subject(scratch, which, call, subject, SUBJECT_ANSWER(chmod, CHMOD));
	return end_file_call(scratch, KIND_CHMOD);
}
