/* A file's length was changed, or could not be: events/truncate.py. fs/open.c: truncate(path, length),
 * ftruncate(fd, length); 32-bit programs also have truncate64 and ftruncate64, with the length in two registers
 * (arch/x86/kernel/sys_ia32.c, arch/arm64/kernel/sys32.c). */

static __always_inline __s64 length_of(struct call *call)
{
	if (call->number == TRUNCATE_SYSCALL_TRUNCATE64 || call->number == TRUNCATE_SYSCALL_FTRUNCATE64)
		return call->argument[WIDE_ARGUMENT] | call->argument[WIDE_ARGUMENT + 1] << 32;
	return is_compat(call->task) ? (__s32)call->argument[1] : (__s64)call->argument[1];
}

static __noinline int emit_truncate(struct call *call)
{
	bool by_fd = call->number == TRUNCATE_SYSCALL_FTRUNCATE || call->number == TRUNCATE_SYSCALL_FTRUNCATE64;
	struct truncate_record *truncate;
	struct scratch *scratch;
	struct file_arg arg;

	truncate = begin_file_call(call, KIND_TRUNCATE, sizeof(*truncate), &scratch);
	if (!truncate)
		return 0;
	truncate->syscall = call->number;
	truncate->errno = errno_of(call);
	truncate->unproven = is_in_doubt(call);
	truncate->length = length_of(call);
	arg = by_fd ? by_descriptor(call->argument[0]) : by_path(call->argument[0]);
	arg.follows = true;
	append_file_arg(scratch, call, arg, FILE_FIELDS(truncate, TRUNCATE));
	return end_file_call(scratch, KIND_TRUNCATE);
}
