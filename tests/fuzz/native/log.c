/* log.h, as a fuzz target: of all that was printed, the last is kept. */
#define _GNU_SOURCE
#include <assert.h>
#include <stdint.h>
#include "log.h"
#include "input.h"

#define MOST (1 << 20)

static char all[MOST + sizeof(log_text) * 2];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, data + size };
	const size_t room = sizeof(log_text) - 1;
	size_t used = 0, kept = 0;

	log_used = 0;
	while (input.at < input.end && used < MOST) {
		static const size_t scale[] = { 1, 1, 200, 1500 };
		size_t length = take(&input, 1) * scale[take(&input, 1) % 4], i;

		for (i = 0; i < length; i++)
			all[used + i] = used + i;
		log_append(all + used, length);
		used += length;
		kept = used < room ? used : room;
		assert(log_used == kept);
	}
	assert(!memcmp(log_text, all + used - kept, kept));
	return 0;
}
