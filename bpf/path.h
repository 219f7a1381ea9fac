/* Which file a path led to, by the kernel's own structures, as in d_path (fs/d_path.c), which programs at these
 * hooks may not call. */
#ifndef ONLOOKER_PATH_H
#define ONLOOKER_PATH_H

/* A path of PATH_BYTES has 2047 names at most; the rest is for mounts. */
#define STEPS 2304
#define STAGE_STEPS 8
#define SHORT_STEPS 12 /* more than most paths have names and mounts */
#define TRIES 8 /* a walk takes less than a microsecond, a rename or the move of a mount longer */

enum walked {
	WALKED_ON, /* not there yet */
	WALKED_WHOLE,
	WALKED_CUT,      /* too long */
	WALKED_RACED,    /* a name or a mount was being moved */
	WALKED_DETACHED, /* whole, but it does not end at a root that anybody sees */
	WALKED_ASTRAY,   /* it ends at no root */
};

/* Whether 50 ns for a call matter more, or the verifier's time at the start: each loaded program has a copy of the walk. */
enum frequency {
	IS_FREQUENT,
	IS_RARE,
};

static __always_inline struct place read_place(struct path *path)
{
	return (struct place){ PEEK_ADDRESS(path, mnt), PEEK_ADDRESS(path, dentry) };
}

/* Adds what a step has read to a sum, so that a second walk shows whether anything has changed. */
static __always_inline void note(struct path_cursor *cursor, __u64 address, __u64 number)
{
	cursor->sum = (cursor->sum ^ address) * 0x9E3779B97F4A7C15ULL;
	cursor->sum = (cursor->sum ^ number) * 0xC2B2AE3D27D4EB4FULL;
}

/* Counts what is mounted, moved and unmounted in a mount's namespace (touch_mnt_namespace, fs/namespace.c); 0 for a mount
 * that is in none. */
static __always_inline __u64 mount_event(struct mount *mount)
{
	struct mnt_namespace *ns = (void *)PEEK_ADDRESS(mount, mnt_ns);

	return ns ? PEEK(ns, event) : 0;
}

/* A mount that is its own parent is the root of a namespace, or attached nowhere. While a mount is being moved, it looks
 * the same for a moment (umount_mnt, fs/namespace.c). The namespace of a mount that is attached nowhere has no number, or
 * MNT_NS_ANON_INO (is_anon_ns, fs/mount.h; include/uapi/linux/nsfs.h, 6.18). */
static __always_inline enum walked end_at(struct path_cursor *cursor, struct mount *mount)
{
	struct mnt_namespace *ns = (void *)PEEK_ADDRESS(mount, mnt_ns);
	__u32 number = ns ? PEEK(ns, ns.inum) : 0;

	note(cursor, (__u64)ns, number);
	if (!number || number == 0xEFFFFFF7)
		return WALKED_DETACHED;
	return PEEK_ADDRESS(ns, root) == (__u64)mount ? WALKED_WHOLE : WALKED_RACED;
}

/* Reads the bytes of a name. Most names are short: reading them by words costs less than the call of a helper. No name has
 * a NUL, so a word whose first byte is NUL may not have been readable: the helper decides. */
#define SHORT_NAME 32
static __always_inline bool read_name(char *to, const unsigned char *name, __u64 length)
{
	__u64 *words = (__u64 *)to, word = 1;
	__u32 i;

	if (!CAN_CAST || length > SHORT_NAME)
		return !bpf_probe_read_kernel(to, length, name);
	for (i = 0; i < SHORT_NAME / 8 && 8 * i < length && word & 0xff; i++)
		words[i] = word = word_at(name + 8 * i);
	return word & 0xff || !bpf_probe_read_kernel(to, length, name);
}

/* Appends the name of `dentry` to the scratch memory. */
static __always_inline enum walked append_name(struct scratch *scratch, struct path_cursor *cursor,
					       struct dentry *dentry)
{
	const unsigned char *name = (void *)PEEK_ADDRESS(dentry, d_name.name);
	/* not always NAME_MAX at most: FUSE takes 1024 bytes, and since Linux 6.16 (27992ef80770) PATH_MAX - 1 */
	__u64 length = PEEK(dentry, d_name.len), used = scratch->used;
	/* looked up right before it is used, because older verifiers forget bounds of what is put on the stack */
	char *to;

