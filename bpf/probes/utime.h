/* A file's times were set, or could not be: events/utime.py. fs/utimes.c: utime(path, times), utimes(path, times),
 * futimesat(dirfd, path, times), utimensat(dirfd, path, times, flags). Without a path, the last two set the times of the
 * descriptor's file (do_utimes). */

static __noinline int emit_utime(struct call *call)
{
	bool by_path_only = call->number == UTIME_SYSCALL_UTIME || call->number == UTIME_SYSCALL_UTIMES;
	struct utime_record *utime;
	struct scratch *scratch;
	struct file_arg arg;

	utime = begin_file_call(call, KIND_UTIME, sizeof(*utime), &scratch);
	if (!utime)
		return 0;
	utime->syscall = call->number;
	utime->errno = errno_of(call);
	utime->unproven = is_in_doubt(call);
	if (call->number == UTIME_SYSCALL_UTIMENSAT || call->number == UTIME_SYSCALL_UTIMENSAT_TIME64)
		utime->flags = call->argument[3];
	arg = by_path_only	   ? by_path(call->argument[0]) :
	      !call->argument[1] && dirfd_of(call->argument[0]) != AT_FDCWD ?
					     by_descriptor(call->argument[0]) :
				   by_path_at(call->argument[0], call->argument[1], utime->flags);
	arg.follows = !(utime->flags & AT_SYMLINK_NOFOLLOW);
	utime->dirfd = arg.dirfd;
	append_file_arg(scratch, call, arg, FILE_FIELDS(utime, UTIME));
	return end_file_call(scratch, KIND_UTIME);
}
