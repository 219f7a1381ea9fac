/* What the events of calls on files have in common: renaming, removing, making, changing; events/file.py. */
#ifndef ONLOOKER_FILE_CALL_H
#define ONLOOKER_FILE_CALL_H

/* on the wire: the call has no such descriptor. NO_FD in src/onlooker/events/file.py */
#define NO_FD ((int)0x80000000)

#define PASSED_CUT 1
#define JOINED_CUT 2

/* Appends a path that the caller passed and, if paths are resolved, that of the directory that it starts from
 * (none for NO_FD). Their spans are in the scratch memory, too; the result says which of them is not whole. A function
 * of its own for the verifier, like walk. */
__noinline int append_passed(__u32 slot, __u64 path, int dirfd, int may_be_empty)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	int cut = 0;
	char first;

	if (!scratch)
		return PASSED_CUT;
	scratch->joined.offset = scratch->joined.length = 0;
	if (!append_path_of(scratch, path, &scratch->passed, &first))
		cut |= PASSED_CUT;
	if (!config.resolve_paths || dirfd == NO_FD || (!scratch->passed.length && (cut || !may_be_empty)))
		return cut;
	if (!append_base(scratch, current_task(), dirfd, first == '/', &scratch->joined,
			 IS_FREQUENT) ||
	    cut)
		cut |= JOINED_CUT;
	return cut;
}

/* Describes the file of a descriptor in the scratch memory; `of_leader`: the main thread's, which
 * can have others. Whether the path is not whole: also if the call succeeded and there is no file, because another
 * thread has closed it. */
__noinline int describe_descriptor(__u32 slot, int fd, int failed, int of_leader)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	struct task_struct *task = current_task();

	if (!scratch)
		return 1;
	scratch->file.path.offset = scratch->file.path.length = 0;
	scratch->file.inode = 0;
	scratch->file.device = 0;
	scratch->file.state = 0;
	if (of_leader)
		task = READ(task, group_leader);
	if (describe_behind(scratch, task, fd,
			    (struct file_answer){ &scratch->file.path, &scratch->file.inode, &scratch->file.device,
						  &scratch->file.state }))
		return 0;
	return !failed || scratch->file.inode;
}

/* Where the path of a call goes, and the bits of `cut` for it, in whatever record. */
struct path_answer {
	struct span *path, *joined;
	__u16 cut_path, cut_joined;
};

static __always_inline void append_path_of_call(struct scratch *scratch, __u64 path, int dirfd,
						bool may_be_empty, struct path_answer answer)
{
	struct record *record = (void *)scratch->bytes;
	int cut = append_passed(scratch->slot, path, dirfd, may_be_empty);

	*answer.path = scratch->passed;
	*answer.joined = scratch->joined;
	if (cut & PASSED_CUT)
		record->cut |= answer.cut_path;
	if (cut & JOINED_CUT)
		record->cut |= answer.cut_joined;
}

/* The file that a call is about, as the caller named it. */
struct file_arg {
	__u64 path;
	int dirfd, fd; /* NO_FD where the call has none */
	bool has_path, may_be_empty;
	bool follows; /* the last name of the path, if it is a link */
};

static __always_inline struct file_arg by_path(__u64 path)
{
	return (struct file_arg){ .path = path, .dirfd = NO_FD, .fd = NO_FD, .has_path = true };
}

static __always_inline struct file_arg by_descriptor(__u64 fd)
{
	return (struct file_arg){ .dirfd = NO_FD, .fd = fd };
}

/* With AT_EMPTY_PATH and an empty path, the descriptor is that of the file itself. */
static __always_inline struct file_arg by_path_at(__u64 dirfd, __u64 path, __u64 flags)
{
	struct file_arg arg = { .path = path, .dirfd = dirfd_of(dirfd), .fd = NO_FD, .has_path = true };
	char first = 1;

	if (!(flags & AT_EMPTY_PATH))
		return arg;
	arg.may_be_empty = true;
	if (arg.dirfd != AT_FDCWD && !bpf_probe_read_user(&first, 1, (void *)path) && !first) {
		arg.fd = arg.dirfd;
		arg.dirfd = NO_FD;
	}
	return arg;
}

