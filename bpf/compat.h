/* Differences between architectures and kernels, each behind one name; a probe never sees a version. */
#ifndef ONLOOKER_COMPAT_H
#define ONLOOKER_COMPAT_H

const volatile struct config config SEC(".rodata.config") = {};

/* Linux 5.11 (3ca1032ab7ab): a pointer to the current task whose fields can be read directly. Before, it is just a
 * number, and a helper reads what it points to. In the source both are READ; the loader cuts out the one that
 * does not apply. */
#define TASK_IS_TYPED bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)
#define READ(from, field)                                                                                              \
	({                                                                                                             \
		typeof((from)->field) read_value;                                                                      \
		if (TASK_IS_TYPED)                                                                                     \
			read_value = (from)->field;                                                                    \
		else                                                                                                   \
			bpf_core_read(&read_value, sizeof(read_value), &(from)->field);                                \
		read_value;                                                                                            \
	})

/* The registers that the current task had when it entered the kernel. Linux 5.15 (dd6e10fbd9fb) has a helper; before, they are
 * where arch/{x86,arm64}/include/asm/processor.h says: at the top of its kernel stack, of 16 KiB in kernels that
 * distributions build. */
#define STACK_BYTES 16384
static __always_inline struct pt_regs *task_registers(void)
{
	struct task_struct *task;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	task = (void *)bpf_get_current_task();
	return (void *)((char *)READ(task, stack) + STACK_BYTES - bpf_core_type_size(struct pt_regs));
}

#define REGISTER(regs, name)                                                                                           \
	({                                                                                                             \
		typeof((regs)->name) read_value;                                                                       \
		if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))                               \
			read_value = (regs)->name;                                                                     \
		else                                                                                                   \
			bpf_core_read(&read_value, sizeof(read_value), &(regs)->name);                                 \
		read_value;                                                                                            \
	})

#if defined(__TARGET_ARCH_x86)
/* the lower half: the kernel ignores the upper one, which may hold anything (entry_SYSCALL_64) */
#define SYSCALL_NUMBER(regs) ((int)REGISTER(regs, orig_ax))
#define RESULT_REGISTER ax
#define FIRST_ARGUMENT di /* of a function of the kernel, where it is entered */
#define SECOND_ARGUMENT si
#define ROLLED_BACK_RESULT(regs) ((long)REGISTER(regs, orig_ax)) /* syscall_rollback, asm/syscall.h */
#define O_DIRECTORY 0200000
#define O_NOFOLLOW 0400000
#define X32_BIT 0x40000000 /* __X32_SYSCALL_BIT: the native table and registers, with pointers of 32 bits */

#define WIDE_ARGUMENT 1    /* where 32-bit calls pass the lower half of a number of 64 bits, after one other argument */

/* arch/x86/include/asm/thread_info.h: TS_COMPAT, set while a 32-bit system call runs; its numbers and registers are
 * other ones */
static __always_inline bool is_compat(struct task_struct *task)
{
	return !!(READ(task, thread_info.status) & 2);
}

static __always_inline void read_arguments(__u64 argument[5], struct pt_regs *regs, bool compat)
{
	if (compat) {
		argument[0] = (__u32)REGISTER(regs, bx);
		argument[1] = (__u32)REGISTER(regs, cx);
		argument[2] = (__u32)REGISTER(regs, dx);
		argument[3] = (__u32)REGISTER(regs, si);
		argument[4] = (__u32)REGISTER(regs, di);
	} else {
		argument[0] = REGISTER(regs, di);
		argument[1] = REGISTER(regs, si);
		argument[2] = REGISTER(regs, dx);
		argument[3] = REGISTER(regs, r10);
		argument[4] = REGISTER(regs, r8);
	}
}
#elif defined(__TARGET_ARCH_arm64)
#define SYSCALL_NUMBER(regs) ((int)REGISTER(regs, syscallno))
#define RESULT_REGISTER regs[0]
#define FIRST_ARGUMENT regs[0] /* of a function of the kernel, where it is entered */
#define SECOND_ARGUMENT regs[1]
#define ROLLED_BACK_RESULT(regs) ((long)REGISTER(regs, orig_x0)) /* syscall_rollback, asm/syscall.h */
#define O_DIRECTORY 040000
#define O_NOFOLLOW 0100000
#define X32_BIT 0
#define WIDE_ARGUMENT 2 /* in an even register and the next one */

/* arch/arm64/include/asm/thread_info.h: TIF_32BIT, a 32-bit task */
static __always_inline bool is_compat(struct task_struct *task)
{
	return !!(READ(task, thread_info.flags) & (1UL << 22));
}

