/* Records as lines: JSON (json.c) and text (text.c). */
#ifndef ONLOOKER_WRITERS_H
#define ONLOOKER_WRITERS_H

#include "values.h"

#define TIME_ROOM 64
#define MOST_IN_RUN 24
#define RUN_BYTES 512 /* of text that is kept; longer ones are written anew */

struct run {
	struct run *next;
	const struct step *first;
	size_t count;
	int is_known;
	uint16_t places[MOST_IN_RUN];
	unsigned char values[16 * MOST_IN_RUN];
	size_t length;
	char text[RUN_BYTES];
};

struct writer {
	const struct plan *plan;
	int64_t offset_ns;
	size_t most; /* so many bytes of a text are looked at; 0: all */
	struct out out;
	struct out made, other, plain; /* paths that are put together */
	struct second second;
	struct run *runs[KINDS];
};

int writer_init(struct writer *w, const struct plan *plan, int is_local);
void writer_free(struct writer *w);

struct text time_text(struct writer *w, struct record r, char *to);
void write_json(struct writer *w, struct record r);
void write_text(struct writer *w, struct record r);
void write_time(struct writer *w, struct record r);
void write_result(struct writer *w, struct record r);
void write_details(struct writer *w, struct record r);

#endif
