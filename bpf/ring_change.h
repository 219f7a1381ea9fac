/* Renames, removals, links and directories through io_uring that are under way: what was submitted is kept until the
 * request ends, because the kernel has forgotten it by then. Like the maps of bpf/ring_pending.h, this one does not forget;
 * what finds no room is counted. */
#ifndef ONLOOKER_RING_CHANGE_H
#define ONLOOKER_RING_CHANGE_H

#define RING_CHANGES                                                                                                   \
	(1 << KIND_RENAME | 1 << KIND_UNLINK | 1 << KIND_RMDIR | 1 << KIND_MKDIR | 1 << KIND_LINK | 1 << KIND_SYMLINK)

struct ring_change {
	__u64 ring, user_data;
	__u64 argument[5]; /* of the system call that does the same; for a path, which one of `path` it is */
	__u32 pid;	   /* a kernel thread may complete what a process leaves behind */
	__u32 length[2];
	__u8 kind;
	bool torn[2]; /* the path is not whole */
	bool cancelled; /* by a failure before it in its chain: never carried out */
	char path[2][PATH_BYTES];
};

/* 1024 entries of 8.3 KiB, taken as they are needed: a process that fills it has as many requests blocked at once. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct ring_change);
} ring_changes SEC(".maps");

/* Appends a path that was kept; its first byte to `first`. False if it is not whole. */
static __always_inline bool append_kept_path(struct scratch *scratch, __u64 which, struct span *span, char *first)
{
	__u64 key = scratch->request;
	struct ring_change *change = bpf_map_lookup_elem(&ring_changes, &key);
	char *to = room_for(scratch, PATH_BYTES);
	__u32 length;

	span->offset = scratch->used;
	span->length = 0;
	*first = 0;
	if (!change || !to)
		return false;
	length = (which ? change->length[1] : change->length[0]) & (PATH_BYTES - 1);
	if (bpf_probe_read_kernel(to, length, which ? change->path[1] : change->path[0]))
		return false;
	*first = length ? to[0] : 0;
	span->length = length;
	scratch->used += length;
	return !(which ? change->torn[1] : change->torn[0]);
}

/* Appends a path of a call: from the caller's memory, or what was kept of a request. */
static __always_inline bool append_path_of(struct scratch *scratch, __u64 path, struct span *span, char *first)
{
	if (config.kinds & RING_CHANGES && scratch->request)
		return append_kept_path(scratch, path, span, first);
	return append_user_path(scratch, (const char *)path, span, first);
}

#endif
