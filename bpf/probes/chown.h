/* A file's owner or group was changed, or could not be: events/chown.py. fs/open.c: chown(path, owner, group),
 * lchown(path, owner, group), fchown(fd, owner, group), fchownat(dirfd, path, owner, group, flags); 32-bit programs have
 * these with ids of 16 bits (kernel/uid16.c), and chown32, lchown32 and fchown32. */

static __always_inline __u32 owner_of_16_bits(__u32 id)
{
	return (id & 0xffff) == 0xffff ? ~0U : id & 0xffff; /* low2highuid, include/linux/highuid.h */
}

static __noinline int emit_chown(struct call *call)
{
	bool at = call->number == CHOWN_SYSCALL_FCHOWNAT;
	bool by_fd = call->number == CHOWN_SYSCALL_FCHOWN || call->number == CHOWN_SYSCALL_FCHOWN32;
	struct scratch *scratch;
	struct file_arg arg;
	struct chown_record *chown;

	chown = begin_file_call(call, KIND_CHOWN, sizeof(*chown), &scratch);
	if (!chown)
		return 0;
	chown->syscall = call->number;
	chown->errno = errno_of(call);
	chown->unproven = is_in_doubt(call);
	chown->owner = at ? call->argument[2] : call->argument[1];
	chown->group = at ? call->argument[3] : call->argument[2];
	if (call->number < CHOWN_SYSCALL_FCHOWNAT && is_compat(call->task)) {
		chown->owner = owner_of_16_bits(chown->owner);
		chown->group = owner_of_16_bits(chown->group);
	}
	chown->flags = at ? call->argument[4] : 0;
	arg = at    ? by_path_at(call->argument[0], call->argument[1], chown->flags) :
		  by_fd ? by_descriptor(call->argument[0]) :
			  by_path(call->argument[0]);
	arg.follows = call->number != CHOWN_SYSCALL_LCHOWN && call->number != CHOWN_SYSCALL_LCHOWN32 &&
			  !(chown->flags & AT_SYMLINK_NOFOLLOW);
	chown->dirfd = arg.dirfd;
	append_file_arg(scratch, call, arg, FILE_FIELDS(chown, CHOWN));
	return end_file_call(scratch, KIND_CHOWN);
}
