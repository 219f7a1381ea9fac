/* Rows are taken by blocks, and of a block one column after the other: what a column needs stays in the registers, and the
 * records stay in the cache. */
#include <errno.h>

#include "columns.h"

/* Appends numbers of a type to a column. */
#define NUMBERS(NAME, TYPE)                                                                     \
	static void NAME(struct column *column, const struct rows *rows)                        \
	{                                                                                       \
		TYPE *to = (TYPE *)(column->data.at + column->data.used);                       \
		size_t i;                                                                       \
                                                                                                \
		for (i = 0; i < rows->count; i++) {                                             \
			struct record r = rows->at[i].record;                                   \
			const struct step *step = step_in(column, r);                           \
			int is_valid = applies(r, step);                                        \
                                                                                                \
			to[i] = is_valid ? (TYPE)cell_number(r, step) : 0;                      \
			put_valid(column, is_valid);                                            \
		}                                                                               \
		column->data.used += rows->count * sizeof(TYPE);                                \
	}

static inline uint64_t cell_number(struct record r, const struct step *step)
{
	return step->op == OP_SIGNED ? (uint64_t)signed_number_of(r, step) : number_of(r, step);
}

NUMBERS(column_8, uint8_t)
NUMBERS(column_16, uint16_t)
NUMBERS(column_32, uint32_t)
NUMBERS(column_64, uint64_t)

/* Of the wall clock, whatever the year. */
static void column_times(struct column *column, const struct rows *rows)
{
	uint64_t *to = (uint64_t *)(column->data.at + column->data.used);
	size_t i;

	for (i = 0; i < rows->count; i++) {
		to[i] = read_unsigned(rows->at[i].record.at + rows->table->plan->boot_at, 8) + (uint64_t)rows->offset_ns;
		put_valid(column, 1);
	}
	column->data.used += 8 * rows->count;
}

static void column_seqs(struct column *column, const struct rows *rows)
{
	uint64_t *to = (uint64_t *)(column->data.at + column->data.used);
	size_t i;

	for (i = 0; i < rows->count; i++) {
		to[i] = rows->at[i].seq;
		put_valid(column, 1);
	}
	column->data.used += 8 * rows->count;
}

static void column_marks(struct column *column, const struct rows *rows)
{
	size_t i;

	for (i = 0; i < rows->count; i++) {
		struct record r = rows->at[i].record;
		const struct step *step = step_in(column, r);
		int is_valid = applies(r, step);

		put_bit(&column->marks, is_valid && number_of(r, step));
		put_valid(column, is_valid);
	}
}

static void column_events(struct column *column, const struct rows *rows)
{
	size_t i;

	for (i = 0; i < rows->count; i++) {
		struct text name = rows->table->names[rows->at[i].record.event->number];

		put_name(&column->data, name);
		put_end(column, 1);
	}
}

static void column_values(struct columns *c, struct column *column, const struct rows *rows)
{
	switch (column->plan->type) {
	case TYPE_BOOL:
		column_marks(column, rows);
		break;
	case TYPE_UINT8:
		column_8(column, rows);
		break;
	case TYPE_UINT16:
		column_16(column, rows);
		break;
	case TYPE_UINT32:
	case TYPE_INT32:
		column_32(column, rows);
		break;
	case TYPE_UINT64:
	case TYPE_INT64:
		column_64(column, rows);
		break;
	case TYPE_TIME:
		column_times(column, rows);
		break;
	case TYPE_TEXT:
		column_texts(c, column, rows);
		break;
	case TYPE_TEXTS:
		column_lists(c, column, rows);
		break;
	}
}

/* Room for so many bits, all zero. */
static int reserve_bits(struct bits *bits, size_t count)
{
	size_t bytes = (bits->count + count + 7) / 8, used = bits->out.used;

	if (bytes <= used)
		return 1;
	if (!out_room(&bits->out, bytes - used))
		return 0;
	memset(bits->out.at + used, 0, bytes - used);
	bits->out.used = bytes;
	return 1;
}

/* Room for all of so many rows but texts. */
static int reserve(struct column *column, size_t rows)
{
	int has_offsets = is_list(column) || has_text(column), is_mark = column->plan->type == TYPE_BOOL;

	return (!has_offsets || out_room(&column->offsets, 4 * rows)) && (!is_mark || reserve_bits(&column->marks, rows)) &&
	       (has_offsets || is_mark || out_room(&column->data, 8 * rows)) &&
	       (!column->plan->is_optional || reserve_bits(&column->validity, rows));
}

/* FORM_BYTES are written along with what they belong to. */
static void column_append(struct columns *c, struct column *column, const struct rows *rows)
{
	switch (column->plan->form) {
	case FORM_VALUE:
		column_values(c, column, rows);
		break;
	case FORM_COMMAND:
		column_commands(c, column, rows);
		break;
	case FORM_EVENT:
		column_events(column, rows);
		break;
	case FORM_SEQ:
		column_seqs(column, rows);
		break;
	}
}

