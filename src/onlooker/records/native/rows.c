/* A record is written at once: its fixed part, and behind it the texts in the order of the fields. */
#include "rows.h"

int rows_init(struct rows_in *rows, const struct plan *plan, const struct event *event)
{
	size_t i;

	memset(rows, 0, sizeof(*rows));
	rows->plan = plan;
	rows->event = event;
	rows->values = calloc(event->count + 1, sizeof(*rows->values));
	rows->exact = calloc(event->count + 1, sizeof(*rows->exact));
	rows->items = calloc(2 * event->count + 1, sizeof(*rows->items));
	rows->numbers = calloc(event->count + 1, sizeof(*rows->numbers));
	rows->boot = event->count;
	for (i = 0; i < event->count; i++)
		if (event->steps[i].op == OP_UNSIGNED && event->steps[i].at == plan->boot_at)
			rows->boot = i;
	return rows->values && rows->exact && rows->items && rows->numbers;
}

void rows_free(struct rows_in *rows)
{
	size_t i;

	for (i = 0; rows->numbers && i < rows->event->count; i++) {
		free(rows->numbers[i].slots);
		out_free(&rows->numbers[i].names);
	}
	free(rows->values);
	free(rows->exact);
	free(rows->items);
	free(rows->numbers);
	free(rows->columns);
	out_free(&rows->data);
	out_free(&rows->seqs);
	out_free(&rows->offsets);
	out_free(&rows->key);
}

/* The column of that name, and where the items of a list go; NULL where it is none of the event's. */
static struct input *place_of(struct rows_in *rows, const char *name, struct input **items)
{
	size_t i;

	if (!strcmp(name, "seq"))
		return &rows->seq;
	for (i = 0; i < rows->event->count; i++) {
		const struct step *step = rows->event->steps + i;
		size_t length = step->key.length - 4; /* `,"NAME":` */

		if (strncmp(name, step->key.at + 2, length))
			continue;
		*items = rows->items + i;
		if (!name[length])
			return step->op == OP_TIME ? &rows->time : rows->values + i;
		*items = rows->items + rows->event->count + i;
		if (!strcmp(name + length, "_bytes") && (step->op == OP_NAME || (!is_fixed(step) && step->op != OP_TIME)))
			return rows->exact + i;
	}
	return NULL;
}

static int can_be(const struct input *input, const struct step *step)
{
	int form = input->form;

	switch (step->op) {
	case OP_UNSIGNED:
	case OP_SIGNED:
		return form == INPUT_INTEGER;
	case OP_BOOLEAN:
		return form == INPUT_BOOL;
	case OP_TEXTS:
	case OP_FLAGS:
		return form == INPUT_LIST && (input->items->form == INPUT_TEXT || input->items->form == INPUT_TEXT_VIEW);
	default:
		return form == INPUT_TEXT || form == INPUT_TEXT_VIEW;
	}
}

/* Whether the column can be what it stands for. */
static int fits(const struct rows_in *rows, const struct input *input)
{
	int is_exact = input >= rows->exact && input < rows->exact + rows->event->count;

	if (input->form == INPUT_NONE)
		return 1;
	if (input == &rows->time)
		return input->form == INPUT_TIME;
	if (input == &rows->seq)
		return input->form == INPUT_INTEGER;
	return input->is_binary == is_exact &&
	       can_be(input, rows->event->steps + (input - (is_exact ? rows->exact : rows->values)));
}

static int is_twice(const struct rows_in *rows, const struct input *place)
{
	size_t i;

	for (i = 0; i < rows->columns_count; i++)
		if (rows->columns[i] == place)
			return 1;
	return 0;
}

const struct ArrowSchema *rows_schema(struct rows_in *rows, const struct ArrowSchema *schema)
{
	int64_t i;

	rows->columns = calloc(schema->n_children + 1, sizeof(*rows->columns));
	if (!rows->columns || strcmp(schema->format, "+s"))
		return schema;
	for (i = 0; i < schema->n_children; i++, rows->columns_count++) {
		const struct ArrowSchema *column = schema->children[i];
		struct input *items = NULL, *place = place_of(rows, column->name ? column->name : "", &items);

		if (place && (is_twice(rows, place) || !input_init(place, items, column) || !fits(rows, place)))
			return column;
		rows->columns[i] = place;
	}
	return NULL;
}

/* Its lowest bytes; memcpy(3) is only called for odd sizes. */
static inline void put_bytes_of(uint64_t number, uint32_t size, unsigned char *to)
{
	if (size == 4)
		memcpy(to, &number, 4);
	else if (size == 8)
		memcpy(to, &number, 8);
	else
		memcpy(to, &number, size);
}

/* A number that the field can have, and that does not mean that it does not apply. */
static enum row_error put_number(const struct step *step, uint64_t number, int is_negative, unsigned char *to)
{
	uint64_t most = step->mask;
	int64_t least = 0;

	if (step->op == OP_SIGNED) {
		most = step->mask >> 1;
		least = -(int64_t)most - 1;
	}
	if (is_negative ? (int64_t)number < least : number > most)
		return ROW_VALUE;
	if (step->is_optional && (number & step->mask) == step->none)
		return ROW_VALUE;
	put_bytes_of(number, step->size, to);
	return ROW_FINE;
}

