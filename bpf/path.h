/* Which file a path led to, asked of the kernel's own structures: as d_path does (fs/d_path.c), which programs at these
 * hooks may not call. */
#ifndef ONLOOKER_PATH_H
#define ONLOOKER_PATH_H

#define MAX_STEPS 160 /* names and mount points; a path of more is cut, its beginning is missing */

enum walked {
	WALKED_WHOLE,
	WALKED_CUT,      /* too long, or changed while it was read */
	WALKED_DETACHED, /* whole, but it does not end at a root that anybody sees */
};

/* what struct path is in the kernel: addresses */
struct place {
	__u64 vfsmount, dentry;
};

/* The monitor's own root directory, where the paths that it shows begin; what is not below it begins at the root of its
 * mount namespace. The loader runs `identify`, which sets it. */
struct place own_root;

static __always_inline struct place read_place(const struct path *path)
{
	return (struct place){ (__u64)BPF_CORE_READ(path, mnt), (__u64)BPF_CORE_READ(path, dentry) };
}

/* fs/namespace.c, is_anon_ns: a namespace that nobody is in, of a mount that is attached nowhere, has no number, or
 * MNT_NS_ANON_INO (include/uapi/linux/nsfs.h, 6.18) */
static __always_inline bool is_detached(struct mount *mount)
{
	struct mnt_namespace *ns = BPF_CORE_READ(mount, mnt_ns);
	__u32 number = ns ? BPF_CORE_READ(ns, ns.inum) : 0;

	return !number || number == 0xEFFFFFF7;
}

/* The name of `dentry` behind what is in the scratch memory; its parent. None if it was being renamed: d_move
 * (fs/dcache.c) makes d_seq odd, and then another number. */
static __always_inline struct dentry *append_name(struct scratch *scratch, struct dentry *dentry)
{
	__u32 used = scratch->used, before = BPF_CORE_READ(dentry, d_seq.seqcount.sequence);
	struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
	long length;

	if (used > SCRATCH_BYTES - NAME_BYTES)
		return 0;
	length = bpf_probe_read_kernel_str(scratch->bytes + used, NAME_BYTES, BPF_CORE_READ(dentry, d_name.name));
	if (length < 1 || before & 1 || BPF_CORE_READ(dentry, d_seq.seqcount.sequence) != before)
		return 0;
	scratch->used = used + length;
	return parent;
}

/* Appends the names from a file up to the root, each with its NUL, and an empty one for the root. A function of its own
 * to the verifier, which so looks at it once; such take only numbers before Linux 5.12. */
__noinline int walk(__u32 which, __u64 vfsmount, __u64 file_dentry)
{
	struct mount *mount = (void *)(vfsmount - bpf_core_field_offset(struct mount, mnt));
	struct mount *own_mount = (void *)(own_root.vfsmount - bpf_core_field_offset(struct mount, mnt));
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &which);
	struct dentry *dentry = (void *)file_dentry, *top = BPF_CORE_READ(mount, mnt.mnt_root);
	int i, result = WALKED_WHOLE;
	__u32 start, used;

	if (!scratch)
		return WALKED_CUT;
	start = scratch->used;
	for (i = 0; i < MAX_STEPS; i++) {
		struct dentry *parent;

		if ((__u64)dentry == own_root.dentry && mount == own_mount)
			goto root;
		if (dentry == top) {
			struct mount *above = BPF_CORE_READ(mount, mnt_parent);

			if (above == mount) {
				if (is_detached(mount))
					result = WALKED_DETACHED;
				goto root;
			}
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = above;
			top = BPF_CORE_READ(mount, mnt.mnt_root);
			continue;
		}
		if (scratch->used - start > PATH_BYTES - NAME_BYTES)
			return WALKED_CUT;
		used = scratch->used;
		parent = append_name(scratch, dentry);
		if (parent == dentry) { /* in a bind mount of a directory that it was moved out of: "unreachable" */
			scratch->used = used;
			return WALKED_DETACHED;
		}
		if (parent)
			dentry = parent;
	}
	return WALKED_CUT;
root:
	used = scratch->used;
	if (used >= SCRATCH_BYTES)
		return WALKED_CUT;
	scratch->bytes[used] = 0;
	scratch->used = used + 1;
	return result;
}

/* Appends the path to a place. */
static __always_inline enum walked append_path(struct scratch *scratch, __u32 which, struct place place,
					       struct span *span)
{
	enum walked result;

	span->offset = scratch->used;
	result = walk(which, place.vfsmount, place.dentry);
	span->length = scratch->used - span->offset;
	return result;
}

#endif
