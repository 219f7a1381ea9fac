/* Records as lines: JSON (json.c) and text (text.c). */
#ifndef ONLOOKER_WRITERS_H
#define ONLOOKER_WRITERS_H

#include "values.h"

#define TIME_ROOM 64

/* The names of a number, with their key, as they were written last. */
struct known_names {
	uint64_t number;
	size_t length; /* 0: nothing is known */
	char text[112];
};

/* Of the last record of an event, what was written and may be the same for the next one. */
struct remembered {
	size_t process_length; /* 0: nothing is known */
	unsigned char process[MOST_PROCESS_BYTES];
	char process_text[512];
	struct known_names names[];
};

struct writer {
	const struct plan *plan;
	int64_t offset_ns;
	size_t most; /* so many bytes of a text are looked at; 0: all */
	struct out out;
	struct out made, other, plain; /* paths that are put together */
	struct second second;
	struct remembered *remembered[KINDS];
};

void prepare_event(const struct plan *plan, struct event *event);
void writer_init(struct writer *w, const struct plan *plan, int is_local);
void writer_free(struct writer *w);

/* What is remembered of an event; NULL without memory. */
struct remembered *remembered(struct writer *w, const struct event *event);

struct text time_text(struct writer *w, struct record r, char *to);
void write_json(struct writer *w, struct record r);
void write_text(struct writer *w, struct record r);
void write_time(struct writer *w, struct record r);
void write_result(struct writer *w, struct record r);
void write_details(struct writer *w, struct record r);

#endif
