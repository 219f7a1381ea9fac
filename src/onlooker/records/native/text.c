/* The classic lines, by the phrases of the events: onlooker.schema.phrase. */
#include <unistd.h>

#include "escape.h"
#include "fold.h"
#include "misleads.h"
#include "writers.h"

/* The part of a text that is shown: all, or its first characters with a mark. */
static int shorten(struct writer *w, struct text *text)
{
	size_t length = w->most;

	if (!length || text->length <= length)
		return 0;
	while (length && ((unsigned char)text->at[length] & 0xc0) == 0x80)
		length--;
	text->length = length;
	return 1;
}

static void put_mark(struct out *out)
{
	out_literal(out, "\xe2\x80\xa6"); /* U+2026 */
}

static void put_escaped(struct writer *w, struct text text)
{
	struct out *out = &w->out;
	int is_cut = shorten(w, &text);
	char *to = out_room(out, 4 * text.length);

	if (to)
		out->used += escape_text((const unsigned char *)text.at, text.length, to);
	if (is_cut)
		put_mark(out);
}

/* Arguments as one shell command. */
static void put_command(struct writer *w, struct text rest)
{
	struct out *out = &w->out;
	size_t start = out->used;
	struct text one;
	int is_first = 1;

	for (; next_text(&rest, &one); is_first = 0) {
		int is_cut = shorten(w, &one);
		char *to = out_room(out, 5 * one.length + 4);

		if (!to)
			return;
		if (!is_first)
			*to++ = ' ';
		to += (is_first ? quote_command : quote_word)((const unsigned char *)one.at, one.length, to);
		out->used = to - out->at;
		if (is_cut || (w->most && out->used - start > w->most)) {
			put_mark(out);
			return;
		}
	}
}

static void put_octal(struct out *out, uint64_t number)
{
	char digits[24], *at = digits + sizeof(digits);

	do
		*--at = '0' + (number & 7);
	while (number >>= 3);
	while (digits + sizeof(digits) - at < 3)
		*--at = '0';
	*--at = '0';
	out_put(out, at, digits + sizeof(digits) - at);
}

/* With microseconds, the last one rounded. */
static void put_seconds(struct out *out, uint64_t ns)
{
	uint64_t rounded = ns / 1000 + (ns % 1000 >= 500);
	char text[48], *to = put_decimal(text, rounded / 1000000);

	*to++ = '.';
	to = put_fraction(to, rounded % 1000000 * 1000, 6);
	memcpy(to, " s", 2);
	out_put(out, text, to + 2 - text);
}

static void put_names(struct out *out, struct record r, const struct step *step, int format)
{
	struct names names;
	size_t i;

	names_of(&names, r, step);
	for (i = 0; i < names.count; i++) {
		if (i)
			format == FORMAT_WORDS ? out_literal(out, " ") : out_literal(out, ", ");
		out_put(out, names.name[i].at, names.name[i].length);
	}
}

static void put_value(struct writer *w, struct record r, const struct piece *piece)
{
	const struct step *step = r.event->steps + piece->step;
	struct text text;

	if (step->op == OP_TEXTS) {
		put_command(w, span_of(r, step));
	} else if (step->op == OP_NAME) {
		put_escaped(w, name_text(r, step));
	} else if (!is_fixed(step)) {
		text = is_absent(r, step) ? (struct text){ "", 0 } : text_of(r, step, &w->made);
		if (text.length)
			put_escaped(w, text);
		else
			out_literal(&w->out, "\"\"");
	} else if (is_absent(r, step)) {
		return;
	} else if (step->op == OP_ONE_OF || step->op == OP_FLAGS) {
		put_names(&w->out, r, step, piece->format);
	} else if (piece->format == FORMAT_OCTAL) {
		put_octal(&w->out, number_of(r, step));
	} else if (piece->format == FORMAT_SECONDS) {
		put_seconds(&w->out, number_of(r, step));
	} else {
		out_number(&w->out, r, step);
	}
}

static int is_set(struct record r, const struct step *step)
{
	if (is_absent(r, step))
		return 0;
	switch (step->op) {
	case OP_FLAGS:
		return step->values->lows || number_of(r, step); /* the lowest bits always have a name */
	case OP_BOOLEAN:
		return number_of(r, step) != 0;
	case OP_NAME:
		return name_text(r, step).length > 0;
	case OP_TEXT:
	case OP_TEXTS:
	case OP_PATH:
		return span_of(r, step).length > 0;
	case OP_JOINED:
		return span_of(r, step).length > 0 || span_of(r, r.event->steps + step->of).length > 0;
	default:
		return 1;
	}
}

