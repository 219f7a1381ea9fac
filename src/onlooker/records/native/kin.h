/* What is known of the kin of processes: for each process one bit for each test of an expression that asks for a parent or
 * an ancestor. It forgets when it is full: what is not here is asked of the table of processes, which knows. */
#ifndef ONLOOKER_KIN_H
#define ONLOOKER_KIN_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define KIN_SLOTS (1u << 16) /* twice what the table of processes keeps: 1.5 MiB */
#define KIN_MOST (KIN_SLOTS / 4 * 3)

struct kin_slot {
	uint64_t start_ns, bits;
	uint32_t pid; /* 0: empty */
};

struct kin {
	struct kin_slot *slots;
	size_t used;
};

/* Whether there is memory for it. */
static inline int kin_init(struct kin *kin)
{
	kin->slots = calloc(KIN_SLOTS, sizeof(*kin->slots));
	return kin->slots != NULL;
}

/* The slot of a process id, or the empty one where it would be. */
static inline struct kin_slot *kin_slot(const struct kin *kin, uint32_t pid)
{
	uint32_t at = pid * 2654435761u >> 16;

	while (kin->slots[at].pid && kin->slots[at].pid != pid)
		at = (at + 1) % KIN_SLOTS;
	return kin->slots + at;
}

/* Whether the process with that id that started then is known. */
static inline int kin_find(const struct kin *kin, uint32_t pid, uint64_t start_ns, uint64_t *bits)
{
	const struct kin_slot *slot = kin_slot(kin, pid);

	*bits = slot->bits;
	return slot->pid && slot->start_ns == start_ns;
}

static inline void kin_set(struct kin *kin, uint32_t pid, uint64_t start_ns, uint64_t bits)
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
	slot->bits = bits;
}

#endif
