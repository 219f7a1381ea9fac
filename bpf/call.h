/* A system call that returns: its number in the probe, and its arguments. */
#ifndef ONLOOKER_CALL_H
#define ONLOOKER_CALL_H

/* filled by src/onlooker/probe/syscalls.py, with the wanted calls only */
const volatile call_table calls SEC(".rodata.calls") = {};

struct call {
	struct task_struct *task;
	__u64 argument[5];
	long result;
	enum kind kind;
	__u8 number; /* among those of its kind, from 1, as in the kind's field `syscall` */
	bool filtered; /* bpf/answered.h: a seccomp filter or a tracer may have answered it in the kernel's place */
	bool traced;
	__u64 request; /* of io_uring, which is no system call; else 0 */
	struct ruling ruling;
	bool compat_pointers; /* lists of pointers are of 32 bits: 32-bit programs, and x32's own calls */
};

/* What the number of a system call means; 0 for one that is not wanted. */
static __always_inline __u16 meaning_of(struct task_struct *task, long number, bool *compat)
{
	*compat = is_compat(task);
	if (!*compat)
		number &= ~X32_BIT;
	return (unsigned long)number < CALLS ? calls[*compat & 1][number] : 0;
}

/* The fast way out of every other call. */
static __always_inline bool may_be_wanted(long number)
{
	number &= ~X32_BIT;
	return (unsigned long)number < CALLS && (calls[0][number] | calls[1][number]);
}

/* Two kinds of event share unlinkat, and the table of calls has room for one: for unlink. */
static __always_inline bool is_rmdir(struct call *call)
{
	return call->kind == KIND_UNLINK && call->number == UNLINK_SYSCALL_UNLINKAT && call->argument[2] & AT_REMOVEDIR;
}

/* The flags of an open, as far as they are among the arguments. */
static __always_inline __u64 flags_of_open(struct call *call)
{
	switch (call->number) {
	case OPEN_SYSCALL_OPEN:
		return (__u32)call->argument[1];
	case OPEN_SYSCALL_CREAT:
		return O_CREAT | O_WRONLY | O_TRUNC; /* fs/open.c */
	case OPEN_SYSCALL_OPENAT:
	case OPEN_SYSCALL_OPEN_BY_HANDLE_AT:
		return (__u32)call->argument[2];
	default:
		return FLAGS_UNREAD;
	}
}

/* Reads a wanted call of a wanted process. */
static __always_inline bool read_call(struct call *call, struct pt_regs *regs, long number, long result)
{
	struct task_struct *task = current_task();
	bool compat;
	__u16 meaning = meaning_of(task, number, &compat);

	if (!meaning || (config.failed && result >= 0) || !is_wanted(task))
		return false;
	call->task = task;
	call->kind = meaning >> 8;
	call->number = meaning;
	call->result = result;
	call->filtered = call->traced = false;
	call->request = 0;
	call->ruling = (struct ruling){};
	call->compat_pointers = compat || (number & X32_BIT);
	read_arguments(call->argument, regs, compat);
	return !config.rules ||
	       passes_early(&call->ruling, is_rmdir(call) ? KIND_RMDIR : call->kind, result < 0 ? -result : 0, flags_of_open(call));
}

#endif
