/* A local socket got a name, or could not: events/bind.py. net/socket.c: bind(fd, address, length), which 32-bit programs
 * may also call as socketcall(SYS_BIND, arguments). */

#define AF_UNIX 1
#define SYS_BIND 2 /* include/uapi/linux/net.h */
#define SUN_PATH 108 /* include/uapi/linux/un.h: bytes of a name, after the two of the family */
#define SUN_PATH_ROOM 256

struct bind_arguments {
	__u64 fd, address, length;
};

/* Whether the call is a bind. */
static __always_inline bool read_bind(struct call *call, struct bind_arguments *arguments)
{
	__u32 words[3];

	arguments->fd = call->argument[0];
	arguments->address = call->argument[1];
	arguments->length = call->argument[2];
	if (call->number != BIND_SYSCALL_SOCKETCALL)
		return true;
	if (call->argument[0] != SYS_BIND || bpf_probe_read_user(words, sizeof(words), (void *)call->argument[1]))
		return false;
	arguments->fd = words[0];
	arguments->address = words[1];
	arguments->length = words[2];
	return true;
}

/* Appends the name: a path up to its NUL, or what comes after a NUL. Whether it is the name of a local socket. */
static __always_inline bool append_socket_name(struct scratch *scratch, struct bind_record *bind, __u64 address, __u64 length)
{
	char *to = room_for(scratch, SUN_PATH_ROOM);
	struct span *span;
	__u16 family = 0;
	long taken;

	if (!to || length <= 2 || length > 2 + SUN_PATH || bpf_probe_read_user(&family, 2, (void *)address) ||
	    family != AF_UNIX)
		return false;
	length = (length - 2) & 127; /* changes nothing, and bounds it */
	if (bpf_probe_read_user(to, length, (void *)(address + 2))) {
		bind->record.cut |= BIND_CUT_PATH;
		return true;
	}
	if (to[0]) {
		to[length] = 0;
		taken = bpf_probe_read_kernel_str(to, SUN_PATH + 1, to) - 1; /* finds the end */
		span = &bind->path;
	} else {
		taken = length - 1;
		scratch->used += 1;
		span = &bind->abstract;
	}
	if (taken < 0 || taken > SUN_PATH)
		return false; /* never */
	span->offset = scratch->used;
	span->length = taken;
	scratch->used += taken;
	return true;
}

static __noinline int emit_bind(struct call *call)
{
	struct bind_arguments arguments;
	struct scratch *scratch;
	struct bind_record *bind;

	if (!read_bind(call, &arguments))
		return 0;
	bind = begin_file_call(call, KIND_BIND, sizeof(*bind), &scratch);
	if (!bind)
		return 0;
	bind->syscall = call->number;
	bind->errno = errno_of(call);
	bind->unproven = is_in_doubt(call);
	bind->fd = arguments.fd;
	if (!append_socket_name(scratch, bind, arguments.address, arguments.length)) {
		release_scratch(scratch);
		return 0;
	}
	if (bind->path.length && config.resolve_paths &&
	    !append_base(scratch, call->task, AT_FDCWD, byte_at(scratch, bind->path.offset) == '/', &bind->joined_path,
			 IS_FREQUENT))
		bind->record.cut |= BIND_CUT_JOINED_PATH;
	return end_file_call(scratch, KIND_BIND);
}
