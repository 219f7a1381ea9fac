/* A column that somebody else made, read value by value. What it says of itself is checked as far as Arrow's C interface lets
 * one: not how many bytes a buffer has. */
#ifndef ONLOOKER_INPUT_H
#define ONLOOKER_INPUT_H

#include "arrow.h"
#include "plan.h"

enum input_form {
	INPUT_NONE, /* there is no such column, or it has only nulls */
	INPUT_INTEGER,
	INPUT_BOOL,
	INPUT_TIME,
	INPUT_TEXT,
	INPUT_TEXT_VIEW,
	INPUT_LIST,
};

struct input {
	int form;
	int is_signed, is_wide; /* an integer's; whether offsets have 64 bits */
	int is_binary;		/* not UTF-8 */
	uint32_t size;		/* of an integer */
	struct input *items;	/* of a list */
	/* of the array that is read now */
	int64_t first, length; /* where its values begin in the buffers */
	const unsigned char *valid, *values, *data;
	const void **views; /* the buffers of a view, and how many bytes each has */
	const int64_t *view_bytes;
	int64_t view_count;
};

/* Sets the form by Arrow's format. 0 for one that is not read. `items` is where those of a list go. */
int input_init(struct input *input, struct input *items, const struct ArrowSchema *schema);

/* Takes an array of that form, from its value number `first` on. 0 where it can't be. */
int input_bind(struct input *input, const struct ArrowArray *array, int64_t first, int64_t length);

static inline int input_bit(const unsigned char *bits, int64_t at)
{
	return bits[at / 8] >> at % 8 & 1;
}

static inline int input_has(const struct input *input, int64_t row)
{
	return input->form != INPUT_NONE && (!input->valid || input_bit(input->valid, input->first + row));
}

/* As 64 bits, with the sign in all of the higher ones. */
static inline uint64_t input_integer(const struct input *input, int64_t row)
{
	const unsigned char *at = input->values + (input->first + row) * input->size;
	uint64_t number = input->size == 4 ? read_unsigned(at, 4) : input->size == 8 ? read_unsigned(at, 8) : read_unsigned(at, input->size);
	unsigned unused = 64 - 8 * input->size;

	return input->is_signed ? (uint64_t)((int64_t)(number << unused) >> unused) : number;
}

static inline int64_t input_end(const struct input *input, int64_t at)
{
	return input->is_wide ? (int64_t)read_unsigned(input->values + 8 * at, 8) :
				(int32_t)read_unsigned(input->values + 4 * at, 4);
}

/* From where to where the items of a list lie, or the bytes of a text; 0 where that makes no sense. */
static inline int input_span(const struct input *input, int64_t row, int64_t *start, int64_t *end)
{
	*start = input_end(input, input->first + row);
	*end = input_end(input, input->first + row + 1);
	return *start >= 0 && *start <= *end;
}

int input_view(const struct input *input, int64_t row, struct text *text);

static inline int input_text(const struct input *input, int64_t row, struct text *text)
{
	int64_t start, end;

	if (input->form == INPUT_TEXT_VIEW)
		return input_view(input, row, text);
	if (!input_span(input, row, &start, &end) || (end > start && !input->data))
		return 0;
	*text = (struct text){ end > start ? (const char *)input->data + start : "", end - start };
	return 1;
}

#endif
