/* call WAY NUMBER COUNT ARGUMENT...: a system call by its number, COUNT times. Prints what the last one gave: the result
 * or -1, and errno.
 *
 * WAY: native; compat, as a 32-bit program calls it. An argument begins with a letter: n, a number; t, a text; e, a text
 * whose NUL is the last byte before a page that can't be read; o, the same without the NUL; b, a pointer to nowhere; 0, none. A
 * text's first %d is how many calls came before. Texts lie below 4 GiB, where 32-bit calls can reach them. */
#include "workload.h"
#include <sys/mman.h>

#ifndef MAP_32BIT
#define MAP_32BIT 0
#endif
#define MOST 6

static char *pages_for(size_t size)
{
	char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	check(pages != MAP_FAILED, "mmap");
	return pages;
}

/* A copy of the text with its %d replaced, at the end of its pages, and nothing after them; `nul`: with its NUL. */
static char *at_edge(const char *text, long turn, int nul)
{
	size_t page = sysconf(_SC_PAGESIZE), most = strlen(text) + 24, room = (most / page + 1) * page, length;
	const char *place = strstr(text, "%d");
	char *copy = malloc(most), *pages = pages_for(room + page);

	check(copy && !mprotect(pages + room, page, PROT_NONE), "mprotect"); /* and nothing else gets its place */
	if (place)
		snprintf(copy, most, "%.*s%ld%s", (int)(place - text), text, turn, place + 2);
	else
		strcpy(copy, text);
	length = strlen(copy) + !!nul;
	memcpy(pages + room - length, copy, length);
	free(copy);
	return pages + room - length;
}

static long argument(const char *word, long turn)
{
	switch (word[0]) {
	case 'n':
		return number(word + 1);
	case 't': {
		char *text = at_edge(word + 1, turn, 1), *copy = pages_for(strlen(text) + 4096);

		return (long)strcpy(copy, text);
	}
	case 'e':
	case 'o':
		return (long)at_edge(word + 1, turn, word[0] == 'e');
	case 'b':
		return 8;
	default:
		return 0;
	}
}

static long native(long number, const long *of)
{
	return syscall(number, of[0], of[1], of[2], of[3], of[4], of[5]);
}

#ifdef __x86_64__
static long compat(long number, const long *of)
{
	long result;

	register long sixth __asm__("r12") = of[5];

	/* the sixth argument is in the register that the compiler may use for the frame; below the stack is the red zone */
	__asm__ volatile("sub $128, %%rsp; push %%rbp; mov %%r12, %%rbp; int $0x80; pop %%rbp; add $128, %%rsp"
			 : "=a"(result)
			 : "a"(number), "b"(of[0]), "c"(of[1]), "d"(of[2]), "S"(of[3]), "D"(of[4]), "r"(sixth)
			 : "memory", "cc", "r8", "r9", "r10", "r11");
	errno = (int)result < 0 ? -(int)result : 0;
	return (int)result < 0 ? -1 : (int)result;
}
#else
#define compat native
#endif

int main(int argc, char **argv)
{
	check(argc >= 4 && argc <= 4 + MOST, "call WAY NUMBER COUNT ARGUMENT...");
	int is_compat = !strcmp(argv[1], "compat"), error = 0;
	long which = number(argv[2]), count = number(argv[3]), result = -1;

	begin();
	for (long turn = 0; turn < count; turn++) {
		long of[MOST] = { 0 };

		for (int i = 4; i < argc; i++)
			of[i - 4] = argument(argv[i], turn);
		result = is_compat ? compat(which, of) : native(which, of);
		error = result < 0 ? errno : 0;
	}
	printf("%ld %d\n", result, error);
	return 0;
}
