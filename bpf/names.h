/* The names in a path that the caller passed: whether they lead to a descriptor's file, and the last one. */
#ifndef ONLOOKER_NAMES_H
#define ONLOOKER_NAMES_H

/* bytes in one stage (bpf/path.h), and stages for the longest path */
#define NAME_STEPS 16
#define NAME_STAGES (PATH_BYTES / NAME_STEPS)
#define NOT_A_NUMBER (~0ULL)

/* where the names lead so far, as far as it matters for descriptors: proc(5) */
enum led {
	LED_TO_ROOT,
	LED_TO_DEV,
	LED_TO_PROC,
	LED_TO_PROCESS, /* or to a thread */
	LED_TO_TASKS,
	LED_TO_DESCRIPTORS,
	LED_TO_FILE,
	LED_ELSEWHERE,
};

static __always_inline bool is_name(struct names *names, __u64 high, __u64 low)
{
	return names->high == high && names->low == low;
}

/* Assumes that the procfs at /proc is that of the process's own pid namespace. */
static __always_inline enum led led_from_proc(struct names *names, struct task_struct *task)
{
	names->of_leader = !is_name(names, 0x746872, 0x6561642d73656c66); /* "thr", "ead-self" */
	if (!names->of_leader || is_name(names, 0, 0x73656c66)) /* "self" */
		return LED_TO_PROCESS;
	/* another process's descriptors are out of reach */
	return names->number == id_in_namespace(READ(task, group_leader)) ? LED_TO_PROCESS : LED_ELSEWHERE;
}

static __always_inline enum led led_from_process(struct names *names)
{
	if (is_name(names, 0, 0x6664)) /* "fd" */
		return LED_TO_DESCRIPTORS;
	return is_name(names, 0, 0x7461736b) && names->of_leader ? LED_TO_TASKS : LED_ELSEWHERE; /* "task" */
}

static __always_inline enum led led_from_tasks(struct names *names, struct task_struct *task)
{
	if (names->number == id_in_namespace(READ(task, group_leader)))
		return LED_TO_PROCESS;
	names->of_leader = false;
	return names->number == id_in_namespace(task) ? LED_TO_PROCESS : LED_ELSEWHERE;
}

/* /dev/fd is a link to /proc/self/fd, and so are these (mknod(1) and udev make them). */
static __always_inline enum led led_from_dev(struct names *names)
{
	names->of_leader = true;
	if (is_name(names, 0, 0x6664)) /* "fd" */
		return LED_TO_DESCRIPTORS;
	if (is_name(names, 0, 0x737464696e)) /* "stdin" */
		names->fd = 0;
	else if (is_name(names, 0, 0x7374646f7574)) /* "stdout" */
		names->fd = 1;
	else if (is_name(names, 0, 0x737464657272)) /* "stderr" */
		names->fd = 2;
	else
		return LED_ELSEWHERE;
	return LED_TO_FILE;
}

static __always_inline enum led led_on(struct names *names)
{
	struct task_struct *task = current_task();

	switch (names->led) {
	case LED_TO_ROOT:
		if (is_name(names, 0, 0x70726f63)) /* "proc" */
			return LED_TO_PROC;
		return is_name(names, 0, 0x646576) ? LED_TO_DEV : LED_ELSEWHERE; /* "dev" */
	case LED_TO_DEV:
		return led_from_dev(names);
	case LED_TO_PROC:
		return led_from_proc(names, task);
	case LED_TO_PROCESS:
		return led_from_process(names);
	case LED_TO_TASKS:
		return led_from_tasks(names, task);
	case LED_TO_DESCRIPTORS:
		names->fd = names->number;
		return names->number <= 0x7fffffff ? LED_TO_FILE : LED_ELSEWHERE;
	default:
		return LED_ELSEWHERE;
	}
}

/* A name ends before `at`; "" and "." do not count. */
static __always_inline void end_name(struct names *names, __u32 at)
{
	__u32 length = at - names->begin;

	if (length && !(length == 1 && names->low == '.')) {
		names->count++;
		names->last = (struct span){ names->begin, length };
		names->led = length > 16 ? LED_ELSEWHERE : led_on(names);
	}
	names->begin = at + 1;
	names->high = names->low = names->number = 0;
}

static __always_inline void add_to_name(struct names *names, __u32 at, __u8 byte)
{
	bool leading_zero = at > names->begin && !names->number; /* procfs accepts none (name_to_int, fs/proc/util.c) */

	names->high = names->high << 8 | names->low >> 56;
	names->low = names->low << 8 | byte;
	if (byte < '0' || byte > '9' || names->number > 0x7fffffff || leading_zero)
		names->number = NOT_A_NUMBER;
	else
		names->number = 10 * names->number + byte - '0';
}

/* True when the text has ended. The state is in the scratch memory: on the stack, the verifier would follow each way to
 * reach it. */
__noinline int names_stage(__u32 slot)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	int i;

	if (!scratch)
		return true;
	for (i = 0; i < NAME_STEPS; i++) {
		__u32 at = scratch->names.at;
		__u8 byte = byte_at(scratch, at);

		if (at >= scratch->names.end) {
			end_name(&scratch->names, at);
			return true;
		}
		if (scratch->names.until_elsewhere && scratch->names.led == LED_ELSEWHERE)
			return true;
		if (byte == '/')
			end_name(&scratch->names, at);
		else
			add_to_name(&scratch->names, at, byte);
		scratch->names.at = at + 1;
	}
	return false;
}

/* Reads the names of a text of `length` bytes at `at` in the scratch memory; `until_elsewhere`: only as far as it may lead
 * to a descriptor. */
__noinline int read_names(__u32 slot, __u32 at, __u32 length, int until_elsewhere)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	__u32 i;

	if (!scratch)
		return 0;
	zero(&scratch->names, sizeof(scratch->names));
	scratch->names.at = scratch->names.begin = at;
	scratch->names.end = at + length;
	scratch->names.until_elsewhere = until_elsewhere;
	for (i = 0; i < NAME_STAGES; i++)
		if (names_stage(slot))
			break;
	return 0;
}

/* The descriptor that the path appended by append_passed leads to, or negative. Whose descriptor it
 * is, the process's or the thread's, is in names.of_leader. */
static __always_inline int descriptor_named(struct scratch *scratch)
{
	__u32 at = scratch->passed.offset;
	bool from_root = scratch->joined.length == 1; /* an empty name */

	if (!scratch->passed.length || (!from_root && byte_at(scratch, at) != '/'))
		return -1;
	read_names(scratch->slot, at, scratch->passed.length, true);
	return scratch->names.led == LED_TO_FILE ? scratch->names.fd : -1;
}

#endif
