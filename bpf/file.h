/* Which file a process has open, and the fields that describe it: events/file.py. */
#ifndef ONLOOKER_FILE_H
#define ONLOOKER_FILE_H

/* the same numbers in every event that names a file */
enum file_state {
	FILE_ORDINARY,
	FILE_DELETED,
	FILE_TMPFILE,
	FILE_MEMFD,
	FILE_PSEUDO,
	FILE_DETACHED,
};

/* where the answers go, in whatever record */
struct file_answer {
	struct span *path;
	__u64 *inode;
	__u32 *device;
	__u8 *state;
};

/* A directory as passed, which must not look like none (NO_FD in src/onlooker/events/file.py): any negative number but
 * AT_FDCWD is as bad a descriptor. */
static __always_inline int dirfd_of(__u64 passed)
{
	return (int)passed == (int)0x80000000 ? -1 : (int)passed;
}

/* The file of one of the task's descriptors, or none. */
static __always_inline struct file *file_behind(struct task_struct *task, int fd)
{
	struct files_struct *files = READ(task, files);
	struct fdtable *table;

	if (!files)
		return 0;
	table = READ(files, fdt);
	if (!table || fd < 0 || (__u32)fd >= READ(table, max_fds))
		return 0;
	return (void *)word_at(READ(table, fd) + fd);
}

/* The device number as stat(2) gives it: new_encode_dev, include/linux/kdev_t.h. */
static __always_inline __u32 user_device(__u32 device)
{
	__u32 major = device >> 20, minor = device & 0xfffff;

	return (minor & 0xff) | major << 8 | (minor & ~0xffU) << 12;
}

/* A file that only the kernel can name (pipes, namespaces; d_dname in fs/d_path.c): its bare name, if it has one. */
static __always_inline enum file_state append_pseudo(struct scratch *scratch, struct dentry *dentry, struct span *span)
{
	const char *name = (const char *)PEEK(dentry, d_name.name);
	__u32 begin = 0, rest = 0;

	bpf_probe_read_kernel(&begin, 4, name);
	if ((begin & 0xff) && (begin & 0xff) != '/')
		append_kernel_text(scratch, name, NAME_BYTES, span);
	bpf_probe_read_kernel(&rest, 2, name + 4);
	return begin == 0x666d656d && rest == 0x3a64 ? FILE_MEMFD : FILE_PSEUDO; /* "memf" "d:" */
}

/* Whether it is the root of a mount, and so has a place in the tree whatever it is. */
static __always_inline bool is_mounted(struct place place)
{
	struct vfsmount *mount = (void *)place.vfsmount;

	return PEEK_ADDRESS(mount, mnt_root) == place.dentry;
}

/* Whether a file or directory has no name any more: d_unlinked, include/linux/dcache.h. */
static __always_inline bool is_deleted(struct dentry *dentry)
{
	return !PEEK(dentry, d_hash.pprev) && PEEK(dentry, d_parent) != dentry;
}

/* Fills in the answer for `file`. False if the path is not whole. */
static __always_inline bool describe_file(struct scratch *scratch, struct file *file,
					  struct file_answer answer, enum frequency frequency)
{
	struct dentry_operations *operations;
	struct super_block *super;
	struct dentry *dentry;
	struct inode *inode;
	struct place place;
	enum walked walked;

	place = read_place(__builtin_preserve_access_index(&file->f_path));
	inode = PEEK(file, f_inode);
	super = PEEK(inode, i_sb);
	dentry = (void *)place.dentry;
	operations = PEEK(dentry, d_op);
	*answer.inode = PEEK(inode, i_ino);
	*answer.device = user_device(PEEK(super, s_dev));
	if (operations && PEEK(operations, d_dname) && !is_mounted(place)) {
		*answer.state = append_pseudo(scratch, dentry, answer.path);
		return true;
	}
	walked = append_path(scratch, place, answer.path, frequency);
	if (is_deleted(dentry))
		*answer.state = PEEK(file, f_flags) & __O_TMPFILE ? FILE_TMPFILE : FILE_DELETED;
	else if (walked == WALKED_DETACHED || walked == WALKED_ASTRAY)
		*answer.state = FILE_DETACHED;
	return walked != WALKED_CUT;
}

/* Whether what was read of the file is true: another thread may have closed it, and then its memory can be another file's
 * (SLAB_TYPESAFE_BY_RCU, fs/file_table.c). */
static __always_inline bool is_still_behind(struct task_struct *task, int fd, struct file *file)
{
	return file && file_behind(task, fd) == file;
}

static __always_inline void forget_file(struct file_answer answer)
{
	*answer.path = (struct span){};
	*answer.inode = 0;
	*answer.device = 0;
	*answer.state = FILE_ORDINARY;
}

/* Fills in the answer for the file of a descriptor. False if the path is not whole, or there is no file. */
static __always_inline bool describe_behind(struct scratch *scratch, struct task_struct *task, int fd,
					    struct file_answer answer)
{
	struct file *file = file_behind(task, fd);
	bool is_whole = file && describe_file(scratch, file, answer, IS_FREQUENT);

	if (is_still_behind(task, fd, file))
		return is_whole;
	forget_file(answer);
	return false;
}

/* Root or working directory of a process, in the scratch memory; threads and clone(CLONE_FS) can share it and move it
 * (set_fs_pwd, fs/fs_struct.c). False if it was moved each time that it was read. Not static, so that the verifier
 * follows it once. */
__noinline int read_fs(__u32 slot, __u64 address, int root)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	struct fs_struct *fs = (void *)address;
	struct seqcount *seq = (void *)__builtin_preserve_access_index(&fs->seq);
	int i;

	for (i = 0; scratch && i < TRIES; i++) {
		__u32 before = PEEK(seq, sequence);

		scratch->place = root ? read_place(__builtin_preserve_access_index(&fs->root)) :
					read_place(__builtin_preserve_access_index(&fs->pwd));
		if (!(before & 1) && PEEK(seq, sequence) == before)
			return true;
	}
	return false;
}

/* Appends the path of the directory that a path of the caller's starts from. False if it is not whole, or no longer one
 * that leads there. */
static __always_inline bool append_base(struct scratch *scratch, struct task_struct *task, int dirfd,
					bool from_root, struct span *span, enum frequency frequency)
{
	struct file *directory;
	struct place place;

	if (from_root || dirfd == AT_FDCWD) {
		__u64 fs = PEEK_ADDRESS(task, fs);

		if (!fs)
			return true;
		if (!read_fs(scratch->slot, fs, from_root))
			return false;
		place = scratch->place;
	} else {
		directory = file_behind(task, dirfd);
		if (!directory)
			return true; /* a bad descriptor: there is no path that it would have been */
		place = read_place(__builtin_preserve_access_index(&directory->f_path));
		if (!is_still_behind(task, dirfd, directory))
			return false;
	}
	return append_path(scratch, place, span, frequency) == WALKED_WHOLE &&
	       !is_deleted((struct dentry *)place.dentry);
}

#endif
