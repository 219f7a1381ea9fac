/* JSON lines: one flat object for each record, its fields in the order of their declaration.
 *
 * A line is written from `to` on; a function that writes a part returns where the next part goes. There is always room for
 * everything but texts (event->json_room); a text makes room for itself, and may return NULL. */
#include "fold.h"
#include "json.h"
#include "writers.h"

static char *put_plain(char *to, struct text text)
{
	return put_padded(to, text.at, text.length);
}

static char *put_string(char *to, struct text text, int *is_utf8)
{
	return to + json_string((const unsigned char *)text.at, text.length, to, is_utf8);
}

static char *put_base64(char *to, struct text text)
{
	*to++ = '"';
	to += base64((const unsigned char *)text.at, text.length, to);
	*to++ = '"';
	return to;
}

static char *put_text(char *to, const struct step *step, struct text text)
{
	int is_utf8 = 1;

	to = put_string(put_plain(to, step->key), text, &is_utf8);
	return is_utf8 ? to : put_base64(put_plain(to, step->key_beside), text);
}

static char *put_texts(char *to, const struct step *step, struct text all)
{
	struct text rest = all, one;
	int is_utf8 = 1, is_first = 1;

	to = put_plain(to, step->key);
	*to++ = '[';
	for (; next_text(&rest, &one); is_first = 0) {
		if (!is_first)
			*to++ = ',';
		to = put_string(to, one, &is_utf8);
	}
	*to++ = ']';
	if (is_utf8)
		return to;
	to = put_plain(to, step->key_beside);
	*to++ = '[';
	for (rest = all, is_first = 1; next_text(&rest, &one); is_first = 0) {
		if (!is_first)
			*to++ = ',';
		to = put_base64(to, one);
	}
	*to++ = ']';
	return to;
}

/* Makes room for a text and for everything after it, until the next text; NULL without memory. A byte takes six as
 * \uNNNN, and 4/3 in base64; an empty one of several has quotes and a comma for its NUL, twice. */
static char *room_for(struct writer *w, struct record r, char *to, size_t length)
{
	w->out.used = to - w->out.at;
	return out_room(&w->out, 8 * length + r.event->json_room);
}

static char *put_tail(struct writer *w, struct record r, const struct step *step, char *to)
{
	struct text text = step->op == OP_TEXTS ? span_of(r, step) : text_of(r, step, &w->made);

	to = room_for(w, r, to, text.length);
	if (!to)
		return NULL;
	return step->op == OP_TEXTS ? put_texts(to, step, text) : put_text(to, step, text);
}

static char *put_names(char *to, struct record r, const struct step *step)
{
	struct names names;
	size_t i;

	to = put_plain(to, step->key);
	names_of(&names, r, step);
	if (step->op == OP_FLAGS)
		*to++ = '[';
	for (i = 0; i < names.count; i++) {
		if (i)
			*to++ = ',';
		*to++ = '"';
		memcpy(to, names.name[i].at, names.name[i].length);
		to += names.name[i].length;
		*to++ = '"';
	}
	if (step->op == OP_FLAGS)
		*to++ = ']';
	return to;
}

/* Names as they were written for the last record that has the same number: most have. */
static char *put_known_names(char *to, struct record r, const struct step *step, struct known_names *known)
{
	uint64_t number = number_of(r, step);
	char *end;

	if (known->length && known->number == number)
		return put_padded(to, known->text, known->length);
	end = put_names(to, r, step);
	known->number = number;
	known->length = (size_t)(end - to) <= sizeof(known->text) ? end - to : 0;
	memcpy(known->text, to, known->length);
	return end;
}

/* RFC 3339 in UTC, with nanoseconds. Room: TIME_ROOM. */
struct text time_text(struct writer *w, struct record r, char *to)
{
	int64_t ns = wall_ns(w->plan, r, w->offset_ns);
	struct text second = second_text(&w->second, ns / BILLION);
	char *end;

	memcpy(to, second.at, sizeof(w->second.text));
	end = put_fraction(to + second.length, ns, 9);
	*end++ = 'Z';
	return (struct text){ to, end - to };
}

static char *put_time(struct writer *w, struct record r, const struct step *step, char *to)
{
	to = put_plain(to, step->key);
	*to++ = '"';
	to += time_text(w, r, to).length;
	*to++ = '"';
	return to;
}