/* Whether a text is there and differs from the other; with `is_path`: whether the other by itself misleads about it. */
static int differs(struct writer *w, struct record r, const struct step *step, const struct step *other, int is_path)
{
	struct text one, two;

	if (is_absent(r, step))
		return 0;
	two = is_absent(r, other) ? (struct text){ "", 0 } : text_of(r, other, &w->other);
	one = text_of(r, step, &w->made);
	return is_path ? misleads(two, one, &w->plain) : !is_same_text(one, two);
}

static int is_absolute(struct record r, const struct step *step)
{
	struct text text = span_of(r, step);

	return text.length && *text.at == '/';
}

static int holds(struct writer *w, struct record r, const struct piece *piece)
{
	const struct step *step = r.event->steps + piece->step, *other = r.event->steps + piece->other;

	switch (piece->test) {
	case TEST_HAS:
		return (number_of(r, step) & piece->mask) == piece->bits;
	case TEST_DIFFERS:
	case TEST_MISLEADS:
		return differs(w, r, step, other, piece->test == TEST_MISLEADS);
	case TEST_ABSOLUTE:
		return is_absolute(r, step);
	default:
		return is_set(r, step);
	}
}

static void write_phrase(struct writer *w, struct record r, struct phrase phrase)
{
	struct out *out = &w->out;
	size_t list = 0, item = 0, i;
	char *to;

	for (i = 0; i < phrase.count; i++) {
		const struct piece *piece = phrase.pieces + i;

		switch (piece->op) {
		case PIECE_TEXT:
			to = out_room(out, piece->text.length + PADDING);
			if (to)
				out->used = put_padded(to, piece->text.at, piece->text.length) - out->at;
			break;
		case PIECE_VALUE:
			put_value(w, r, piece);
			break;
		case PIECE_OWN_PID:
			out_decimal(out, getpid());
			break;
		case PIECE_UNLESS:
			if (!holds(w, r, piece))
				i = piece->to - 1;
			break;
		case PIECE_JUMP:
			i = piece->to - 1;
			break;
		case PIECE_LIST:
			list = out->used;
			out_literal(out, " [");
			item = out->used;
			break;
		case PIECE_ITEM:
			if (out->used > item)
				out_literal(out, ", ");
			item = out->used;
			break;
		case PIECE_END:
			/* ", " follows the last item */
			out->used = item > list + 2 ? item - 2 : list;
			out_put(out, "]", item > list + 2);
			break;
		}
	}
}

static void put_local_time(struct writer *w, struct record r)
{
	int64_t ns = wall_ns(w->plan, r, w->offset_ns);
	struct text second = second_text(&w->second, ns / BILLION);
	char *to = out_room(&w->out, TIME_ROOM);

	if (!to)
		return;
	memcpy(to, second.at, sizeof(w->second.text));
	w->out.used = put_fraction(to + second.length, ns, 6) - w->out.at;
}

/* What is known of the process. */
static void put_context(struct writer *w, struct record r)
{
	size_t i;

	for (i = 0; w->fold && i < w->fold->count; i++) {
		struct text known = folded(w->fold, i, r, FOLD_TEXT);

		out_put(&w->out, known.at, known.length);
	}
}

/* What the line says behind the time; where all is said again, as it was written before. */
static void put_line(struct writer *w, struct record r)
{
	struct remembered *known = remembered(w, r.event);
	struct out *out = &w->out;
	size_t start = out->used;

	if (!known)
		return;
	if (is_repeated(known, r, r.event->line.from, 0)) {
		if (out_room(out, known->end - known->own))
			out_put(out, out->at + known->own, known->end - known->own);
	} else {
		out_literal(out, "] ");
		write_phrase(w, r, r.event->line);
	}
	known->own = start;
	known->end = out->used;
	put_context(w, r);
	out_literal(out, "\n");
	known->record = out->failed ? NULL : r.at;
}

void write_text(struct writer *w, struct record r)
{
	out_literal(&w->out, "[");
	put_local_time(w, r);
	put_line(w, r);
}

/* The local time; one line. */
void write_time(struct writer *w, struct record r)
{
	put_local_time(w, r);
	out_literal(&w->out, "\n");
}

void write_words(struct writer *w, struct record r)
{
	write_phrase(w, r, r.event->details);
}

/* What happened, without the process and the time; one line. */
void write_details(struct writer *w, struct record r)
{
	write_words(w, r);
	put_context(w, r);
	out_literal(&w->out, "\n");
}

/* How it went, in one word; one line. */
void write_result(struct writer *w, struct record r)
{
	write_phrase(w, r, r.event->result);
	out_literal(&w->out, "\n");
}
