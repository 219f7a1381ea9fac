/* Which records are left out because the user wants no repetitions, or not more than so many of a process in a second. */
#ifndef ONLOOKER_SIEVE_H
#define ONLOOKER_SIEVE_H

#include "plan.h"

/* of an event: the fields that say what it did to which file; of each group, the first that applies */
#define SIEVE_GROUPS 2
#define SIEVE_NAMES 4

struct sieve_event {
	uint32_t names[SIEVE_GROUPS][SIEVE_NAMES];
	size_t counts[SIEVE_GROUPS]; /* 0 in the first: it concerns no file, and none is a repetition */
	uint32_t error;              /* the step of its errno */
	int has_error;
};

/* a process, and what it did in a second */
struct sieve_process {
	uint64_t start_ns; /* 0: free */
	uint32_t pid, second, count;
	char comm[16];
	uint64_t excess;
};

struct sieve {
	const struct plan *plan;
	struct sieve_event events[KINDS];
	uint32_t pid_at, start_at, comm_at;
	uint64_t secret[2];
	uint64_t *seen; /* hashes, 0: free */
	size_t seen_room, seen_used;
	uint64_t repeated; /* so many were left out */
	uint64_t forgot;   /* so often it started again, because there were too many to remember */
	uint32_t rate;     /* 0: any */
	struct sieve_process *processes;
	size_t process_room, process_used;
	uint32_t full; /* the second in which there was no room for more processes */
	uint64_t excess[KINDS]; /* by event, what was over the rate */
};

enum sifted {
	SIFTED_KEPT,
	SIFTED_REPEATED,
	SIFTED_EXCESS,
};

/* 0, or a negative errno; with `first`, repetitions are left out */
int sieve_init(struct sieve *sieve, int first, uint32_t rate);
void sieve_free(struct sieve *sieve);
enum sifted sieve_record(struct sieve *sieve, struct record r);

#endif
