/* What is done while a monitor watches. Prints nanoseconds for each time: the mean of up to 200 slices, without those that
 * took more than twice the median, because another process had the core. It is no median, because a cost that falls on some
 * calls only, such as waking the monitor, is to be part of it.
 *   workload open FILE COUNT       opens and closes FILE
 *   workload sparse FILE COUNT     the same, with a pause of 50 us before each, which does not count
 *   workload getppid COUNT         a system call that no monitor watches
 *   workload spawn COUNT           starts this program ("workload nothing") and waits for it
 *   workload paced FILE RATE COUNT opens and closes FILE, RATE times a second */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLICES 200
#define PAUSE_NS 50000

static const char *self, *file;

static void open_and_close(void)
{
	int fd = open(file, O_RDONLY);

	if (fd < 0)
		exit(1);
	close(fd);
}

static void call(void)
{
	syscall(SYS_getppid);
}

static void spawn(void)
{
	char *arguments[] = {(char *)self, "nothing", NULL};
	pid_t pid;

	if (posix_spawn(&pid, self, NULL, NULL, arguments, NULL) || waitpid(pid, NULL, 0) != pid)
		exit(1);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static void open_after_pause(void)
{
	double until = now() + PAUSE_NS;

	while (now() < until)
		;
	open_and_close();
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double mean_of_undisturbed(double *slices, long count)
{
	double most, sum = 0;
	long each = 0;

	qsort(slices, count, sizeof(*slices), compare);
	most = 2 * slices[count / 2];
	for (; each < count && slices[each] <= most; each++)
		sum += slices[each];
	return sum / each;
}

static int repeat(void (*work)(void), long count, double pause_ns)
{
	long slices = count < SLICES ? count : SLICES, done = 0;
	double each[SLICES];

	if (count < 1)
		return 2;
	for (long slice = 0; slice < slices; slice++) {
		long end = count * (slice + 1) / slices, start = done;
		double began = now();

		for (; done < end; done++)
			work();
		each[slice] = (now() - began) / (end - start) - pause_ns;
	}
	printf("%.1f\n", mean_of_undisturbed(each, slices));
	return 0;
}

/* in bursts of a millisecond, like a server's */
static int paced(double rate, long count)
{
	double began = now();

	for (long done = 0; done < count;) {
		double due = (now() - began) / 1e9 * rate;

		if (done >= due)
			usleep(1000);
		for (; done < due && done < count; done++)
			open_and_close();
	}
	printf("%.1f\n", (now() - began) / count);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	self = argv[0];
	file = argc > 2 ? argv[2] : "";
	if (!strcmp(what, "nothing"))
		return 0;
	if (!strcmp(what, "open") && argc == 4)
		return repeat(open_and_close, atol(argv[3]), 0);
	if (!strcmp(what, "sparse") && argc == 4)
		return repeat(open_after_pause, atol(argv[3]), PAUSE_NS);
	if (!strcmp(what, "getppid") && argc == 3)
		return repeat(call, atol(argv[2]), 0);
	if (!strcmp(what, "spawn") && argc == 3)
		return repeat(spawn, atol(argv[2]), 0);
	if (!strcmp(what, "paced") && argc == 5)
		return paced(atof(argv[3]), atol(argv[4]));
	return 2;
}
