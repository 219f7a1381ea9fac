#ifndef ONLOOKER_CHECK_H
#define ONLOOKER_CHECK_H

#include "plan.h"

struct counts {
	size_t of[KINDS];
	size_t cut; /* records with a field that is not whole */
};

/* Whether this field of a record may make no sense. */
int is_checked(const struct step *step);

/* Counts records while they make sense and are not of a kind that is `refused`: bit n stands for number n. Returns the first
 * other record, or the end. */
const unsigned char *count_whole(const struct plan *plan, const unsigned char *at, const unsigned char *end, uint64_t refused,
				 struct counts *counts);

#endif
