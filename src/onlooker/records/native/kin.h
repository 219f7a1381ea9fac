/* What is known of the kin of processes: for each process one bit for each test that asks for a parent or an ancestor, in
 * words of 64. It forgets when it is full: what is not here is asked of the table of processes, which knows. */
#ifndef ONLOOKER_KIN_H
#define ONLOOKER_KIN_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define KIN_SLOTS (1u << 16) /* twice what the table of processes keeps: 1 MiB, and 0.5 for each word */
#define KIN_MOST (KIN_SLOTS / 4 * 3)

struct kin_slot {
	uint64_t start_ns;
	uint32_t pid; /* 0: empty */
};

struct kin {
	struct kin_slot *slots;
	uint64_t *bits; /* of each slot, so many words */
	size_t used, words;
};

/* Whether there is memory for it. */
static inline int kin_init(struct kin *kin, size_t words)
{
	kin->words = words;
	kin->slots = calloc(KIN_SLOTS, sizeof(*kin->slots));
	kin->bits = calloc(KIN_SLOTS * words, sizeof(*kin->bits));
	return kin->slots && kin->bits;
}

static inline void kin_free(struct kin *kin)
{
	free(kin->slots);
	free(kin->bits);
}

static inline uint64_t *kin_bits(const struct kin *kin, const struct kin_slot *slot)
{
	return kin->bits + (slot - kin->slots) * kin->words;
}

/* The slot of a process id, or the empty one where it would be. */
static inline struct kin_slot *kin_slot(const struct kin *kin, uint32_t pid)
{
	uint32_t at = pid * 2654435761u >> 16;

	while (kin->slots[at].pid && kin->slots[at].pid != pid)
		at = (at + 1) % KIN_SLOTS;
	return kin->slots + at;
}

/* The bits of the process with that id that started then; NULL where it is not known. */
static inline const uint64_t *kin_find(const struct kin *kin, uint32_t pid, uint64_t start_ns)
{
	const struct kin_slot *slot = kin_slot(kin, pid);

	return slot->pid && slot->start_ns == start_ns ? kin_bits(kin, slot) : NULL;
}

/* Where to put the bits of a process; they are good until the next call. */
static inline uint64_t *kin_set(struct kin *kin, uint32_t pid, uint64_t start_ns)
{
	struct kin_slot *slot = kin_slot(kin, pid);

	if (!slot->pid && pid) {
		if (kin->used == KIN_MOST) {
			memset(kin->slots, 0, KIN_SLOTS * sizeof(*kin->slots));
			kin->used = 0;
			slot = kin_slot(kin, pid);
		}
		kin->used++;
	}
	slot->pid = pid;
	slot->start_ns = start_ns;
	return kin_bits(kin, slot);
}

#endif
