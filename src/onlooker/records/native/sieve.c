/* Which records are left out: repetitions, and what is over a rate. */
#include "sieve.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#define SEEN_LEAST 1024
#define SEEN_MOST (1 << 21) /* 16 MiB */
#define PROCESSES_LEAST 64
#define PROCESSES_MOST (1 << 15) /* 1.5 MiB */
#define SECOND_NS 1000000000ULL

/* SipHash-2-4 (Aumasson and Bernstein, 2012), fed by pieces. Its key is secret, so that no process can choose a path that
 * has the same hash as another's and so make an event vanish. */
struct hash {
	uint64_t v[4];
	uint64_t word;
	size_t length;
};

static inline uint64_t turn(uint64_t value, int bits)
{
	return value << bits | value >> (64 - bits);
}

static inline void mix(uint64_t v[4], int rounds)
{
	while (rounds--) {
		v[0] += v[1], v[2] += v[3];
		v[1] = turn(v[1], 13) ^ v[0], v[3] = turn(v[3], 16) ^ v[2];
		v[0] = turn(v[0], 32);
		v[2] += v[1], v[0] += v[3];
		v[1] = turn(v[1], 17) ^ v[2], v[3] = turn(v[3], 21) ^ v[0];
		v[2] = turn(v[2], 32);
	}
}

static struct hash hash_start(const uint64_t secret[2])
{
	return (struct hash){ .v = { secret[0] ^ 0x736f6d6570736575ULL, secret[1] ^ 0x646f72616e646f6dULL,
				     secret[0] ^ 0x6c7967656e657261ULL, secret[1] ^ 0x7465646279746573ULL } };
}

static inline void hash_word(struct hash *hash, uint64_t word)
{
	hash->v[3] ^= word;
	mix(hash->v, 2);
	hash->v[0] ^= word;
}

/* A number and then so many bytes, so that no two sequences of pieces are alike. */
static void hash_put(struct hash *hash, uint64_t number, struct text text)
{
	hash_word(hash, number);
	hash_word(hash, text.length);
	for (; text.length >= 8; text.at += 8, text.length -= 8)
		hash_word(hash, read_unsigned((const unsigned char *)text.at, 8));
	hash_word(hash, read_unsigned((const unsigned char *)text.at, text.length));
}

static uint64_t hash_end(struct hash *hash)
{
	hash->v[2] ^= 0xff;
	mix(hash->v, 4);
	return hash->v[0] ^ hash->v[1] ^ hash->v[2] ^ hash->v[3];
}

int sieve_init(struct sieve *sieve, int first, uint32_t rate)
{
	if (getrandom(sieve->secret, sizeof(sieve->secret), 0) != sizeof(sieve->secret))
		return -EIO;
	sieve->rate = rate;
	sieve->full = ~0U;
	if (first) {
		sieve->seen_room = SEEN_LEAST;
		sieve->seen = calloc(sieve->seen_room, sizeof(*sieve->seen));
	}
	if (rate) {
		sieve->process_room = PROCESSES_LEAST;
		sieve->processes = calloc(sieve->process_room, sizeof(*sieve->processes));
	}
	return (first && !sieve->seen) || (rate && !sieve->processes) ? -ENOMEM : 0;
}

void sieve_free(struct sieve *sieve)
{
	free(sieve->seen);
	free(sieve->processes);
}

/* Makes room for more, or forgets all where there are too many. */
static void seen_grow(struct sieve *sieve)
{
	size_t room = 2 * sieve->seen_room, i;
	uint64_t *grown = room > SEEN_MOST ? NULL : calloc(room, sizeof(*grown));

	if (!grown) {
		memset(sieve->seen, 0, sieve->seen_room * sizeof(*sieve->seen));
		sieve->seen_used = 0;
		sieve->forgot++;
		return;
	}
	for (i = 0; i < sieve->seen_room; i++) {
		size_t at = sieve->seen[i] & (room - 1);

		if (!sieve->seen[i])
			continue;
		while (grown[at])
			at = (at + 1) & (room - 1);
		grown[at] = sieve->seen[i];
	}
	free(sieve->seen);
	sieve->seen = grown;
	sieve->seen_room = room;
}

/* Whether it was there already; it is from now on. */
static int seen_add(struct sieve *sieve, uint64_t hash)
{
	size_t at;

	hash += !hash;
	if (2 * sieve->seen_used >= sieve->seen_room)
		seen_grow(sieve);
	for (at = hash & (sieve->seen_room - 1); sieve->seen[at]; at = (at + 1) & (sieve->seen_room - 1))
		if (sieve->seen[at] == hash)
			return 1;
	sieve->seen[at] = hash;
	sieve->seen_used++;
	return 0;
}

