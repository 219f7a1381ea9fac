/* Whether an exec is of one of some programs, by name or path. The texts that it is compared with are those of its record
 * (probes/exec.h), in the scratch memory. */
#ifndef ONLOOKER_FILTER_EXE_H
#define ONLOOKER_FILTER_EXE_H

#define MOST_EXES 128

/* bytes in one stage (bpf/path.h), and stages for the longest path */
#define SAME_STEPS 32
#define SAME_STAGES (PATH_BYTES / SAME_STEPS)
#define EXE_WALKED PATH_BYTES /* where the second form begins */

/* A name: the last one of what was asked for, of its interpreter or of the file that runs. Or a path, and then the same
 * path as walks give it (bpf/path.h): its names from the last to the first, each with its NUL, and an empty one. */
struct exe {
	__u32 length; /* of the name or path */
	__u32 is_path;
	__u8 bytes[2 * PATH_BYTES + SAME_STEPS]; /* a stage at the end reads more */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* the loader sets it */
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__type(key, __u32);
	__type(value, struct exe);
} exes SEC(".maps");

/* How many of the next bytes are the same, up to SAME_STEPS. */
__noinline int same_stage(__u32 slot, __u32 at, __u32 which, __u32 from)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	struct exe *exe = bpf_map_lookup_elem(&exes, &which);
	__u64 place = at, other = from;
	int i;

	if (!scratch || !exe || place > SCRATCH_BYTES - SAME_STEPS || other > sizeof(exe->bytes) - SAME_STEPS)
		return 0;
	for (i = 0; i < SAME_STEPS; i++)
		if ((__u8)scratch->bytes[place + i] != exe->bytes[other + i])
			break;
	return i;
}

/* Whether `length` bytes of the scratch memory are those of a wanted program, from one of them on. */
__noinline int is_same(__u32 slot, __u32 at, __u32 which, __u32 from, __u32 length)
{
	__u32 i;

	for (i = 0; i < SAME_STAGES; i++) {
		__u32 done = SAME_STEPS * i, same;

		if (done >= length)
			return true;
		same = same_stage(slot, at + done, which, from + done);
		if (same < SAME_STEPS)
			return done + same >= length;
	}
	return length <= PATH_BYTES;
}

/* Where the next of some names that a walk gave begins. */
__noinline int after_name(__u32 slot, __u32 at)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	__u32 i;

	for (i = 0; scratch && i < NAME_BYTES; i++)
		if (!byte_at(scratch, at + i))
			return at + i + 1;
	return at;
}

/* How long a "./" or "../" is that stands there; 0 for another name. */
__noinline int dots_at(__u32 slot, __u32 at)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	__u32 length;

	if (!scratch || byte_at(scratch, at) != '.')
		return 0;
	length = byte_at(scratch, at + 1) == '.' ? 3 : 2;
	return byte_at(scratch, at + length - 1) == '/' ? length : 0;
}

/* A path that was passed and is relative: what it begins with, "." and "..", goes into the working directory. */
#define MOST_DOTS 16
__noinline int is_same_relative(__u32 slot, __u32 which)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	struct exe *exe = bpf_map_lookup_elem(&exes, &which);
	__u32 at, base, length, base_length, whole, i;
	struct exec_record *exec;
	__u64 before;

	if (!scratch || !exe)
		return false;
	exec = (void *)scratch->bytes;
	at = exec->path.offset;
	base = exec->cwd.offset;
	for (i = 0; i < MOST_DOTS; i++) {
		__u32 dots = dots_at(slot, at);

		if (!dots)
			break;
		if (dots == 3)
			base = after_name(slot, base);
		at += dots;
	}
	length = exec->path.offset + exec->path.length - at;
	base_length = exec->cwd.offset + exec->cwd.length - base;
	whole = exe->length;
	before = whole - length - 1;
	barrier_var(before);
	if (!exec->path.length || !exec->cwd.length || length >= whole || base_length != whole - length ||
	    before >= PATH_BYTES || exe->bytes[before] != '/')
		return false;
	return is_same(slot, at, which, whole - length, length) &&
	       is_same(slot, base, which, EXE_WALKED + length + 1, base_length);
}

/* Whether a path ends with a wanted name. */
__noinline int ends_with(__u32 slot, __u32 at, __u32 length, __u32 which)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	struct exe *exe = bpf_map_lookup_elem(&exes, &which);
	__u32 begin;

	if (!scratch || !exe || length < exe->length)
		return false;
	begin = at + length - exe->length;
	return (begin == at || byte_at(scratch, begin - 1) == '/') && is_same(slot, begin, which, 0, exe->length);
}

/* Whether an exec is of a program. Nobody can tell where a text that would be compared is cut: of a file's path the last
 * name is enough for a name, and the working directory matters only to a relative path. */
enum likeness {
	IS_OTHER,
	IS_UNSURE,
	IS_WANTED,
};

__noinline int is_of(__u32 slot, __u32 which)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	struct exe *exe = bpf_map_lookup_elem(&exes, &which);
	struct exec_record *exec;
	__u32 length, cut;
	bool is_relative;

	if (!scratch || !exe)
		return IS_OTHER;
	exec = (void *)scratch->bytes;
	length = exe->length;
	cut = exec->record.cut & (EXEC_CUT_PATH | EXEC_CUT_INTERPRETER | EXEC_CUT_EXE | EXEC_CUT_CWD);
	if (!exe->is_path) {
		if (ends_with(slot, exec->path.offset, exec->path.length, which) ||
		    ends_with(slot, exec->interpreter.offset, exec->interpreter.length, which) ||
		    (exec->exe.length > length && !byte_at(scratch, exec->exe.offset + length) &&
		     is_same(slot, exec->exe.offset, which, 0, length)))
			return IS_WANTED;
		if (exec->exe.length)
			cut &= ~EXEC_CUT_EXE;
		return cut & ~EXEC_CUT_CWD ? IS_UNSURE : IS_OTHER;
	}
	is_relative = byte_at(scratch, exec->path.offset) != '/';
	if ((exec->exe.length == length + 1 && is_same(slot, exec->exe.offset, which, EXE_WALKED, length + 1)) ||
	    (exec->interpreter.length == length && is_same(slot, exec->interpreter.offset, which, 0, length)) ||
	    (is_relative && is_same_relative(slot, which)) ||
	    (!is_relative && exec->path.length == length && is_same(slot, exec->path.offset, which, 0, length)))
		return IS_WANTED;
	if (!is_relative)
		cut &= ~EXEC_CUT_CWD;
	return cut ? IS_UNSURE : IS_OTHER;
}

static __always_inline enum likeness is_of_wanted(__u32 slot)
{
	__u32 i, likeness, most = IS_OTHER;

	for (i = 0; i < MOST_EXES && i < config.exes; i++) {
		likeness = is_of(slot, i);
		if (likeness == IS_WANTED)
			return IS_WANTED;
		most |= likeness;
	}
	return most;
}

#endif
