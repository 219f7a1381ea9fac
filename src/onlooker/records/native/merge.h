/* Records of several events, each in the order of their numbers, become one sequence again. */
#ifndef ONLOOKER_MERGE_H
#define ONLOOKER_MERGE_H

#include "out.h"
#include "plan.h"

struct merge_source {
	const unsigned char *at, *end;
	const uint64_t *seqs;
	const int64_t *offsets;
	size_t count, next;
};

struct merge {
	struct merge_source *sources;
	size_t count;
};

/* Whether each number is at least that of the row before. */
int merge_is_sorted(const struct merge_source *source);

/* Appends records until there are `most` bytes, or the next has another clock. Returns how many. */
size_t merge_next(struct merge *merge, struct out *out, size_t most, int64_t *offset_ns);

#endif
