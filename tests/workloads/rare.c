/* rare CALL PATH: opens a file in a way that few programs use. Prints the descriptor or minus the error.
 *
 * CALL is handle, which is open_by_handle_at(2); or, on x86_64, what a 32-bit program has: open32, creat32, openat32,
 * openat2_32. Or execve32, with the arguments "zero" and "one"; prints the error. */
#include "workload.h"
#include <linux/openat2.h>
#include <sys/mman.h>

#ifdef __x86_64__
/* entry_INT80_compat, arch/x86/entry/entry_64_compat.S; the numbers: arch/x86/entry/syscalls/syscall_32.tbl */
static long int80(long number, long one, long two, long three, long four)
{
	long result;

	asm volatile("int $0x80"
		     : "=a"(result)
		     : "a"(number), "b"(one), "c"(two), "d"(three), "S"(four)
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

static long call_as_32_bit(const char *call, const char *path)
{
	/* whatever a call points to must be below 4 GiB */
	struct {
		char path[4096], zero[8], one[8];
		uint32_t args[3];
		struct open_how how;
	} *low = mmap(NULL, sizeof(*low), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long at;

	check(low != MAP_FAILED, "mmap");
	at = (long)low->path;
	strcpy(low->path, path);
	strcpy(low->zero, "zero");
	strcpy(low->one, "one");
	low->args[0] = (uintptr_t)low->zero;
	low->args[1] = (uintptr_t)low->one;
	low->how.flags = O_RDONLY | O_CLOEXEC;
	if (!strcmp(call, "open32"))
		return int80(5, at, O_RDONLY | O_CLOEXEC, 0, 0);
	if (!strcmp(call, "creat32"))
		return int80(8, at, 0640, 0, 0);
	if (!strcmp(call, "openat32"))
		return int80(295, AT_FDCWD, at, O_RDONLY | O_CLOEXEC, 0);
	if (!strcmp(call, "openat2_32"))
		return int80(437, AT_FDCWD, at, (long)&low->how, sizeof(low->how));
	return int80(11, at, (long)low->args, 0, 0);
}
#endif

static long open_by_handle(const char *path)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} found = { .handle.handle_bytes = MAX_HANDLE_SZ };
	int mount;
	long fd;

	check(!name_to_handle_at(AT_FDCWD, path, &found.handle, &mount, 0), "name_to_handle_at");
	fd = syscall(SYS_open_by_handle_at, AT_FDCWD, &found.handle, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int main(int argc, char **argv)
{
	check(argc == 3 && strlen(argv[2]) < 4096, "rare CALL PATH");
	begin();
#ifdef __x86_64__
	if (strcmp(argv[1], "handle")) {
		long result = call_as_32_bit(argv[1], argv[2]);

		printf("%ld\n", strcmp(argv[1], "execve32") ? result : -result);
		return 0;
	}
#endif
	printf("%ld\n", open_by_handle(argv[2]));
	return 0;
}
