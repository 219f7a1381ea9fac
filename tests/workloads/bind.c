/* bind WAY COUNT LENGTH NAME: binds a local socket of its own to NAME, COUNT times, and takes the file away again. Prints
 * the descriptor and errno of the last one.
 *
 * WAY: native; compat, as a 32-bit program does it; socketcall, as an older one does. LENGTH: what the call says of the
 * address, without the two bytes of the family. A NAME that begins with "@" is abstract; with "=", one of a network. */
#include "workload.h"
#include <stdint.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#ifdef __x86_64__
static long compat(long number, long first, long second, long third)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(first), "c"(second), "d"(third)
			 : "memory", "r8", "r9", "r10", "r11");
	errno = (int)result < 0 ? -(int)result : 0;
	return (int)result < 0 ? -1 : (int)result;
}
#define FLAGS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT)
#else
#define compat(number, ...) (errno = ENOSYS, -1)
#define FLAGS (MAP_PRIVATE | MAP_ANONYMOUS)
#endif

static long bind_by(const char *way, int fd, struct sockaddr_un *address, long length)
{
	uint32_t *arguments = (void *)(address + 1);

	if (!strcmp(way, "native"))
		return bind(fd, (void *)address, length);
	if (!strcmp(way, "compat"))
		return compat(361, fd, (long)address, length);
	arguments[0] = fd;
	arguments[1] = (uintptr_t)address;
	arguments[2] = length;
	return compat(102, 2 /* SYS_BIND */, (long)arguments, 0);
}

int main(int argc, char **argv)
{
	struct sockaddr_un *address = mmap(NULL, 4096, PROT_READ | PROT_WRITE, FLAGS, -1, 0);
	int error = 0, fd = -1;
	long turn, length;

	check(argc == 5 && address != MAP_FAILED, "bind WAY COUNT LENGTH NAME");
	length = offsetof(struct sockaddr_un, sun_path) + number(argv[3]);
	address->sun_family = argv[4][0] == '=' ? AF_INET : AF_UNIX;
	strncpy(address->sun_path, argv[4], sizeof(address->sun_path));
	if (argv[4][0] == '@' || argv[4][0] == '=')
		address->sun_path[0] = 0;
	begin();
	for (turn = 0; turn < number(argv[2]); turn++) {
		fd = socket(address->sun_family, SOCK_STREAM, 0);
		check(fd >= 0, "socket");
		error = bind_by(argv[1], fd, address, length) ? errno : 0;
		if (!error && address->sun_family == AF_UNIX && address->sun_path[0])
			unlink(argv[4]);
		if (turn + 1 < number(argv[2]))
			close(fd);
	}
	printf("%d %d\n", fd, error);
	return 0;
}
