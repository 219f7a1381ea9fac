#include "merge.h"

int merge_is_sorted(const struct merge_source *source)
{
	size_t i;

	for (i = 1; i < source->count; i++)
		if (source->seqs[i] < source->seqs[i - 1])
			return 0;
	return 1;
}

/* The source with the lowest number; NULL at the end. `limit` is the lowest of the others: up to that it goes on. */
static struct merge_source *lowest(struct merge *merge, uint64_t *limit)
{
	struct merge_source *found = NULL;
	size_t i;

	*limit = UINT64_MAX;
	for (i = 0; i < merge->count; i++) {
		struct merge_source *source = merge->sources + i;
		uint64_t seq = source->next < source->count ? source->seqs[source->next] : 0;

		if (source->next == source->count)
			continue;
		if (found && seq >= found->seqs[found->next]) {
			*limit = seq < *limit ? seq : *limit;
			continue;
		}
		if (found)
			*limit = found->seqs[found->next];
		found = source;
	}
	return found;
}

static size_t take(struct merge_source *source, struct out *out)
{
	const unsigned char *start = source->at;
	uint64_t length = read_unsigned(start, 8);

	source->at += 8 + ((length + 7) & ~(uint64_t)7);
	out_put(out, (const char *)start, source->at - start);
	source->next++;
	return 1;
}

size_t merge_next(struct merge *merge, struct out *out, size_t most, int64_t *offset_ns)
{
	struct merge_source *source;
	uint64_t limit;
	size_t count = 0;

	while (out->used < most && (source = lowest(merge, &limit))) {
		if (count && source->offsets[source->next] != *offset_ns)
			break;
		*offset_ns = source->offsets[source->next];
		do
			count += take(source, out);
		while (out->used < most && source->next < source->count && source->seqs[source->next] <= limit &&
		       source->offsets[source->next] == *offset_ns);
	}
	return count;
}
