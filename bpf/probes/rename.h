/* A file was renamed, or could not be: events/rename.py. fs/namei.c:
 * rename(path, new_path), renameat(dirfd, path, new_dirfd, new_path), renameat2(…, flags) */

static __noinline int emit_rename(struct call *call)
{
	bool at = call->number != RENAME_SYSCALL_RENAME;
	struct rename_record *rename;
	struct scratch *scratch;
	__u32 which;

	rename = begin_file_call(call, KIND_RENAME, sizeof(*rename), &scratch, &which);
	if (!rename)
		return 0;
	rename->syscall = call->number;
	rename->errno = errno_of(call);
	rename->flags = call->number == RENAME_SYSCALL_RENAMEAT2 ? call->argument[4] : 0;
	rename->dirfd = at ? dirfd_of(call->argument[0]) : NO_FD;
	rename->new_dirfd = at ? dirfd_of(call->argument[2]) : NO_FD;
	append_path_of_call(scratch, which, call->argument[at], at ? rename->dirfd : AT_FDCWD, false,
			    PATH_ANSWER(rename, RENAME));
	append_path_of_call(scratch, which, at ? call->argument[3] : call->argument[1],
			    at ? rename->new_dirfd : AT_FDCWD, false, NEW_PATH_ANSWER(rename, RENAME));
	return end_file_call(scratch, KIND_RENAME);
}
