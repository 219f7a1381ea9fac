/* Wakes the reader, which sleeps while nothing happens. src/onlooker/probe/doorbell.h, the other side, says why this
 * never comes too late.
 *
 * A second ring with empty records. The ring of the records would need to know before a record is finished whether the
 * reader sleeps, and when it is full nobody could wake the reader. */
#ifndef ONLOOKER_DOORBELL_H
#define ONLOOKER_DOORBELL_H

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16); /* pages can be this large; the reader empties it whenever it wakes up */
} doorbell SEC(".maps");

__u32 asleep SEC(".data.asleep"); /* set by the reader, in shared memory */

/* Costs 4 to 6 us where the reader sleeps. The order matters: clear the flag, then ring. */
__noinline int ring_doorbell(void)
{
	void *bell;

	asleep = 0;
	bell = bpf_ringbuf_reserve(&doorbell, 8, 0);
	if (bell)
		bpf_ringbuf_discard(bell, BPF_RB_FORCE_WAKEUP);
	else
		asleep = 1; /* full of rings that the reader has not read: the next program tries again */
	return done();
}

/* Call it after a record was sent or a loss counted. Rings if the reader sleeps, or if `woken`. */
static __always_inline void wake_reader(long woken)
{
	if (woken || *(volatile __u32 *)&asleep)
		ring_doorbell();
}

#endif