/* Whether a field does not apply, or is an empty list or a false mark. */
static inline int is_left_out(struct record r, const struct step *step)
{
	return number_of(r, step) == step->none && step->can_be_left_out;
}

static char *put_step(struct writer *w, struct record r, const struct step *step, struct remembered *known, char *to)
{
	switch (step->op) {
	case OP_TIME:
		return put_time(w, r, step, to);
	case OP_UNSIGNED:
		return put_decimal(put_plain(to, step->key), number_of(r, step));
	case OP_SIGNED:
		return put_signed(put_plain(to, step->key), signed_number_of(r, step));
	case OP_BOOLEAN:
		to = put_plain(to, step->key);
		return number_of(r, step) ? put_literal(to, "true") : put_literal(to, "false");
	case OP_NAME:
		return put_text(to, step, name_text(r, step));
	case OP_ONE_OF:
	case OP_FLAGS:
		return put_known_names(to, r, step, &known->names[step->place]);
	default:
		return put_tail(w, r, step, to);
	}
}

static char *put_steps(struct writer *w, struct record r, size_t from, size_t end, struct remembered *known, char *to)
{
	const struct step *step = r.event->steps + from, *last = r.event->steps + end;

	for (; to && step < last; step++)
		if (!is_left_out(r, step))
			to = put_step(w, r, step, known, to);
	return to;
}

/* What was written before from `start` to `end`, once more; NULL without memory. */
static char *put_again(struct writer *w, struct record r, size_t start, size_t end, char *to)
{
	w->out.used = to - w->out.at;
	to = out_room(&w->out, end - start + r.event->json_room);
	if (!to)
		return NULL;
	memcpy(to, w->out.at + start, end - start);
	return to + (end - start);
}

/* What is known of the process, as it was made when that was learned; NULL without memory. */
static char *put_context(struct writer *w, struct record r, char *to)
{
	size_t i;

	for (i = 0; to && i < w->fold->count; i++) {
		struct text known = folded(w->fold, i, r, FOLD_JSON);

		if (!known.length)
			continue;
		w->out.used = to - w->out.at;
		to = out_room(&w->out, known.length + r.event->json_room);
		if (to)
			to = (char *)memcpy(to, known.at, known.length) + known.length;
	}
	return to;
}

/* The fields of the process, most often that of the event before, and what is known of it; where the event's own begin. */
static char *put_process(struct writer *w, struct record r, struct remembered *known, char *to)
{
	const struct part *part = &r.event->process;
	size_t start = to - w->out.at;

	if (part->bytes && is_repeated(known, r, part->at, part->bytes)) {
		to = put_again(w, r, known->process, known->own, to);
	} else {
		to = put_steps(w, r, part->from, part->to, known, to);
		if (to && w->fold)
			to = put_context(w, r, to);
	}
	known->process = start;
	return to;
}

/* The event's own fields, and the end of the line. */
static char *put_own(struct writer *w, struct record r, struct remembered *known, char *to)
{
	const struct part *part = &r.event->own;
	size_t start = to - w->out.at;

	if (is_repeated(known, r, part->at, 0)) {
		to = put_again(w, r, known->own, known->end, to);
	} else {
		to = put_steps(w, r, part->from, part->to, known, to);
		to = to ? put_literal(to, "}\n") : NULL;
	}
	known->own = start;
	return to;
}

void write_json(struct writer *w, struct record r)
{
	const struct event *event = r.event;
	struct remembered *known = remembered(w, event);
	char *to = out_room(&w->out, event->json_room);

	if (!known || !to)
		return;
	to = put_plain(to, event->json_head);
	to = put_steps(w, r, 0, event->process.from, known, to);
	to = to ? put_process(w, r, known, to) : NULL;
	to = to ? put_own(w, r, known, to) : NULL;
	known->record = to ? r.at : NULL;
	if (!to)
		return;
	w->out.used = known->end = to - w->out.at;
}

void write_fields(struct writer *w, struct record r, const uint32_t *steps, size_t count)
{
	struct remembered *known = remembered(w, r.event);
	char *to = out_room(&w->out, r.event->json_room);
	size_t i;

	for (i = 0; known && to && i < count; i++)
		to = put_steps(w, r, steps[i], steps[i] + 1, known, to);
	if (known && to)
		w->out.used = to - w->out.at;
}
