/* An extended attribute of a file was set or removed, or could not be: events/xattr.py. fs/xattr.c:
 * setxattr(path, name, value, size, flags), removexattr(path, name), the same with `l` and `f` before it, and since Linux
 * 6.13 setxattrat(dirfd, path, at_flags, name, args, size) and removexattrat(dirfd, path, at_flags, name) */

/* include/uapi/linux/xattr.h */
struct xattr_args {
	__u64 value;
	__u32 size;
	__u32 flags;
};

/* How many bytes are set, and how. */
static __always_inline void fill_xattr(struct xattr_record *xattr, struct call *call)
{
	struct xattr_args args = {};

	switch (call->number) {
	case XATTR_SYSCALL_SETXATTR:
	case XATTR_SYSCALL_LSETXATTR:
	case XATTR_SYSCALL_FSETXATTR:
		xattr->size = call->argument[3];
		xattr->flags = call->argument[4];
		break;
	case XATTR_SYSCALL_SETXATTRAT:
		if (bpf_probe_read_user(&args, sizeof(args), (void *)call->argument[4]))
			break;
		xattr->size = args.size;
		xattr->flags = args.flags;
		break;
	default:
		xattr->size = XATTR_SIZE_ABSENT;
	}
}

static __noinline int emit_xattr(struct call *call)
{
	bool at = call->number == XATTR_SYSCALL_SETXATTRAT || call->number == XATTR_SYSCALL_REMOVEXATTRAT;
	bool by_fd = call->number == XATTR_SYSCALL_FSETXATTR || call->number == XATTR_SYSCALL_FREMOVEXATTR;
	struct xattr_record *xattr;
	struct scratch *scratch;
	struct file_arg arg;

	xattr = begin_file_call(call, KIND_XATTR, sizeof(*xattr), &scratch);
	if (!xattr)
		return 0;
	xattr->syscall = call->number;
	xattr->errno = errno_of(call);
	xattr->unproven = is_in_doubt(call);
	fill_xattr(xattr, call);
	xattr->at_flags = at ? call->argument[2] : 0;
	arg = at    ? by_path_at(call->argument[0], call->argument[1], xattr->at_flags) :
	      by_fd ? by_descriptor(call->argument[0]) :
		      by_path(call->argument[0]);
	arg.follows = call->number != XATTR_SYSCALL_LSETXATTR && call->number != XATTR_SYSCALL_LREMOVEXATTR &&
		      !(xattr->at_flags & AT_SYMLINK_NOFOLLOW);
	xattr->dirfd = arg.dirfd;
	if (append_passed(scratch->slot, at ? call->argument[3] : call->argument[1], NO_FD, false))
		xattr->record.cut |= XATTR_CUT_ATTRIBUTE;
	xattr->attribute = scratch->passed;
	append_file_arg(scratch, call, arg, FILE_FIELDS(xattr, XATTR));
	return end_file_call(scratch, KIND_XATTR);
}
