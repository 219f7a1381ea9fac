/* What a record says of whom it is: a number of its header, or two. */
#ifndef ONLOOKER_KEYS_H
#define ONLOOKER_KEYS_H

#include "plan.h"

/* Where eight bytes are read, and which bits of them count; none where there is no second number. */
struct key_place {
	uint32_t at[2];
	uint64_t mask[2];
};

struct key {
	uint64_t first, second;
};

static inline struct key key_of(struct record r, const struct key_place *place)
{
	return (struct key){ read_unsigned(r.at + place->at[0], 8) & place->mask[0],
			     read_unsigned(r.at + place->at[1], 8) & place->mask[1] };
}

static inline int is_same_key(struct key one, struct key other)
{
	return one.first == other.first && one.second == other.second;
}

/* The numbers are the kernel's, and mostly small: each must change all bits. */
static inline uint64_t key_hash(struct key key, uint64_t kind)
{
	uint64_t hash = (key.first ^ kind << 56) * 0x9e3779b97f4a7c15ULL;

	hash = (hash ^ hash >> 32 ^ key.second) * 0xbf58476d1ce4e5b9ULL;
	return hash ^ hash >> 29;
}

#endif
