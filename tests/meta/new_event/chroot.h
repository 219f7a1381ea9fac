/* A process's root directory was changed, or could not be: events/chroot.py. fs/open.c: chroot(path) */

static __noinline int emit_chroot(struct call *call)
{
	struct chroot_record *chroot;
	struct scratch *scratch;

	chroot = begin_file_call(call, KIND_CHROOT, sizeof(*chroot), &scratch);
	if (!chroot)
		return 0;
	chroot->syscall = call->number;
	chroot->errno = errno_of(call);
	chroot->unproven = is_in_doubt(call);
	append_path_of_call(scratch, call->argument[0], AT_FDCWD, false, PATH_ANSWER(chroot, CHROOT));
	return end_file_call(scratch, KIND_CHROOT);
}
