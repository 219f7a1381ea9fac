/* Texts, names and lists in columns. */
#include "columns.h"
#include "utf8.h"

/* Nulls up to so many rows, which have room. */
void column_nulls(struct column *column, size_t rows)
{
	size_t count = rows - column->rows, i;
	uint32_t end = end_of(column);

	for (i = 0; i < count; i++)
		memcpy(column->offsets.at + column->offsets.used + 4 * i, &end, 4);
	column->offsets.used += 4 * count;
	column->validity.count += count;
	column->nulls += count;
	column->rows = rows;
}

/* The exact bytes of the text that is the next row of another column. */
static void put_beside(struct column *column, size_t row, struct text text)
{
	if (!column)
		return;
	column_nulls(column, row);
	put_exact(&column->data, text);
	put_end(column, 1);
}

static struct known *known_place(struct column *column, uint64_t number)
{
	return column->known + (number * 0x9e3779b97f4a7c15ULL >> 60);
}

_Static_assert(KNOWN == 16, "known_place takes four bits");

/* Notes what was written from `start` to the end of the data, if it is short enough. */
static void remember(struct known *known, const struct values *values, uint64_t number, const struct names *names,
		     const struct out *data, size_t start)
{
	size_t length = data->used - start, i, end = 0;

	known->values = NULL;
	if (data->failed || names->count > sizeof(known->ends) / sizeof(known->ends[0]) || length > sizeof(known->text))
		return;
	for (i = 0; i < names->count; i++)
		known->ends[i] = end += names->name[i].length;
	memcpy(known->text, data->at + start, length);
	known->values = values;
	known->number = number;
	known->count = names->count;
}

/* Appends the one name of a number. */
static void put_one_name(struct column *column, struct record r, const struct step *step)
{
	uint64_t number = number_of(r, step);
	struct known *known = known_place(column, number);
	size_t start = column->data.used;
	struct names names;

	if (known->values == step->values && known->number == number) {
		put_name(&column->data, (struct text){ known->text, known->ends[0] });
		return;
	}
	names_of(&names, r, step);
	put_exact(&column->data, names.name[0]);
	remember(known, step->values, number, &names, &column->data, start);
}

static void put_text(struct columns *c, struct column *column, struct record r, const struct step *step)
{
	struct text text = text_of(r, step, &c->made);

	if (!put_utf8(&column->data, text))
		put_beside(column->beside, column->rows, text);
}

void column_texts(struct columns *c, struct column *column, const struct rows *rows)
{
	size_t i;

	for (i = 0; i < rows->count; i++) {
		struct record r = rows->at[i].record;
		const struct step *step = step_in(column, r);
		int is_valid = applies(r, step);

		if (is_valid)
			(step->op == OP_ONE_OF ? put_one_name(column, r, step) : put_text(c, column, r, step));
		put_end(column, is_valid);
	}
}

static void put_known(struct column *items, const struct known *known)
{
	uint32_t start = items->data.used, i, end;

	put_name(&items->data, (struct text){ known->text, known->count ? known->ends[known->count - 1] : 0 });
	for (i = 0; i < known->count; i++) {
		end = start + known->ends[i];
		out_put(&items->offsets, (const char *)&end, 4);
		items->rows++;
	}
}

/* Appends the names of a number to the items of a list. */
static void put_names(struct column *column, struct record r, const struct step *step)
{
	uint64_t number = number_of(r, step);
	struct known *known = known_place(column, number);
	size_t start = column->items->data.used, i;
	struct names names;

	if (!number && !step->values->lows)
		return;
	if (known->values == step->values && known->number == number) {
		put_known(column->items, known);
		return;
	}
	names_of(&names, r, step);
	for (i = 0; i < names.count; i++) {
		put_exact(&column->items->data, names.name[i]);
		put_item(column->items);
	}
	remember(known, step->values, number, &names, &column->items->data, start);
}

static void put_list_beside(struct column *column, size_t row, struct text rest)
{
	struct text one;

	if (!column)
		return;
	column_nulls(column, row);
	while (next_text(&rest, &one)) {
		put_exact(&column->items->data, one);
		put_item(column->items);
	}
	put_end(column, 1);
}

static void put_list(struct column *column, struct text all)
{
	struct text rest = all, one;
	int is_whole = 1;

	while (next_text(&rest, &one)) {
		is_whole &= put_utf8(&column->items->data, one);
		put_item(column->items);
	}
	if (!is_whole)
		put_list_beside(column->beside, column->rows, all);
}

void column_lists(struct columns *c, struct column *column, const struct rows *rows)
{
	size_t i;

	(void)c;
	for (i = 0; i < rows->count; i++) {
		struct record r = rows->at[i].record;
		const struct step *step = step_in(column, r);
		int is_valid = applies(r, step);

		if (is_valid)
			(step->op == OP_FLAGS ? put_names(column, r, step) : put_list(column, span_of(r, step)));
		put_end(column, is_valid);
	}
}

/* Whether shlex.quote leaves it as it is: "=" is plain there, also at the beginning. */
static int is_plain_argument(struct text text)
{
	const unsigned char *in = (const unsigned char *)text.at;
	size_t at = 0;

	while (at < text.length && in[at] == '=')
		at++;
	return text.length && (at == text.length || is_plain_word(in + at, text.length - at));
}

/* As shlex.quote does. */
static void put_argument(struct columns *c, struct out *out, struct text text)
{
	char *to;

	if (!is_utf8(text)) {
		c->plain.used = 0;
		put_replaced(&c->plain, text);
		text = (struct text){ c->plain.at, c->plain.used };
	}
	if (is_plain_argument(text)) {
		put_exact(out, text);
		return;
	}
	to = out_room(out, 5 * text.length + 2);
	if (to)
		out->used += quote_printable((const unsigned char *)text.at, text.length, to);
}

/* As shlex.join does. */
void column_commands(struct columns *c, struct column *column, const struct rows *rows)
{
	size_t i;

	for (i = 0; i < rows->count; i++) {
		struct record r = rows->at[i].record;
		const struct step *step = step_in(column, r);
		struct text rest, one;
		int is_valid = applies(r, step), is_first = 1;

		if (is_valid) {
			for (rest = span_of(r, step); next_text(&rest, &one); is_first = 0) {
				if (!is_first)
					out_literal(&column->data, " ");
				put_argument(c, &column->data, one);
			}
		}
		put_end(column, is_valid);
	}
}
