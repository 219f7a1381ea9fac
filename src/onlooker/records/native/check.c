/* Which records make sense. All other code trusts them. */
#include "check.h"

int is_checked(const struct step *step)
{
	return step->op == OP_ONE_OF ? !step->values->has_other : !is_fixed(step) && step->op != OP_TIME;
}

/* Whether the record is as long as it must be, its texts lie in its tail, and its numbers have names where they must. */
static int is_whole(struct record r)
{
	uint64_t end = record_length(r);
	size_t i;

	if (!r.event || end < r.event->bytes)
		return 0;
	for (i = 0; i < r.event->checks; i++) {
		const struct step *step = r.event->steps + r.event->checked[i];

		if (step->op == OP_ONE_OF) {
			if (!is_absent(r, step) && !find_name(step->values, number_of(r, step)))
				return 0;
		} else {
			uint64_t offset = read_unsigned(r.at + step->at, 4), length = read_unsigned(r.at + step->at + 4, 4);

			if (length && (offset < r.event->bytes || offset + length > end))
				return 0;
		}
	}
	return 1;
}

const unsigned char *count_whole(const struct plan *plan, const unsigned char *at, const unsigned char *end, uint64_t refused,
				 struct counts *counts)
{
	const unsigned char *next = at;
	struct record r;

	while (next_record(plan, &next, end, &r) > 0 && is_whole(r) && !(refused >> r.event->number & 1)) {
		counts->of[r.event->number]++;
		counts->cut += r.event->can_be_cut && read_unsigned(r.at + plan->cut_at, 2);
		at = next;
	}
	return at;
}