/* The first argument's register holds the result at exit, orig_x0 keeps the argument (arch/arm64/kernel/syscall.c). */
static __always_inline void read_arguments(__u64 argument[5], struct pt_regs *regs, bool compat)
{
	__u64 mask = compat ? 0xffffffff : ~0ULL;

	argument[0] = REGISTER(regs, orig_x0) & mask;
	argument[1] = REGISTER(regs, regs[1]) & mask;
	argument[2] = REGISTER(regs, regs[2]) & mask;
	argument[3] = REGISTER(regs, regs[3]) & mask;
	argument[4] = REGISTER(regs, regs[4]) & mask;
}
#endif

/* The probe is compiled twice: with CAN_CAST for kernels that have this function, Linux 6.2 (fd264ca02094), and without.
 * With it, any address can be read as the kernel's type says, by instructions as short as the kernel's own; without it, a
 * helper reads each field for some 12 ns. A call of it can't be in the other object, not even where it is never reached:
 * Linux 5.13 to 5.15 refuse the program (add_kfunc_call, kernel/bpf/verifier.c). */
#if CAN_CAST
extern void *bpf_rdonly_cast(const void *address, __u32 type) __ksym;

/* The same pointer, whose fields can be read as its type says, also where it came as a number. It is not
 * trusted, because trust costs time at the start: whenever a trusted pointer leads to another, the verifier searches all of
 * the kernel's types for that one, four times from the first to the last (btf_nested_type_is_trusted,
 * kernel/bpf/verifier.c, since 6.3): two fifths of the time to load the probe. */
#define TYPED(pointer)                                                                                                 \
	((typeof(pointer))bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(typeof(*(pointer)))))

#define PEEK(from, field) (TYPED(from)->field)
#else
#define PEEK(from, field)                                                                                              \
	({                                                                                                             \
		typeof((from)->field) peeked;                                                                          \
		bpf_core_read(&peeked, sizeof(peeked), &(from)->field);                                                \
		peeked;                                                                                                \
	})

#define TYPED(pointer) (pointer)
#endif

/* The 8 bytes at any address, as a number; 0 where they can't be read. The verifier allows arithmetic with such a
 * pointer, and with no other. */
static __always_inline __u64 word_at(const void *address)
{
#if CAN_CAST
	return PEEK((struct timespec64 *)address, tv_sec);
#else
	__u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), address);
	return word;
#endif
}

/* A field that is a pointer, as an address. */
#define PEEK_ADDRESS(from, field)                                                                                      \
	({                                                                                                             \
		typeof(from) peeked_from = (from);                                                                     \
		word_at(__builtin_preserve_access_index(&peeked_from->field));                                         \
	})

static __always_inline struct task_struct *current_task(void)
{
	struct task_struct *number = (void *)bpf_get_current_task();

#if CAN_CAST
	return TYPED(number);
#else
	return TASK_IS_TYPED ? bpf_get_current_task_btf() : number;
#endif
}

/* Copies one of the caller's strings, of up to TEXT_ROOM bytes with its NUL. Returns the number of bytes, or negative.
 * Before Linux 6.14 the helper returns 0 for an empty one and may not write its NUL (strncpy_from_user_nofault,
 * mm/maccess.c). If the string goes on in a page that is not there, it is `torn`: what comes before is copied, and counted
 * as if a NUL followed. The room crosses one border of 4 KiB at most, and pages of other sizes have no others. */
#define TEXT_ROOM 4096
static __always_inline long read_user_text(char *to, const char *from, bool *torn)
{
	long length = bpf_probe_read_user_str(to, TEXT_ROOM, from);
	__u64 before;

	*torn = false;
	if (length > 0)
		return length;
	if (!length) {
		to[0] = 0;
		return 1;
	}
	before = TEXT_ROOM - ((__u64)from & (TEXT_ROOM - 1));
	if (bpf_probe_read_user(to, before, from))
		return length;
	*torn = true;
	return before + 1;
}

/* 0 as the result of a function that is not inlined. If the compiler sees that a result is always the same, it returns
 * anything instead, such as a pointer to the stack, which the verifier refuses. */
static __always_inline int done(void)
{
	int nothing = 0;

	asm volatile("" : "+r"(nothing));
	return nothing;
}

/* Sets `size` bytes at `to` to zero. There is no helper for that, but a failing bpf_probe_read_kernel clears its
 * destination (bpf_probe_read_kernel_common, kernel/trace/bpf_trace.c), and address 0 is never readable. */
static __always_inline void zero(void *to, __u32 size)
{
	bpf_probe_read_kernel(to, size, 0);
}

#endif
