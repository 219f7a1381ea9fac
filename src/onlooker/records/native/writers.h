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

/* The last record of an event, and where its line is in what was written: a part that is the same for the next one is
 * copied from there. */
struct remembered {
	const unsigned char *record; /* NULL: there is none */
	size_t process, own, end;    /* of a text: only the last two */
	struct known_names names[];
};

struct fold;

struct writer {
	const struct plan *plan;
	int64_t offset_ns;
	size_t most; /* bytes of a text that are shown; 0: all */
	struct out out;
	struct out made, other, plain; /* paths that are put together */
	struct second second;
	const struct fold *fold; /* what is known of the processes, added to their lines; NULL: nothing */
	struct remembered *remembered[KINDS];
};

void prepare_event(const struct plan *plan, struct event *event);
void prepare_phrase(const struct plan *plan, const struct event *event, struct phrase *phrase);
void writer_init(struct writer *w, const struct plan *plan, int is_local);
void writer_free(struct writer *w);

/* What was written before is no longer there, nor are the records. */
void writer_start(struct writer *w, int64_t offset_ns, size_t most);

/* Whether the record says in this part what the last one of its event has said. */
static inline int is_repeated(const struct remembered *known, struct record r, uint32_t at, uint32_t bytes)
{
	uint64_t length = record_length(r);

	if (!known->record)
		return 0;
	if (bytes)
		return !memcmp(known->record + at, r.at + at, bytes);
	return read_unsigned(known->record - 8, 8) == length && !memcmp(known->record + at, r.at + at, length - at);
}

/* The memory of an event's last record; NULL without memory. */
struct remembered *remembered(struct writer *w, const struct event *event);

/* Some fields of a record as JSON, each with a comma before it; and its details, without a newline. */
void write_fields(struct writer *w, struct record r, const uint32_t *steps, size_t count);
void write_words(struct writer *w, struct record r);

struct text time_text(struct writer *w, struct record r, char *to);
void write_json(struct writer *w, struct record r);
void write_text(struct writer *w, struct record r);
void write_time(struct writer *w, struct record r);
void write_result(struct writer *w, struct record r);
void write_details(struct writer *w, struct record r);

#endif
