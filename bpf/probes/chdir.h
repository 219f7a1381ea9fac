/* A process changed its working directory, or could not: events/chdir.py. fs/open.c: chdir(path), fchdir(fd) */

static __noinline int emit_chdir(struct call *call)
{
	bool by_fd = call->number == CHDIR_SYSCALL_FCHDIR, changed = call->result >= 0;
	struct scratch *scratch;
	struct chdir_record *chdir;
	char first = 0;

	chdir = begin_file_call(call, KIND_CHDIR, sizeof(*chdir), &scratch);
	if (!chdir)
		return 0;
	chdir->syscall = call->number;
	chdir->errno = errno_of(call);
	chdir->unproven = is_in_doubt(call);
	chdir->fd = by_fd ? (int)call->argument[0] : NO_FD;
	if (!by_fd) {
		bpf_probe_read_user(&first, 1, (void *)call->argument[0]);
		/* the directory that a relative path began in is no longer the working directory */
		append_path_of_call(scratch, call->argument[0], changed && first != '/' ? NO_FD : AT_FDCWD, false,
				    PATH_ANSWER(chdir, CHDIR));
	}
	if (changed && config.resolve_paths && !append_base(scratch, call->task, AT_FDCWD, false, &chdir->cwd, IS_FREQUENT))
		chdir->record.cut |= CHDIR_CUT_CWD;
	return end_file_call(scratch, KIND_CHDIR);
}
