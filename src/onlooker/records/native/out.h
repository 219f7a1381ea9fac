/* Memory that grows while something is written to it. */
#ifndef ONLOOKER_OUT_H
#define ONLOOKER_OUT_H

#include <stdlib.h>
#include <string.h>

struct out {
	char *at;
	size_t used, room;
	int failed; /* no memory: later writes are lost */
};

#define OUT_KEPT (2 << 20) /* bytes; more is given back when it was used */

/* Where up to `most` bytes can be written; NULL without memory. */
static inline char *out_room(struct out *out, size_t most)
{
	size_t room;
	char *grown;

	if (out->at && most <= out->room - out->used) /* nothing has a place, too */
		return out->at + out->used;
	room = 2 * out->room > out->used + most ? 2 * out->room : out->used + most + 4096;
	grown = out->failed ? NULL : realloc(out->at, room);
	if (!grown) {
		out->failed = 1;
		return NULL;
	}
	out->at = grown;
	out->room = room;
	return out->at + out->used;
}

static inline void out_put(struct out *out, const char *text, size_t length)
{
	char *to = out_room(out, length);

	if (!to)
		return;
	memcpy(to, text, length);
	out->used += length;
}

/* Where there is room. */
#define put_literal(to, text) ((char *)memcpy(to, text, sizeof(text) - 1) + sizeof(text) - 1)

#define out_literal(out, text) out_put(out, text, sizeof(text) - 1)

static inline void out_free(struct out *out)
{
	free(out->at);
	memset(out, 0, sizeof(*out));
}

/* Starts again, empty. */
static inline void out_restart(struct out *out)
{
	if (out->room > OUT_KEPT)
		out_free(out);
	out->used = 0;
	out->failed = 0;
}

#endif