static int has_failed(const struct column *column)
{
	return column->validity.out.failed || column->marks.out.failed || column->offsets.failed || column->data.failed ||
	       (column->items && has_failed(column->items));
}

static size_t largest_buffer(const struct column *column)
{
	size_t most = column->offsets.used > column->data.used ? column->offsets.used : column->data.used;
	size_t items = column->items ? largest_buffer(column->items) : 0;

	return items > most ? items : most;
}

/* An array's buffer, taken over; there is one even for nothing, because some readers want it so. */
static const void *taken(struct out *out)
{
	const void *at = out_room(out, 8) ? out->at : NULL;

	if (!at)
		out_free(out);
	memset(out, 0, sizeof(*out));
	return at;
}

/* 0 without memory. */
static int take_array(struct column *column, struct ArrowArray *array)
{
	int at = 1, whole = 1, i;

	array->length = column->rows;
	array->null_count = column->nulls;
	if (column->nulls)
		array->buffers[0] = taken(&column->validity.out);
	else
		out_free(&column->validity.out);
	if (is_list(column) || has_text(column))
		array->buffers[at++] = taken(&column->offsets);
	if (column->plan->type == TYPE_BOOL)
		array->buffers[at++] = taken(&column->marks.out);
	else if (!is_list(column))
		array->buffers[at++] = taken(&column->data);
	array->n_buffers = at;
	for (i = column->nulls ? 0 : 1; i < at; i++)
		whole &= array->buffers[i] != NULL;
	column->rows = column->nulls = column->validity.count = column->marks.count = 0;
	return whole;
}

static int take_column(struct column *column, struct ArrowArray *array)
{
	size_t n = column->items != NULL;
	int whole;

	arrow_array_init(array, n);
	if (!array->release)
		return 0;
	whole = take_array(column, array);
	whole &= !n || take_column(column->items, array->children[0]);
	begin_column(column);
	return whole;
}

/* The rows so far become a chunk. */
static int end_chunk(struct columns *c)
{
	struct ArrowArray array;
	size_t i, rows = c->columns->rows;

	if (!rows)
		return 0;
	arrow_array_init(&array, c->table->count);
	if (!array.release)
		return ENOMEM;
	array.length = rows;
	array.n_buffers = 1;
	for (i = 0; i < c->table->count; i++) {
		if (!take_column(c->columns + i, array.children[i]) || has_failed(c->columns + i)) {
			array.release(&array);
			return ENOMEM;
		}
	}
	c->total += rows;
	return arrow_chunks_add(&c->chunks, &array) ? 0 : ENOMEM;
}

/* Whether a column has no memory; how much the largest buffer takes. */
static int have_failed(const struct columns *c, size_t *most)
{
	int failed = c->made.failed || c->plain.failed;
	size_t i;

	for (i = 0, *most = 0; i < c->table->count; i++) {
		size_t bytes = largest_buffer(c->columns + i);

		failed |= has_failed(c->columns + i);
		*most = bytes > *most ? bytes : *most;
	}
	return failed;
}

static int end_block(struct columns *c, int64_t offset_ns)
{
	struct rows rows = { c->block, c->rows, offset_ns, c->table };
	size_t i, most, end = c->columns->rows + c->rows;

	for (i = 0; i < c->table->count; i++)
		if (!reserve(c->columns + i, c->rows))
			return ENOMEM;
	for (i = 0; i < c->table->count; i++)
		column_append(c, c->columns + i, &rows);
	for (i = 0; i < c->table->count; i++)
		if (c->columns[i].plan->form == FORM_BYTES)
			column_nulls(c->columns + i, end);
	c->rows = c->bytes = 0;
	if (have_failed(c, &most))
		return ENOMEM;
	return most > c->chunk_bytes ? end_chunk(c) : 0;
}

int columns_add(struct columns *c, const unsigned char *at, const unsigned char *end, int64_t offset_ns)
{
	const unsigned char *before = at;
	struct record r;
	int error = 0;

	for (; !error && next_record(c->table->plan, &at, end, &r) > 0; before = at) {
		if (c->table->kinds >> r.event->number & 1) {
			if (at - before > LONGEST_RECORD)
				return EOVERFLOW;
			c->block[c->rows++] = (struct row){ r, c->seq };
			c->bytes += at - before;
		}
		c->seq++;
		if (c->rows == BLOCK_ROWS || c->bytes > BLOCK_BYTES)
			error = end_block(c, offset_ns);
	}
	return error || !c->rows ? error : end_block(c, offset_ns);
}

int columns_take(struct columns *c, struct arrow_chunks *chunks)
{
	int error = end_chunk(c);

	if (!error)
		error = table_schema(c->table, &c->chunks.schema);
	if (error)
		return error;
	*chunks = c->chunks;
	memset(&c->chunks, 0, sizeof(c->chunks));
	c->total = 0;
	return 0;
}
