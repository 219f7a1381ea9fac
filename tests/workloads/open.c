/* open CALL WHERE DIRFD PATH FLAGS MODE RESOLVE COUNT: one way to open a file, COUNT times. Prints what the last one
 * gave: the descriptor or -1, and errno.
 *
 * WHERE says how the path is handed over: plain; null or bad, a pointer to nowhere; edge, its NUL is the last byte
 * before an unmapped page; over, the same without the NUL; how, openat2's struct open_how is nowhere; small or large, it
 * has another size than it should; naps, as plain, but with a rest of some microseconds before each call. */
#include "workload.h"
#include <linux/openat2.h>
#include <sys/mman.h>

static char *const nowhere = (char *)8;

/* the string right before an unmapped page, `with` or without its NUL */
static char *at_edge(const char *text, int with)
{
	size_t page = sysconf(_SC_PAGESIZE), length = strlen(text) + !!with, room = (length / page + 1) * page;
	char *pages = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(pages != MAP_FAILED && !munmap(pages + room, page), "mmap");
	return memcpy(pages + room - length, text, length);
}

int main(int argc, char **argv)
{
	check(argc == 9, "open CALL WHERE DIRFD PATH FLAGS MODE RESOLVE COUNT");
	const char *call = argv[1], *where = argv[2], *path = argv[4];
	long dirfd = number(argv[3]), flags = number(argv[5]), mode = number(argv[6]), count = number(argv[8]), fd = -1;
	struct open_how hows[2] = { { .flags = flags, .mode = mode, .resolve = number(argv[7]) }, { .flags = 1 } };
	size_t how_size = !strcmp(where, "small") ? 11 : !strcmp(where, "large") ? sizeof(hows) : sizeof(*hows);
	struct timespec nap = { .tv_nsec = 10000 };
	void *how_at = strcmp(where, "how") ? (void *)hows : nowhere;
	int error = 0;

	path = !strcmp(where, "null") ? NULL :
	       !strcmp(where, "bad")  ? nowhere :
	       !strcmp(where, "edge") ? at_edge(path, 1) :
	       !strcmp(where, "over") ? at_edge(path, 0) :
					path;
	begin();
	while (count-- > 0) {
		if (!strcmp(where, "naps"))
			nanosleep(&nap, NULL);
		if (!strcmp(call, "openat2"))
			fd = syscall(SYS_openat2, dirfd, path, how_at, how_size);
		else if (!strcmp(call, "openat"))
			fd = syscall(SYS_openat, dirfd, path, flags, mode);
#ifdef SYS_open
		else if (!strcmp(call, "open"))
			fd = syscall(SYS_open, path, flags, mode);
		else if (!strcmp(call, "creat"))
			fd = syscall(SYS_creat, path, mode);
#endif
		error = fd < 0 ? errno : 0;
		if (fd >= 0)
			close(fd);
	}
	printf("%ld %d\n", fd, error);
	return 0;
}
