/* Opens /dev/null while another thread changes the process's name between two: ARGUMENT and "a" or "b". Prints how often. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#define OPENS 30000 /* which all have room in the ring */

static volatile int is_done;

static void *open_often(void *unused)
{
	int i;

	for (i = 0; i < OPENS; i++)
		close(open("/dev/null", O_RDONLY));
	is_done = 1;
	return unused;
}

int main(int argc, char **argv)
{
	char names[2][16];
	pthread_t thread;
	unsigned i;

	if (argc != 2)
		return 2;
	for (i = 0; i < 2; i++)
		snprintf(names[i], sizeof(names[i]), "%s%c", argv[1], "ab"[i]);
	prctl(PR_SET_NAME, names[0]);
	if (pthread_create(&thread, NULL, open_often, NULL))
		return 1;
	for (i = 0; !is_done; i++)
		prctl(PR_SET_NAME, names[i % 2]);
	pthread_join(thread, NULL);
	printf("%d\n", OPENS);
	return 0;
}
