/* compat CALL COUNT DIRFD FLAGS MODE RESOLVE PATH ARGS...: a system call as 32-bit programs make it, int $0x80, COUNT
 * times. Prints what each gave, the result or minus the error.
 *
 * CALL: open, creat, openat, openat2 (PATH in each), execve, execveat (with ARGS); fork, vfork, clone, clone3 (FLAGS,
 * and MODE for the signal at the child's end), whose child ends at once; handle, open_by_handle_at of PATH; x32 openat,
 * a native call with the bit of x32 programs, which most kernels do not take.
 *
 * The upper halves of the registers hold rubbish: they do not count. */
#include "workload.h"

#if defined(__x86_64__)
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sys/mman.h>

#define RUBBISH 0xdeadbeef00000000
#define X32_BIT 0x40000000

/* as arch/x86/entry/syscalls/syscall_32.tbl has them */
enum {
	FORK = 2, OPEN = 5, CREAT = 8, EXECVE = 11, CLONE = 120, VFORK = 190, OPENAT = 295, OPEN_BY_HANDLE_AT = 342,
	EXECVEAT = 358, CLONE3 = 435, OPENAT2 = 437,
};

/* inlined: after vfork(2) the child must not return from a function */
static inline __attribute__((always_inline)) long int80(long call, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
							uint64_t e)
{
	register uint64_t r8 asm("r8") = RUBBISH;
	long result;

	asm volatile("int $0x80"
		     : "=a"(result), "+r"(r8)
		     : "a"(call | RUBBISH), "b"(a | RUBBISH), "c"(b | RUBBISH), "d"(c | RUBBISH), "S"(d | RUBBISH),
		       "D"(e | RUBBISH)
		     : "memory", "r9", "r10", "r11");
	return (int)result;
}

/* memory below 4 GiB */
static char *low(size_t size)
{
	static char *at, *end;
	char *found;

	if (!at) {
		at = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
		check(at != MAP_FAILED, "mmap");
		end = at + (1 << 20);
	}
	found = at;
	at += (size + 7) & ~7UL;
	check(at <= end, "low memory");
	return found;
}

static uint32_t address(const void *at)
{
	return (uintptr_t)at;
}

static char *low_text(const char *text)
{
	return strcpy(low(strlen(text) + 1), text);
}

/* a list of pointers, half as wide */
static uint32_t *low_list(char **texts)
{
	int count = 0;
	uint32_t *list;

	while (texts[count])
		count++;
	list = (uint32_t *)low(4 * (count + 1));
	for (int i = 0; i < count; i++)
		list[i] = address(low_text(texts[i]));
	list[count] = 0;
	return list;
}

struct words {
	const char *call;
	uint32_t dirfd, flags, mode, path, argv, environ, how, handle, clone;
};

static long do_call(const struct words *w)
{
	const char *call = w->call;

	if (!strcmp(call, "open"))
		return int80(OPEN, w->path, w->flags, w->mode, 0, 0);
	if (!strcmp(call, "creat"))
		return int80(CREAT, w->path, w->mode, 0, 0, 0);
	if (!strcmp(call, "openat"))
		return int80(OPENAT, w->dirfd, w->path, w->flags, w->mode, 0);
	if (!strcmp(call, "openat2"))
		return int80(OPENAT2, w->dirfd, w->path, w->how, sizeof(struct open_how), 0);
	if (!strcmp(call, "handle"))
		return int80(OPEN_BY_HANDLE_AT, w->dirfd, w->handle, w->flags, 0, 0);
	if (!strcmp(call, "execve"))
		return int80(EXECVE, w->path, w->argv, w->environ, 0, 0);
	if (!strcmp(call, "execveat"))
		return int80(EXECVEAT, w->dirfd, w->path, w->argv, w->environ, w->flags);
	check(!strcmp(call, "x32 openat"), "CALL");
	long fd = syscall(X32_BIT | SYS_openat, (int)w->dirfd, (uintptr_t)w->path, w->flags, w->mode);
	return fd < 0 ? -errno : fd;
}

static long create(const struct words *w)
{
	long child;

	if (!strcmp(w->call, "vfork")) {
		child = int80(VFORK, 0, 0, 0, 0, 0);
		if (!child)
			_exit(0);
		return child;
	}
	child = !strcmp(w->call, "fork")  ? int80(FORK, 0, 0, 0, 0, 0) :
		!strcmp(w->call, "clone") ? int80(CLONE, w->flags | w->mode, 0, 0, 0, 0) :
					    int80(CLONE3, w->clone, sizeof(struct clone_args), 0, 0, 0);
	if (!child)
		_exit(0);
	return child;
}

static uint32_t handle_of(const char *path)
{
	struct file_handle *handle = (void *)low(sizeof(*handle) + MAX_HANDLE_SZ);
	int mount;

	handle->handle_bytes = MAX_HANDLE_SZ;
	check(!name_to_handle_at(AT_FDCWD, path, handle, &mount, 0), "name_to_handle_at");
	return address(handle);
}

int main(int argc, char **argv)
{
	check(argc >= 8, "compat CALL COUNT DIRFD FLAGS MODE RESOLVE PATH ARGS...");
	struct words w = { .call = argv[1], .dirfd = number(argv[3]), .flags = number(argv[4]), .mode = number(argv[5]) };
	struct open_how *how = (void *)low(sizeof(*how));
	struct clone_args *clone = (void *)low(sizeof(*clone));
	int creates = strstr("fork vfork clone clone3", w.call) != NULL;

	*how = (struct open_how){ .flags = w.flags, .mode = w.mode, .resolve = number(argv[6]) };
	*clone = (struct clone_args){ .flags = number(argv[4]), .exit_signal = w.mode };
	w.path = address(low_text(argv[7]));
	w.argv = address(low_list(argv + 8));
	w.environ = address(low_list(argv + argc));
	w.how = address(how);
	w.clone = address(clone);
	if (!strcmp(w.call, "handle"))
		w.handle = handle_of(argv[7]);
	begin();
	for (long i = 0; i < number(argv[2]); i++) {
		long result = creates ? create(&w) : do_call(&w);

		printf("%ld\n", result);
		if (creates && result > 0)
			wait_for(result);
		else if (result >= 0)
			close(result);
	}
	return 0;
}
#else
int main(void)
{
	return 99; /* other machines have no such way into the kernel */
}
#endif