/* Where the fields of such a file go. */
struct file_fields {
	__s32 *fd;
	struct path_answer path;
	struct file_answer file;
	__u16 cut_file;
};

/* Whether the call reached the file; other errors mean that the path led to none. */
static __always_inline bool has_found(long result)
{
	return result != -ENOENT && result != -ENOTDIR && result != -ELOOP && result != -ENAMETOOLONG;
}

static __always_inline void append_file_arg(struct scratch *scratch, struct call *call,
					   struct file_arg arg, struct file_fields answer)
{
	struct record *record = (void *)scratch->bytes;
	bool of_leader = false;

	*answer.fd = arg.fd;
	if (arg.has_path) {
		/* the working directory, where the call has no other */
		int from = arg.dirfd == NO_FD && arg.fd == NO_FD ? AT_FDCWD : arg.dirfd;

		append_path_of_call(scratch, arg.path, from, arg.may_be_empty, answer.path);
	}
	if (!config.resolve_paths)
		return;
	if (arg.fd == NO_FD && arg.follows && has_found(call->result)) {
		arg.fd = descriptor_named(scratch);
		of_leader = scratch->names.of_leader;
		if (arg.fd < 0)
			return;
	}
	if (arg.fd == NO_FD)
		return;
	if (describe_descriptor(scratch->slot, arg.fd, call->result < 0, of_leader))
		record->cut |= answer.cut_file;
	*answer.file.path = scratch->file.path;
	*answer.file.inode = scratch->file.inode;
	*answer.file.device = scratch->file.device;
	*answer.file.state = scratch->file.state;
}

/* The answers in a record that has these fields, named as in src/onlooker/events/file.py. */
#define PATH_ANSWER(event, NAME)                                                                                       \
	((struct path_answer){ &(event)->path, &(event)->joined_path, NAME##_CUT_PATH, NAME##_CUT_JOINED_PATH })
#define NEW_PATH_ANSWER(event, NAME)                                                                                   \
	((struct path_answer){ &(event)->new_path, &(event)->joined_new_path, NAME##_CUT_NEW_PATH,                     \
			       NAME##_CUT_JOINED_NEW_PATH })
#define FILE_FIELDS(event, NAME)                                                                                       \
	((struct file_fields){                                                                                         \
		&(event)->fd, PATH_ANSWER(event, NAME),                                                                \
		(struct file_answer){ &(event)->real_path, &(event)->inode, &(event)->device, &(event)->file_state },  \
		NAME##_CUT_REAL_PATH })

/* Takes memory and fills in the header for a call: the memory's slot, or negative. Not inlined, like end_file_call, so that
 * the events share it: every instruction adds to the time to load, also one that is cut out. */
static __noinline int take_for_call(struct call *call, enum kind kind, __u32 record_bytes)
{
	struct scratch *scratch;

	scratch = take_scratch(kind, record_bytes);
	if (!scratch)
		return -1;
	scratch->request = call->request;
	scratch->ruling = call->ruling;
	fill_record((struct record *)scratch->bytes, kind, call->task);
	keep_comm((struct record *)scratch->bytes, &call->ruling);
	return scratch->slot;
}

/* The record for a call, its header filled and the rest zero; or none. */
static __always_inline void *begin_file_call(struct call *call, enum kind kind, __u32 record_bytes,
					     struct scratch **scratch)
{
	int slot = take_for_call(call, kind, record_bytes);

	if (slot < 0)
		return 0;
	*scratch = bpf_map_lookup_elem(&scratches, &slot);
	if (!*scratch) /* never */
		return 0;
	__builtin_memset((*scratch)->bytes + sizeof(struct record), 0, record_bytes - sizeof(struct record));
	return (*scratch)->bytes;
}

static __noinline int end_file_call(struct scratch *scratch, enum kind kind)
{
	struct record *record = (void *)scratch->bytes;

	if (passes(scratch, kind))
		send_scratch(scratch, kind, check_headroom(kind, scratch->used, record->boot_ns));
	release_scratch(scratch);
	return done();
}

static __always_inline __u16 errno_of(struct call *call)
{
	return call->result < 0 ? -call->result : 0;
}

#endif