/* Whether this process has done the same to the same file, with the same result. */
static int is_repeated(struct sieve *sieve, struct record r, uint32_t pid, uint64_t start_ns)
{
	const struct sieve_event *event = &sieve->events[r.event->number];
	struct hash hash;
	size_t group, i;

	if (!event->counts[0])
		return 0;
	hash = hash_start(sieve->secret);
	hash_word(&hash, (uint64_t)r.event->number << 32 | pid);
	hash_word(&hash, start_ns);
	hash_word(&hash, event->has_error ? number_of(r, &r.event->steps[event->error]) : 0);
	for (group = 0; group < SIEVE_GROUPS; group++) {
		for (i = 0; i < event->counts[group]; i++) {
			const struct step *step = &r.event->steps[event->names[group][i]];

			if (is_absent(r, step))
				continue;
			hash_put(&hash, i, span_of(r, step));
			if (step->op != OP_JOINED)
				break;
			hash_put(&hash, i, span_of(r, &r.event->steps[step->of]));
			break;
		}
	}
	return seen_add(sieve, hash_end(&hash));
}

static size_t process_place(const struct sieve_process *processes, size_t room, uint32_t pid, uint64_t start_ns)
{
	size_t at = (start_ns ^ pid) * 0x9E3779B97F4A7C15ULL >> 32 & (room - 1);

	while (processes[at].start_ns && (processes[at].start_ns != start_ns || processes[at].pid != pid))
		at = (at + 1) & (room - 1);
	return at;
}

/* Forgets who did nothing in this second and never too much, and makes room if that is not enough. */
static void processes_clean(struct sieve *sieve, uint32_t second)
{
	struct sieve_process *processes = sieve->processes, *kept;
	size_t i, used = 0, room;

	for (i = 0; i < sieve->process_room; i++)
		used += processes[i].start_ns && (processes[i].excess || processes[i].second == second);
	for (room = PROCESSES_LEAST; room < 4 * used; room *= 2)
		;
	kept = room > PROCESSES_MOST ? NULL : calloc(room, sizeof(*kept));
	if (!kept) {
		sieve->full = second;
		return;
	}
	for (i = 0; i < sieve->process_room; i++)
		if (processes[i].start_ns && (processes[i].excess || processes[i].second == second))
			kept[process_place(kept, room, processes[i].pid, processes[i].start_ns)] = processes[i];
	free(processes);
	sieve->processes = kept;
	sieve->process_room = room;
	sieve->process_used = used;
}

/* Whether the process did more in this second. Where there is no room for it, it did not: what is not counted is shown. */
static int is_excess(struct sieve *sieve, struct record r, uint32_t pid, uint64_t start_ns)
{
	uint32_t second = read_unsigned(r.at + sieve->plan->boot_at, 8) / SECOND_NS;
	struct sieve_process *process;

	start_ns += !start_ns;
	process = &sieve->processes[process_place(sieve->processes, sieve->process_room, pid, start_ns)];
	if (!process->start_ns) {
		if (2 * sieve->process_used >= sieve->process_room && sieve->full != second)
			processes_clean(sieve, second);
		if (2 * sieve->process_used >= sieve->process_room)
			return 0;
		process = &sieve->processes[process_place(sieve->processes, sieve->process_room, pid, start_ns)];
		*process = (struct sieve_process){ .start_ns = start_ns, .pid = pid, .second = second };
		sieve->process_used++;
	}
	if (process->second != second) {
		process->second = second;
		process->count = 0;
	}
	if (++process->count <= sieve->rate)
		return 0;
	process->excess++;
	memcpy(process->comm, r.at + sieve->comm_at, sizeof(process->comm));
	sieve->excess[r.event->number]++;
	return 1;
}

enum sifted sieve_record(struct sieve *sieve, struct record r)
{
	uint32_t pid = read_unsigned(r.at + sieve->pid_at, 4);
	uint64_t start_ns = read_unsigned(r.at + sieve->start_at, 8);

	if (sieve->seen && is_repeated(sieve, r, pid, start_ns)) {
		sieve->repeated++;
		return SIFTED_REPEATED;
	}
	return sieve->rate && is_excess(sieve, r, pid, start_ns) ? SIFTED_EXCESS : SIFTED_KEPT;
}
