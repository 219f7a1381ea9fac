/* A file that is not only data was made, or could not be: events/mknod.py. fs/namei.c: mknod(path, mode, device),
 * mknodat(dirfd, path, mode, device) */

#define S_IFMT 0170000
#define S_IFREG 0100000
#define S_IFCHR 0020000
#define S_IFBLK 0060000

static __noinline int emit_mknod(struct call *call)
{
	bool at = call->number == MKNOD_SYSCALL_MKNODAT;
	struct mknod_record *mknod;
	struct scratch *scratch;
	__u32 mode, type;

	mknod = begin_file_call(call, KIND_MKNOD, sizeof(*mknod), &scratch);
	if (!mknod)
		return 0;
	mknod->syscall = call->number;
	mknod->errno = errno_of(call);
	mknod->unproven = is_in_doubt(call);
	mknod->dirfd = at ? dirfd_of(call->argument[0]) : NO_FD;
	mode = at ? call->argument[2] : call->argument[1];
	type = mode & S_IFMT;
	mknod->mode = mode & MODE_BITS;
	mknod->file_type = type ? type : S_IFREG; /* do_mknodat */
	if (type == S_IFCHR || type == S_IFBLK)
		mknod->rdev = at ? call->argument[3] : call->argument[2];
	append_path_of_call(scratch, call->argument[at], at ? mknod->dirfd : AT_FDCWD, false,
			    PATH_ANSWER(mknod, MKNOD));
	return end_file_call(scratch, KIND_MKNOD);
}
