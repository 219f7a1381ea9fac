/* Numbers by their names, so that Python is asked once for each. */
#include "rows.h"

/* FNV-1a */
static uint64_t hash_of(struct text text)
{
	uint64_t hash = 0xcbf29ce484222325ULL;
	size_t i;

	for (i = 0; i < text.length; i++)
		hash = (hash ^ (unsigned char)text.at[i]) * 0x100000001b3ULL;
	return hash;
}

/* Where they are, or could be. */
static struct known_number *slot_of(const struct numbers *numbers, struct text names, uint64_t hash)
{
	size_t at = (hash ^ hash >> 32) % NUMBER_SLOTS;

	for (;; at = (at + 1) % NUMBER_SLOTS) {
		struct known_number *slot = numbers->slots + at;

		if (!slot->is_used)
			return slot;
		if (slot->hash == hash && slot->length == names.length &&
		    !memcmp(numbers->names.at + slot->at, names.at, names.length))
			return slot;
	}
}

int numbers_find(const struct numbers *numbers, struct text names, uint64_t *number)
{
	struct known_number *slot;

	if (!numbers->slots)
		return 0;
	slot = slot_of(numbers, names, hash_of(names));
	*number = slot->number;
	return slot->is_used;
}

int numbers_keep(struct numbers *numbers, struct text names, uint64_t number)
{
	struct known_number *slot;

	if (!numbers->slots)
		numbers->slots = calloc(NUMBER_SLOTS, sizeof(*numbers->slots));
	if (!numbers->slots)
		return 0;
	if (numbers->count == NUMBER_SLOTS / 2) {
		memset(numbers->slots, 0, NUMBER_SLOTS * sizeof(*numbers->slots));
		numbers->count = 0;
		out_restart(&numbers->names);
	}
	slot = slot_of(numbers, names, hash_of(names));
	*slot = (struct known_number){ hash_of(names), number, numbers->names.used, names.length, 1 };
	numbers->count++;
	out_put(&numbers->names, names.at, names.length);
	return !numbers->names.failed;
}