	if (length >= PATH_BYTES || used - cursor->start + length + 1 >= PATH_BYTES) {
		cursor->last = (__u64)dentry;
		return WALKED_CUT;
	}
	length &= PATH_BYTES - 1;
	to = room_for(scratch, PATH_BYTES);
	if (!to || !read_name(to, name, length))
		return WALKED_RACED;
	to = room_for(scratch, PATH_BYTES);
	if (!to)
		return WALKED_CUT;
	to[length] = 0;
	if (config.rules && used == cursor->start)
		scratch->first_bytes = length;
	scratch->used += length + 1;
	return WALKED_ON;
}

/* One step up: from a mount to the one it is mounted on, or from a file to its directory. The second walk appends no
 * names. d_move (fs/dcache.c) makes d_seq odd, and then another number. */
static __always_inline enum walked step(struct scratch *scratch, struct path_cursor *cursor, bool again)
{
	__u64 own_mount = own_root.vfsmount - bpf_core_field_offset(struct mount, mnt);
	struct dentry *dentry = (void *)cursor->dentry;
	struct mount *mount = (void *)cursor->mount;
	enum walked walked = WALKED_ON;
	__u64 parent;
	__u32 sequence;

	if (cursor->dentry == own_root.dentry && cursor->mount == own_mount)
		return WALKED_WHOLE;
	if (cursor->dentry == cursor->top) {
		struct mount *above = (void *)PEEK_ADDRESS(mount, mnt_parent);

		if (above == mount)
			return end_at(cursor, mount);
		cursor->dentry = PEEK_ADDRESS(mount, mnt_mountpoint);
		/* half unmounted: unhash_mnt (fs/namespace.c) makes it its own parent, and its root the mountpoint, in an
		 * order that the compiler chooses. A directory that is mounted on itself has the two equal as well. */
		cursor->half = cursor->dentry == cursor->top;
		if (PEEK_ADDRESS(mount, mnt_parent) != (__u64)above)
			return WALKED_RACED;
		cursor->mount = (__u64)above;
		cursor->top = PEEK_ADDRESS(above, mnt.mnt_root);
		note(cursor, cursor->mount, cursor->dentry);
		return WALKED_ON;
	}
	if (cursor->dentry == cursor->last)
		return WALKED_CUT;
	sequence = PEEK(dentry, d_seq.seqcount.sequence);
	if (sequence & 1)
		return WALKED_RACED;
	parent = PEEK_ADDRESS(dentry, d_parent);
	if (parent == cursor->dentry) /* in a bind mount of a directory that it was moved out of: "unreachable" */
		return cursor->half ? WALKED_RACED : WALKED_ASTRAY;
	if (!again)
		walked = append_name(scratch, cursor, dentry);
	if (walked == WALKED_ON) {
		note(cursor, cursor->dentry, sequence);
		cursor->dentry = parent;
	}
	return walked;
}

static __always_inline void begin(struct path_cursor *cursor)
{
	struct mount *mount = (void *)cursor->first_mount;

	cursor->mount = cursor->first_mount;
	cursor->dentry = cursor->first_dentry;
	cursor->top = PEEK_ADDRESS(mount, mnt.mnt_root);
	cursor->sum = 0;
	cursor->half = false;
}

/* Both walks of walk_safely for most paths, with one call instead of five; a call costs 12 ns where returns are guarded
 * (SRSO). WALKED_ON if the path is longer. The verifier goes through 14 000 instructions for it, and 2 000 for
 * walk_safely. */
__noinline int walk_short(__u32 slot)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	int walked = WALKED_ON, again = WALKED_ON;
	struct mount *first;
	struct path_cursor *cursor;
	__u64 event, sum;
	int i;

	if (!scratch)
		return WALKED_CUT;
	cursor = &scratch->cursor; /* not a copy: stacks are small (check_max_stack_depth) */
	first = (void *)cursor->first_mount;
	event = mount_event(first);
	cursor->last = 0;
	begin(cursor);
	for (i = 0; i < SHORT_STEPS && walked == WALKED_ON; i++)
		walked = step(scratch, cursor, false);
	if (walked != WALKED_WHOLE && walked != WALKED_DETACHED)
		return WALKED_ON;
	sum = cursor->sum;
	begin(cursor);
	for (i = 0; i < SHORT_STEPS && again == WALKED_ON; i++)
		again = step(scratch, cursor, true);
	return again == walked && cursor->sum == sum && mount_event(first) == event ? walked : WALKED_ON;
}