/* The number of a row that has none. */
static enum row_error put_nothing(const struct step *step, unsigned char *to)
{
	if (step->op == OP_ONE_OF && !step->is_optional && !find_name(step->values, 0) && !step->values->has_other)
		return ROW_ABSENT;
	if (step->is_optional)
		put_bytes_of(step->none, step->size, to);
	return ROW_FINE;
}

static enum row_error put_fixed(struct rows_in *rows, size_t place, int64_t row, unsigned char *to)
{
	const struct step *step = rows->event->steps + place;
	const struct input *input = rows->values + place;
	enum row_error error;
	uint64_t number;

	if (step->op == OP_NAME)
		return row_process_name(rows, step, row, to);
	if (!input_has(input, row))
		return put_nothing(step, to);
	if (step->op == OP_BOOLEAN) {
		*to = input_bit(input->values, input->first + row);
		return ROW_FINE;
	}
	if (input->form == INPUT_INTEGER) {
		number = input_integer(input, row);
		return put_number(step, number, input->is_signed && (int64_t)number < 0, to);
	}
	error = row_names(rows, place, row, &number);
	return error ? error : put_number(step, number, 0, to);
}

/* The clock's offset; a row without a time since boot has that of the wall instead, so that many rows have the same offset. */
static void put_clock(struct rows_in *rows, int64_t row, unsigned char *head)
{
	int has_time = input_has(&rows->time, row);
	uint64_t wall = has_time ? read_unsigned(rows->time.values + 8 * (rows->time.first + row), 8) : 0;
	uint64_t offset;

	if (has_time && (rows->boot == rows->event->count || !input_has(rows->values + rows->boot, row)))
		memcpy(head + rows->plan->boot_at, &wall, 8);
	offset = has_time ? wall - read_unsigned(head + rows->plan->boot_at, 8) : 0;
	out_put(&rows->offsets, (const char *)&offset, 8);
}

static enum row_error put_seq(struct rows_in *rows, int64_t row)
{
	uint64_t seq = rows->count;

	rows->wrong = rows->event->count;
	if (input_has(&rows->seq, row)) {
		seq = input_integer(&rows->seq, row);
		if (rows->seq.is_signed && (int64_t)seq < 0)
			return ROW_VALUE;
	}
	out_put(&rows->seqs, (const char *)&seq, 8);
	return ROW_FINE;
}

static enum row_error put_steps(struct rows_in *rows, int64_t row, size_t start)
{
	const struct event *event = rows->event;
	enum row_error error = ROW_FINE;
	size_t i;

	for (i = 0; !error && i < event->count; i++) {
		const struct step *step = event->steps + i;

		rows->wrong = i;
		if (is_fixed(step))
			error = put_fixed(rows, i, row, (unsigned char *)rows->data.at + start + step->at);
		else if (step->op != OP_TIME)
			error = row_text(rows, step, row, start);
	}
	return error;
}

static enum row_error put_record(struct rows_in *rows, int64_t row)
{
	size_t start = rows->data.used + 8;
	char *head = out_room(&rows->data, 8 + rows->event->bytes);
	enum row_error error;
	uint64_t length;

	if (!head)
		return ROW_NO_MEMORY;
	memset(head, 0, 8 + rows->event->bytes);
	memcpy(head + 8 + rows->plan->kind_at, &rows->event->number, 2);
	rows->data.used += 8 + rows->event->bytes;
	error = put_steps(rows, row, start);
	if (error)
		return error;
	length = rows->data.used - start;
	if (length > LONGEST_RECORD)
		return ROW_LONG;
	out_put(&rows->data, "\0\0\0\0\0\0\0", -length & 7);
	if (rows->data.failed)
		return ROW_NO_MEMORY;
	memcpy(rows->data.at + start - 8, &length, 8);
	put_clock(rows, row, (unsigned char *)rows->data.at + start);
	return put_seq(rows, row);
}

static int bind(struct rows_in *rows, const struct ArrowArray *array)
{
	size_t i;

	if (array->n_children < 0 || (size_t)array->n_children != rows->columns_count)
		return 0;
	for (i = 0; i < rows->columns_count; i++)
		if (rows->columns[i] && !input_bind(rows->columns[i], array->children[i], array->offset, array->length))
			return 0;
	return 1;
}

#define MOST_AT_ONCE (1 << 20)
#define MOST_BYTES ((size_t)256 << 20) /* of records: a segment has 16 MB; a small file may unpack to any size */

enum row_error rows_add(struct rows_in *rows, const struct ArrowArray *array)
{
	int64_t row;

	if (array->length > 0 && array->length < MOST_AT_ONCE) /* that nothing is moved when it grows */
		out_room(&rows->data, array->length * (8 + rows->event->bytes));
	rows->wrong = 0;
	rows->error = bind(rows, array) ? ROW_FINE : ROW_ARRAY;
	for (row = 0; !rows->error && row < array->length; row++) {
		rows->error = put_record(rows, row);
		rows->count += !rows->error;
		if (!rows->error && rows->data.used > MOST_BYTES)
			rows->error = ROW_MANY;
	}
	if (rows->seqs.failed || rows->offsets.failed)
		rows->error = ROW_NO_MEMORY;
	return rows->error;
}
