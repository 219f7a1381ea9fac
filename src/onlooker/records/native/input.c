#include "input.h"

static const struct {
	const char *format;
	int is_signed;
	uint32_t size;
} INTEGERS[] = { { "c", 1, 1 }, { "C", 0, 1 }, { "s", 1, 2 }, { "S", 0, 2 }, { "i", 1, 4 }, { "I", 0, 4 }, { "l", 1, 8 }, { "L", 0, 8 } };

static const struct {
	const char *format;
	int form, is_wide, is_binary;
} TEXTS[] = { { "u", INPUT_TEXT, 0, 0 },      { "U", INPUT_TEXT, 1, 0 }, { "vu", INPUT_TEXT_VIEW, 0, 0 },
	      { "z", INPUT_TEXT, 0, 1 },      { "Z", INPUT_TEXT, 1, 1 }, { "vz", INPUT_TEXT_VIEW, 0, 1 },
	      { "+l", INPUT_LIST, 0, 0 },     { "+L", INPUT_LIST, 1, 0 } };

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static int init_integer(struct input *input, const char *format)
{
	size_t i;

	for (i = 0; i < COUNT(INTEGERS); i++) {
		if (strcmp(INTEGERS[i].format, format))
			continue;
		input->form = INPUT_INTEGER;
		input->is_signed = INTEGERS[i].is_signed;
		input->size = INTEGERS[i].size;
		return 1;
	}
	return 0;
}

static int init_text(struct input *input, const char *format)
{
	size_t i;

	for (i = 0; i < COUNT(TEXTS); i++) {
		if (strcmp(TEXTS[i].format, format))
			continue;
		input->form = TEXTS[i].form;
		input->is_wide = TEXTS[i].is_wide;
		input->is_binary = TEXTS[i].is_binary;
		return 1;
	}
	return 0;
}

int input_init(struct input *input, struct input *items, const struct ArrowSchema *schema)
{
	const char *format = schema->format;

	memset(input, 0, sizeof(*input));
	if (schema->dictionary)
		return 0;
	if (!strcmp(format, "n"))
		return 1;
	if (!strncmp(format, "tsn:", 4) || !strcmp(format, "b")) {
		input->form = *format == 'b' ? INPUT_BOOL : INPUT_TIME;
		input->size = 8;
		return 1;
	}
	if (init_integer(input, format))
		return 1;
	if (!init_text(input, format))
		return 0;
	if (input->form != INPUT_LIST)
		return 1;
	input->items = items;
	if (!items || schema->n_children != 1 || !input_init(items, NULL, schema->children[0]))
		return 0;
	input->is_binary = items->is_binary;
	return 1;
}

/* The last buffer of a view says how many bytes each of those between has. */
static int bind_views(struct input *input, const struct ArrowArray *array)
{
	if (array->n_buffers < 3)
		return 0;
	input->views = array->buffers + 2;
	input->view_count = array->n_buffers - 3;
	input->view_bytes = array->buffers[array->n_buffers - 1];
	return !input->view_count || input->view_bytes;
}

static int buffers_of(const struct input *input)
{
	return input->form == INPUT_NONE ? 0 : input->form == INPUT_TEXT ? 3 : 2;
}

int input_bind(struct input *input, const struct ArrowArray *array, int64_t first, int64_t length)
{
	int64_t end;

	if (first < 0 || length < 0 || array->offset < 0 || array->n_buffers < buffers_of(input))
		return 0;
	if (__builtin_add_overflow(first, length, &end) || array->length < end)
		return 0;
	if (__builtin_add_overflow(first, array->offset, &input->first) || input->form == INPUT_NONE)
		return input->form == INPUT_NONE;
	input->length = length;
	input->valid = array->null_count ? array->buffers[0] : NULL;
	input->values = array->buffers[1];
	input->data = input->form == INPUT_TEXT ? array->buffers[2] : NULL;
	if (length && !input->values)
		return 0;
	if (input->form == INPUT_TEXT_VIEW)
		return bind_views(input, array);
	if (input->form != INPUT_LIST)
		return 1;
	return array->n_children == 1 && input_bind(input->items, array->children[0], 0, array->children[0]->length);
}

/* Up to 12 bytes are in the view itself. */
int input_view(const struct input *input, int64_t row, struct text *text)
{
	const unsigned char *view = input->values + 16 * (input->first + row);
	int32_t length = read_unsigned(view, 4), buffer = read_unsigned(view + 8, 4), start = read_unsigned(view + 12, 4);

	if (length < 0)
		return 0;
	*text = (struct text){ (const char *)view + 4, length };
	if (length <= 12)
		return 1;
	if (buffer < 0 || buffer >= input->view_count || start < 0 || !input->views[buffer])
		return 0;
	text->at = (const char *)input->views[buffer] + start;
	return (int64_t)start + length <= input->view_bytes[buffer];
}