#if CAN_CAST
/* The verifier follows what bpf_loop calls once (Linux 5.17, e6f2dd0f8067). */
static long walk_on(__u64 index, __u32 *slot)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, slot);

	if (!scratch)
		return true;
	scratch->cursor.walked = step(scratch, &scratch->cursor, scratch->cursor.again);
	return scratch->cursor.walked != WALKED_ON;
}

static __always_inline void walk_all(__u32 slot)
{
	bpf_loop(STEPS, walk_on, &slot, 0);
}
#else
/* The verifier follows every step of a loop, but looks at a function that is not static only once, so the walk has
 * stages. Such functions take only numbers before Linux 5.12. */
__noinline int walk_stage(__u32 slot)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	enum walked walked = WALKED_ON;
	int i;

	if (!scratch)
		return WALKED_CUT;
	for (i = 0; i < STAGE_STEPS && walked == WALKED_ON; i++)
		walked = step(scratch, &scratch->cursor, scratch->cursor.again);
	scratch->cursor.walked = walked;
	return walked;
}

static __always_inline void walk_all(__u32 slot)
{
	__u32 i;

	for (i = 0; i < STEPS / STAGE_STEPS; i++)
		if (walk_stage(slot) != WALKED_ON)
			break;
}
#endif

/* From the cursor's first place to a root. */
__noinline int walk(__u32 slot, int again)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);

	if (!scratch)
		return WALKED_CUT;
	scratch->cursor.again = again;
	scratch->cursor.walked = WALKED_ON;
	begin(&scratch->cursor);
	walk_all(slot);
	return scratch->cursor.walked == WALKED_ON ? WALKED_CUT : scratch->cursor.walked;
}

/* Walks twice. If the second walk finds the same as the first, all of it held at one moment in between: every rename
 * changes the d_seq of what it moves, and moves of mounts change the count of their namespace even if they undo each
 * other. d_path compares rename_lock and mount_lock instead (fs/d_path.c). They change with every rename and mount of the
 * machine, and few may read their addresses. */
__noinline int walk_safely(__u32 slot)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	__u32 i;

	if (!scratch)
		return WALKED_CUT;
	for (i = 0; i < TRIES; i++) {
		struct mount *first = (void *)scratch->cursor.first_mount;
		__u64 event = mount_event(first), sum;
		int walked;

		scratch->used = scratch->cursor.start;
		scratch->first_bytes = 0;
		scratch->cursor.last = 0;
		walked = walk(slot, false);
		if (walked == WALKED_RACED)
			continue;
		sum = scratch->cursor.sum;
		if (walk(slot, true) == walked && scratch->cursor.sum == sum &&
		    mount_event(first) == event)
			return walked;
	}
	scratch->used = scratch->cursor.start; /* none of its names is certain */
	return WALKED_CUT;
}

/* Appends the path to a place: the names from there up to the root, each with its NUL, and an empty one for the root. No
 * span where it could not be read. */
static __always_inline enum walked append_path(struct scratch *scratch, struct place place,
					       struct span *span, enum frequency frequency)
{
	enum walked walked = WALKED_ON;
	__u64 used;

	span->offset = scratch->used;
	scratch->cursor.start = scratch->first_at = scratch->used;
	scratch->first_bytes = 0;
	scratch->cursor.first_mount = place.vfsmount - bpf_core_field_offset(struct mount, mnt);
	scratch->cursor.first_dentry = place.dentry;
	if (frequency == IS_FREQUENT && CAN_CAST)
		walked = walk_short(scratch->slot);
	if (walked == WALKED_ON)
		walked = walk_safely(scratch->slot);

	used = scratch->used;
	if ((walked == WALKED_WHOLE || walked == WALKED_DETACHED) && used < SCRATCH_BYTES) {
		scratch->bytes[used++] = 0;
		scratch->used = used;
	}
	span->length = used - span->offset;
	if (!span->length)
		span->offset = 0; /* nothing is known */
	return walked;
}

#endif
