/* JSON lines: one flat object for each record, its fields in the order of their declaration. */
#include "json.h"
#include "writers.h"

static void put_string(struct out *out, struct text text, int *is_utf8)
{
	char *to = out_room(out, 6 * text.length + 2);

	if (to)
		out->used += json_string((const unsigned char *)text.at, text.length, to, is_utf8);
}

static void put_base64(struct out *out, struct text text)
{
	char *to = out_room(out, 4 * ((text.length + 2) / 3) + 2);

	if (!to)
		return;
	*to = '"';
	out->used += 2 + base64((const unsigned char *)text.at, text.length, to + 1);
	out->at[out->used - 1] = '"';
}

static void put_key(struct out *out, const struct step *step)
{
	out_put(out, step->key.at, step->key.length);
}

static void put_key_beside(struct out *out, const struct step *step)
{
	out_put(out, step->key_beside.at, step->key_beside.length);
}

static void put_text(struct out *out, const struct step *step, struct text text)
{
	int is_utf8 = 1;

	put_key(out, step);
	put_string(out, text, &is_utf8);
	if (is_utf8)
		return;
	put_key_beside(out, step);
	put_base64(out, text);
}

static void put_texts(struct out *out, const struct step *step, struct text all)
{
	struct text rest = all, one;
	int is_utf8 = 1;
	const char *before = "[";

	put_key(out, step);
	for (; next_text(&rest, &one); before = ",") {
		out_put(out, before, 1);
		put_string(out, one, &is_utf8);
	}
	out_put(out, "[]", *before == '[' ? 2 : 0);
	out_put(out, "]", *before == '[' ? 0 : 1);
	if (is_utf8)
		return;
	put_key_beside(out, step);
	for (rest = all, before = "["; next_text(&rest, &one); before = ",") {
		out_put(out, before, 1);
		put_base64(out, one);
	}
	out_put(out, "]", 1);
}

static void put_names(struct out *out, struct record r, const struct step *step)
{
	struct names names;
	size_t i;

	names_of(&names, r, step);
	if (step->op == OP_FLAGS)
		out_put(out, "[", 1);
	for (i = 0; i < names.count; i++) {
		out_put(out, ",\"", i ? 2 : 0);
		out_put(out, "\"", i ? 0 : 1);
		out_put(out, names.name[i].at, names.name[i].length);
		out_put(out, "\"", 1);
	}
	if (step->op == OP_FLAGS)
		out_put(out, "]", 1);
}

/* RFC 3339 in UTC, with nanoseconds. Room: TIME_ROOM. */
struct text time_text(struct writer *w, struct record r, char *to)
{
	int64_t ns = wall_ns(w->plan, r, w->offset_ns);
	struct text second = second_text(&w->second, ns / BILLION);
	char *end;

	memcpy(to, second.at, second.length);
	end = put_fraction(to + second.length, ns, 9);
	*end++ = 'Z';
	return (struct text){ to, end - to };
}

static void put_time(struct writer *w, struct record r)
{
	char *to = out_room(&w->out, TIME_ROOM + 2);

	if (!to)
		return;
	*to = '"';
	w->out.used += 2 + time_text(w, r, to + 1).length;
	w->out.at[w->out.used - 1] = '"';
}

/* A value that is all in the fixed part. */
static void put_fixed(struct writer *w, struct record r, const struct step *step)
{
	struct out *out = &w->out;

	if (step->op == OP_NAME) {
		put_text(out, step, name_text(r, step));
		return;
	}
	put_key(out, step);
	if (step->op == OP_BOOLEAN)
		number_of(r, step) ? out_literal(out, "true") : out_literal(out, "false");
	else if (step->op == OP_ONE_OF || step->op == OP_FLAGS)
		put_names(out, r, step);
	else
		out_number(out, r, step);
}

/* Left out: what does not apply, and an empty list or a false mark that says nothing. */
static int is_left_out(struct record r, const struct step *step)
{
	if (is_absent(r, step))
		return 1;
	if (!step->is_omitted)
		return 0;
	return (step->op == OP_BOOLEAN || step->op == OP_FLAGS) && !number_of(r, step);
}

static void put_step(struct writer *w, struct record r, const struct step *step)
{
	if (is_left_out(r, step))
		return;
	if (step->op == OP_TIME) {
		put_key(&w->out, step);
		put_time(w, r);
	} else if (step->op == OP_TEXTS) {
		put_texts(&w->out, step, span_of(r, step));
	} else if (is_fixed(step)) {
		put_fixed(w, r, step);
	} else {
		put_text(&w->out, step, text_of(r, step, &w->made));
	}
}

static inline int is_same(const unsigned char *one, const unsigned char *other, uint32_t size)
{
	switch (size) {
	case 16:
		return !memcmp(one, other, 16);
	case 8:
		return !memcmp(one, other, 8);
	case 4:
		return !memcmp(one, other, 4);
	default:
		return !memcmp(one, other, size);
	}
}

/* Fields that stand together and are all in the fixed part: what was written for the last record serves for the next one
 * with the same values, as most are by the same process. */
static void put_run(struct writer *w, struct record r, struct run *run)
{
	size_t start = w->out.used, i;
	int is_known = run->is_known;

	for (i = 0; i < run->count; i++) {
		const struct step *step = run->first + i;
		unsigned char *last = run->values + run->places[i];

		is_known = is_known && is_same(last, r.at + step->at, step->size);
		if (!is_known)
			memcpy(last, r.at + step->at, step->size);
	}
	if (is_known) {
		out_put(&w->out, run->text, run->length);
		return;
	}
	for (i = 0; i < run->count; i++)
		put_step(w, r, run->first + i);
	run->length = w->out.used - start;
	run->is_known = !w->out.failed && run->length <= sizeof(run->text);
	if (run->is_known)
		memcpy(run->text, w->out.at + start, run->length);
}

void write_json(struct writer *w, struct record r)
{
	const struct event *event = r.event;
	struct run *run = w->runs[event->number];
	size_t i = 0;

	out_put(&w->out, event->json_head.at, event->json_head.length);
	while (i < event->count) {
		if (run && run->first == event->steps + i) {
			put_run(w, r, run);
			i += run->count;
			run = run->next;
		} else {
			put_step(w, r, event->steps + i++);
		}
	}
	out_literal(&w->out, "}\n");
}
