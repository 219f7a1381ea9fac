/* opener FILE COUNT: opens and closes FILE in a tight loop. Prints the nanoseconds of one round: the lower quartile of
 * 100 slices, so that what else the machine does for a while does not count. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SLICES 100

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
	long count = argc == 3 ? atol(argv[2]) / SLICES : 0;
	double each[SLICES];

	if (count < 1)
		return 2;
	for (int slice = 0; slice < SLICES; slice++) {
		struct timespec start, end;

		clock_gettime(CLOCK_MONOTONIC, &start);
		for (long i = 0; i < count; i++) {
			int fd = open(argv[1], O_RDONLY);

			if (fd < 0)
				return 1;
			close(fd);
		}
		clock_gettime(CLOCK_MONOTONIC, &end);
		each[slice] = ((end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec)) / count;
	}
	qsort(each, SLICES, sizeof(each[0]), compare);
	printf("%.1f\n", each[SLICES / 4]);
	return 0;
}
