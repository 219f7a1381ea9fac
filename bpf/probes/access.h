/* A process asked whether it may use a file: events/access.py. fs/open.c: access(path, mode), faccessat(dirfd, path, mode),
 * faccessat2(dirfd, path, mode, flags) */

static __noinline int emit_access(struct call *call)
{
	bool at = call->number != ACCESS_SYSCALL_ACCESS;
	struct access_record *access;
	struct scratch *scratch;
	struct file_arg arg;

	access = begin_file_call(call, KIND_ACCESS, sizeof(*access), &scratch);
	if (!access)
		return 0;
	access->syscall = call->number;
	access->errno = errno_of(call);
	access->unproven = is_in_doubt(call);
	access->access_mode = at ? call->argument[2] : call->argument[1];
	access->flags = call->number == ACCESS_SYSCALL_FACCESSAT2 ? call->argument[3] : 0;
	arg = at ? by_path_at(call->argument[0], call->argument[1], access->flags) : by_path(call->argument[0]);
	arg.follows = !(access->flags & AT_SYMLINK_NOFOLLOW);
	access->dirfd = arg.dirfd;
	append_file_arg(scratch, call, arg, FILE_FIELDS(access, ACCESS));
	return end_file_call(scratch, KIND_ACCESS);
}
