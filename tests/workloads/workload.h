/* What the workloads have in common. Each does what its arguments say, a known number of times, and writes what the
 * kernel answered to standard output. */
#ifndef WORKLOAD_H
#define WORKLOAD_H
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static inline void check(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		_exit(99);
	}
}

static inline long number(const char *text)
{
	return text[0] == '-' ? strtol(text, NULL, 0) : (long)strtoul(text, NULL, 0);
}

static inline uint64_t boot_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

/* Waits for the end of standard input, so that the tests can prepare; then opens "begin", which fails: what a test
 * counts comes after it, and what the dynamic loader opens comes before. */
static inline void begin(void)
{
	char byte;

	while (read(0, &byte, 1) > 0)
		;
	syscall(SYS_openat, -1, "begin", O_RDONLY);
}

/* the status of a child, of whatever kind (clone(2): one with another exit signal than SIGCHLD needs __WALL) */
static inline int wait_for(pid_t pid)
{
	int status;

	check(waitpid(pid, &status, __WALL) == pid, "waitpid");
	return status;
}

#endif
