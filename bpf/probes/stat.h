/* A process asked for the metadata of a file, by a path: events/stat.py. fs/stat.c: stat(path, buffer),
 * newfstatat(dirfd, path, buffer, flags), statx(dirfd, path, flags, mask, buffer), and what 32-bit programs have instead. */

static __noinline int emit_stat(struct call *call)
{
	bool at = call->number == STAT_SYSCALL_NEWFSTATAT || call->number == STAT_SYSCALL_FSTATAT64 ||
		  call->number == STAT_SYSCALL_STATX;
	__u32 flags = !at ? 0 : call->number == STAT_SYSCALL_STATX ? call->argument[2] : call->argument[3];
	struct scratch *scratch;
	struct stat_record *stat;
	struct file_arg arg;
	__s32 fd; /* of no record: such a call is none of these */

	arg = at ? by_path_at(call->argument[0], call->argument[1], flags) : by_path(call->argument[0]);
	/* since Linux 6.11 (0ef625bba6fb) a path may be NULL */
	if (arg.fd != NO_FD || (flags & AT_EMPTY_PATH && !call->argument[1]))
		return 0;
	stat = begin_file_call(call, KIND_STAT, sizeof(*stat), &scratch);
	if (!stat)
		return 0;
	stat->syscall = call->number;
	stat->errno = errno_of(call);
	stat->unproven = is_in_doubt(call);
	stat->flags = flags;
	arg.follows = call->number != STAT_SYSCALL_LSTAT && call->number != STAT_SYSCALL_LSTAT64 &&
		      call->number != STAT_SYSCALL_OLDLSTAT && !(flags & AT_SYMLINK_NOFOLLOW);
	stat->dirfd = arg.dirfd;
	append_file_arg(scratch, call, arg,
			(struct file_fields){ &fd, PATH_ANSWER(stat, STAT),
					      (struct file_answer){ &stat->real_path, &stat->inode, &stat->device,
								    &stat->file_state },
					      STAT_CUT_REAL_PATH });
	return end_file_call(scratch, KIND_STAT);
}
