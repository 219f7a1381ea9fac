/* Waking the reader, who sleeps for as long as nothing happens. src/onlooker/probe/doorbell.h, the other side, says why
 * none of this comes too late.
 *
 * A ring of its own, whose records say nothing: waking by the one for the records would need to know before a record is
 * finished whether the reader sleeps, and where that one is full nobody could wake him. */
#ifndef ONLOOKER_DOORBELL_H
#define ONLOOKER_DOORBELL_H

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16); /* pages can be as large; the reader empties it each time that he wakes up */
} doorbell SEC(".maps");

__u32 asleep SEC(".data.asleep"); /* the reader says so, in memory that he shares */

/* Costs 4 to 6 us where the reader sleeps. The order counts: first nobody sleeps any more, then it rings. */
__noinline int ring_doorbell(void)
{
	void *bell;

	asleep = 0;
	bell = bpf_ringbuf_reserve(&doorbell, 8, 0);
	if (bell)
		bpf_ringbuf_discard(bell, BPF_RB_FORCE_WAKEUP);
	else
		asleep = 1; /* it is full of rings that were not heard yet: the next one tries again */
	return done();
}

/* After a record was sent, or a loss counted: at once if the reader sleeps, and if it is to be `woken` for what gathers. */
static __always_inline void wake_reader(long woken)
{
	if (woken || *(volatile __u32 *)&asleep)
		ring_doorbell();
}

#endif
