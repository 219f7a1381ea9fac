/* The texts and names of a row, as a record has them: what records/encode.py does. */
#include "rows.h"

/* The exact bytes where there are some, else the text. 0 where the arrays make no sense. */
static int find_text(const struct rows_in *rows, size_t step, int64_t row, struct text *text)
{
	const struct input *exact = rows->exact + step;

	return input_text(input_has(exact, row) ? exact : rows->values + step, row, text);
}

static int has_text(const struct rows_in *rows, size_t step, int64_t row)
{
	return input_has(rows->values + step, row) || input_has(rows->exact + step, row);
}

static int has_nul(struct text text)
{
	return text.length && memchr(text.at, 0, text.length) != NULL;
}

/* The names of a path from the last to the first, each with a NUL. */
static enum row_error put_walked(struct out *out, struct text path)
{
	size_t end = path.length, start;
	char *to;

	if (!path.length)
		return ROW_FINE;
	if (has_nul(path))
		return ROW_VALUE;
	to = out_room(out, path.length + 1);
	if (!to)
		return ROW_NO_MEMORY;
	if (path.length == 1 && *path.at == '/')
		end = 0;
	for (;;) {
		const char *slash = end ? memrchr(path.at, '/', end) : NULL;

		start = slash ? (size_t)(slash - path.at) + 1 : 0;
		memcpy(to, path.at + start, end - start);
		to += end - start;
		*to++ = 0;
		if (!slash)
			break;
		end = start - 1;
	}
	out->used = to - out->at;
	return ROW_FINE;
}

static int ends_with(struct text text, struct text end)
{
	return text.length >= end.length && !memcmp(text.at + text.length - end.length, end.at, end.length);
}

/* What comes before `path` in the two together; 0 where `joined` can't be that. */
static int find_directory(struct text *joined, struct text path)
{
	int is_absolute = path.length && *path.at == '/', is_root, has_slash;

	if (!path.length)
		return 1;
	if (!ends_with(*joined, path))
		return 0;
	joined->length -= path.length;
	is_root = joined->length == 1 && *joined->at == '/';
	if (is_absolute)
		return !is_root; /* a root takes nothing from an absolute path, and gives it nothing */
	if (!joined->length)
		return 1;
	has_slash = joined->at[joined->length - 1] == '/';
	if (!has_slash || (joined->length == 2 && *joined->at == '/'))
		return 0;
	joined->length -= !is_root;
	return 1;
}

static enum row_error put_joined(struct rows_in *rows, const struct step *step, int64_t row, struct text joined)
{
	struct text path = { "", 0 };

	if (has_text(rows, step->of, row) && !find_text(rows, step->of, row, &path))
		return ROW_ARRAY;
	return find_directory(&joined, path) ? put_walked(&rows->data, joined) : ROW_VALUE;
}

/* The texts of a list, each with a NUL behind it. */
static enum row_error put_items(struct out *out, const struct input *list, int64_t row)
{
	int64_t at, end;
	struct text one;

	if (!input_span(list, row, &at, &end) || end > list->items->length)
		return ROW_ARRAY;
	for (; at < end; at++) {
		if (!input_has(list->items, at))
			return ROW_VALUE;
		if (!input_text(list->items, at, &one))
			return ROW_ARRAY;
		if (has_nul(one))
			return ROW_VALUE;
		out_put(out, one.at, one.length);
		out_put(out, "", 1);
	}
	return ROW_FINE;
}

static enum row_error put_list(struct rows_in *rows, size_t step, int64_t row)
{
	const struct input *list = input_has(rows->exact + step, row) ? rows->exact + step : rows->values + step;

	return put_items(&rows->data, list, row);
}

static enum row_error put_text(struct rows_in *rows, const struct step *step, int64_t row)
{
	size_t place = step - rows->event->steps;
	struct text text;

	if (step->op == OP_TEXTS)
		return put_list(rows, place, row);
	if (!find_text(rows, place, row, &text))
		return ROW_ARRAY;
	if (step->op == OP_PATH)
		return put_walked(&rows->data, text);
	if (step->op == OP_JOINED)
		return put_joined(rows, step, row, text);
	out_put(&rows->data, text.at, text.length);
	return ROW_FINE;
}

/* Appends a text to the record that begins at `start` of the data. */
enum row_error row_text(struct rows_in *rows, const struct step *step, int64_t row, size_t start)
{
	size_t before = rows->data.used;
	enum row_error error = ROW_FINE;
	uint32_t span[2];

	if (has_text(rows, step - rows->event->steps, row))
		error = put_text(rows, step, row);
	else if (step->is_optional)
		return ROW_FINE;
	if (error || rows->data.failed)
		return error ? error : ROW_NO_MEMORY;
	span[0] = before - start;
	span[1] = rows->data.used - before;
	memcpy(rows->data.at + start + step->at, span, sizeof(span));
	return ROW_FINE;
}

enum row_error row_process_name(struct rows_in *rows, const struct step *step, int64_t row, unsigned char *to)
{
	size_t place = step - rows->event->steps;
	struct text text;

	if (!has_text(rows, place, row))
		return ROW_FINE;
	if (!find_text(rows, place, row, &text))
		return ROW_ARRAY;
	if (text.length > step->size || has_nul(text))
		return ROW_VALUE;
	memcpy(to, text.at, text.length);
	return ROW_FINE;
}

/* Those of a list, each with a NUL behind it. */
static enum row_error find_names(struct rows_in *rows, const struct input *list, int64_t row, struct text *names)
{
	enum row_error error;

	rows->key.used = 0;
	error = put_items(&rows->key, list, row);
	if (error != ROW_FINE)
		return error;
	*names = (struct text){ rows->key.at, rows->key.used };
	return rows->key.failed ? ROW_NO_MEMORY : ROW_FINE;
}

/* The number of a field that has names. */
enum row_error row_names(struct rows_in *rows, size_t place, int64_t row, uint64_t *number)
{
	const struct input *input = rows->values + place;
	struct numbers *numbers = rows->numbers + place;
	enum row_error error = ROW_FINE;
	struct text names;

	*number = 0;
	if (input->form == INPUT_LIST)
		error = find_names(rows, input, row, &names);
	else if (!input_text(input, row, &names))
		error = ROW_ARRAY;
	if (error || (input->form == INPUT_LIST && !names.length) || numbers_find(numbers, names, number))
		return error;
	if (!rows->learn(rows->context, place, names, number))
		return ROW_NAME;
	return numbers_keep(numbers, names, *number) ? ROW_FINE : ROW_NO_MEMORY;
}
