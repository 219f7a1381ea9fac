/* Which file a path led to, asked of the kernel's own structures: as d_path does (fs/d_path.c), which programs at these
 * hooks may not call. */
#ifndef ONLOOKER_PATH_H
#define ONLOOKER_PATH_H

/* Names and mount points on the way; a path of more is cut, its beginning is missing. The verifier follows every step of
 * a loop, but looks at a function that is not static only once, so the way is gone in stages. Such functions take only
 * numbers before Linux 5.12. */
#define STEPS 8
#define STAGES 24

enum walked {
	WALKED_ON, /* not there yet */
	WALKED_WHOLE,
	WALKED_CUT,      /* too long, or changed while it was read */
	WALKED_DETACHED, /* whole, but it does not end at a root that anybody sees */
	WALKED_ASTRAY,   /* it ends at no root */
};

/* what struct path is in the kernel: addresses */
struct place {
	__u64 vfsmount, dentry;
};

/* The monitor's own root directory, where the paths that it shows begin; what is not below it begins at the root of its
 * mount namespace. The loader runs `identify`, which sets it. */
struct place own_root;

static __always_inline struct place read_place(struct path *path)
{
	return (struct place){ (__u64)PEEK(path, mnt), (__u64)PEEK(path, dentry) };
}

/* fs/namespace.c, is_anon_ns: a namespace that nobody is in, of a mount that is attached nowhere, has no number, or
 * MNT_NS_ANON_INO (include/uapi/linux/nsfs.h, 6.18) */
static __always_inline bool is_detached(struct mount *mount)
{
	struct mnt_namespace *ns = PEEK(mount, mnt_ns);
	__u32 number = ns ? PEEK(ns, ns.inum) : 0;

	return !number || number == 0xEFFFFFF7;
}

/* The name of `dentry` behind what is in the scratch memory; its parent. None if it was being renamed: d_move
 * (fs/dcache.c) makes d_seq odd, and then another number. */
static __always_inline struct dentry *append_name(struct scratch *scratch, struct dentry *dentry)
{
	__u32 before = PEEK(dentry, d_seq.seqcount.sequence);
	struct dentry *parent = PEEK(dentry, d_parent);
	const unsigned char *name = PEEK(dentry, d_name.name);
	__u64 length = PEEK(dentry, d_name.len) & (NAME_BYTES - 1);
	/* looked up right before it is used, because older verifiers forget bounds of what is put on the stack */
	char *to = room_for(scratch, NAME_BYTES);

	if (!to || bpf_probe_read_kernel(to, length, name))
		return 0;
	if (before & 1 || PEEK(dentry, d_seq.seqcount.sequence) != before)
		return 0;
	to = room_for(scratch, NAME_BYTES);
	if (!to)
		return 0;
	to[length] = 0;
	scratch->used += length + 1;
	return parent;
}

/* One step up: from a mount to the one it is mounted on, or from a file to its directory. */
static __always_inline enum walked step(struct scratch *scratch, struct climb *climb)
{
	struct mount *own_mount = (void *)(own_root.vfsmount - bpf_core_field_offset(struct mount, mnt));
	struct dentry *dentry = climb->dentry, *parent;
	struct mount *mount = climb->mount;
	__u32 used = scratch->used;

	if ((__u64)dentry == own_root.dentry && mount == own_mount)
		return WALKED_WHOLE;
	if (dentry == climb->top) {
		struct mount *above = PEEK(mount, mnt_parent);

		if (above == mount)
			return is_detached(above) ? WALKED_DETACHED : WALKED_WHOLE;
		climb->dentry = PEEK(mount, mnt_mountpoint);
		climb->mount = above;
		climb->top = PEEK(above, mnt.mnt_root);
		return WALKED_ON;
	}
	if (used - climb->start > PATH_BYTES - NAME_BYTES)
		return WALKED_CUT;
	parent = append_name(scratch, dentry);
	if (parent == dentry) { /* in a bind mount of a directory that it was moved out of: "unreachable" */
		scratch->used = used;
		return WALKED_ASTRAY;
	}
	if (parent)
		climb->dentry = parent;
	return WALKED_ON;
}

__noinline int walk_stage(__u32 which)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &which);
	struct climb climb;
	int i;

	if (!scratch)
		return WALKED_CUT;
	climb = scratch->climb;
	for (i = 0; i < STEPS; i++) {
		enum walked walked = step(scratch, &climb);

		if (walked != WALKED_ON)
			return walked;
	}
	scratch->climb = climb;
	return WALKED_ON;
}

/* Appends the path to a place: the names from there up to the root, each with its NUL, and an empty one for the root. */
static __always_inline enum walked append_path(struct scratch *scratch, __u32 which, struct place place,
					       struct span *span)
{
	struct mount *mount = (void *)(place.vfsmount - bpf_core_field_offset(struct mount, mnt));
	enum walked walked = WALKED_ON;
	__u64 used;
	__u32 i;

	span->offset = scratch->used;
	scratch->climb.mount = mount;
	scratch->climb.dentry = (void *)place.dentry;
	scratch->climb.top = PEEK(mount, mnt.mnt_root);
	scratch->climb.start = scratch->used;
	for (i = 0; i < STAGES && walked == WALKED_ON; i++)
		walked = walk_stage(which);

	used = scratch->used;
	if ((walked == WALKED_WHOLE || walked == WALKED_DETACHED) && used < SCRATCH_BYTES) {
		scratch->bytes[used++] = 0;
		scratch->used = used;
	}
	span->length = used - span->offset;
	return walked == WALKED_ON ? WALKED_CUT : walked;
}

#endif
