/* args ARGS...: writes its arguments to standard output, the first one too, each ended by a NUL. */
#include <stdio.h>

int main(int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		fputs(argv[i], stdout);
		putchar(0);
	}
	return 0;
}
