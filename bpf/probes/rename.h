/* A file was renamed, or could not be: events/rename.py. fs/namei.c:
 * rename(path, new_path), renameat(dirfd, path, new_dirfd, new_path), renameat2(…, flags) */

#define RENAME_EXCHANGE (1 << 1) /* include/uapi/linux/fs.h */

enum sought {
	SOUGHT_ON,
	SOUGHT_FOUND,
	SOUGHT_IN_VAIN,
};

/* Searches a walked path for a name, in stages like names_stage; each name there ends with a NUL. */
__noinline int seek_stage(__u32 slot)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	int i;

	if (!scratch)
		return SOUGHT_IN_VAIN;
	for (i = 0; i < NAME_STEPS; i++) {
		__u8 byte = byte_at(scratch, scratch->seek.at);
		__u8 other = byte_at(scratch, scratch->seek.name.offset + scratch->seek.same);

		if (scratch->seek.at >= scratch->seek.end)
			return SOUGHT_IN_VAIN;
		if (!byte && !scratch->seek.differs && scratch->seek.same == scratch->seek.name.length)
			return SOUGHT_FOUND;
		if (!byte) {
			scratch->seek.same = 0;
			scratch->seek.differs = false;
		} else if (scratch->seek.same < scratch->seek.name.length && byte == other) {
			scratch->seek.same++;
		} else {
			scratch->seek.differs = true;
		}
		scratch->seek.at++;
	}
	return SOUGHT_ON;
}

/* Whether a walked path has a name of so many bytes. */
__noinline int is_on_way(__u32 slot, __u32 way, __u32 way_length, __u32 name, __u32 name_length)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	int sought = SOUGHT_ON;
	__u32 i;

	if (!scratch || !name_length)
		return false;
	zero(&scratch->seek, sizeof(scratch->seek));
	scratch->seek.at = way;
	scratch->seek.end = way + way_length;
	scratch->seek.name.offset = name;
	scratch->seek.name.length = name_length;
	for (i = 0; i < NAME_STAGES && sought == SOUGHT_ON; i++)
		sought = seek_stage(slot);
	return sought == SOUGHT_FOUND;
}

/* The last name of a path, and whether it is the only one: then it is in the directory that the path starts from. */
struct last_name {
	struct span name;
	bool alone, absolute;
};

static __always_inline struct last_name last_name_of(struct scratch *scratch, struct span path)
{
	struct last_name last = {};

	if (!path.length)
		return last;
	last.absolute = byte_at(scratch, path.offset) == '/';
	read_names(scratch->slot, path.offset, path.length, false);
	last.name = scratch->names.last;
	last.alone = !last.absolute && scratch->names.count == 1;
	return last;
}

static __always_inline bool has_moved(__u32 slot, struct span way, struct last_name old, struct last_name new,
				      bool exchange)
{
	return is_on_way(slot, way.offset, way.length, new.name.offset, new.name.length) ||
	       (exchange && is_on_way(slot, way.offset, way.length, old.name.offset, old.name.length));
}

/* A rename can move the directory that its paths start from, or one above it. Then the path to that directory has changed,
 * and contains the new name. What lies in a directory is not above it, and what is named from the root is not above the
 * root. */
__noinline int leave_out_moved(__u32 slot)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	struct rename_record *rename;
	struct last_name old, new;
	bool exchange, same_start;

	if (!scratch)
		return 0;
	rename = (void *)scratch->bytes;
	old = last_name_of(scratch, rename->path);
	new = last_name_of(scratch, rename->new_path);
	exchange = rename->flags & RENAME_EXCHANGE;
	same_start = rename->dirfd == rename->new_dirfd && (old.alone || new.alone);
	if (!old.absolute && !old.alone && !same_start && has_moved(slot, rename->joined_path, old, new, exchange)) {
		rename->joined_path = (struct span){};
		rename->record.cut |= RENAME_CUT_JOINED_PATH;
	}
	if (!new.absolute && !new.alone && !same_start && has_moved(slot, rename->joined_new_path, old, new, exchange)) {
		rename->joined_new_path = (struct span){};
		rename->record.cut |= RENAME_CUT_JOINED_NEW_PATH;
	}
	return 0;
}

static __noinline int emit_rename(struct call *call)
{
	bool at = call->number != RENAME_SYSCALL_RENAME;
	struct rename_record *rename;
	struct scratch *scratch;

	rename = begin_file_call(call, KIND_RENAME, sizeof(*rename), &scratch);
	if (!rename)
		return 0;
	rename->syscall = call->number;
	rename->errno = errno_of(call);
	rename->unproven = is_in_doubt(call);
	rename->flags = call->number >= RENAME_SYSCALL_RENAMEAT2 ? /* io_uring, too */ call->argument[4] : 0;
	rename->dirfd = at ? dirfd_of(call->argument[0]) : NO_FD;
	rename->new_dirfd = at ? dirfd_of(call->argument[2]) : NO_FD;
	append_path_of_call(scratch, call->argument[at], at ? rename->dirfd : AT_FDCWD, false,
			    PATH_ANSWER(rename, RENAME));
	append_path_of_call(scratch, at ? call->argument[3] : call->argument[1],
			    at ? rename->new_dirfd : AT_FDCWD, false, NEW_PATH_ANSWER(rename, RENAME));
	if (config.resolve_paths && !call->result)
		leave_out_moved(scratch->slot);
	return end_file_call(scratch, KIND_RENAME);
}
