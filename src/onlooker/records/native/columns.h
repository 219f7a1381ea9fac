/* Records as columns, by the plan: the buffers of Arrow arrays. Who gives records has checked them. */
#ifndef ONLOOKER_COLUMNS_H
#define ONLOOKER_COLUMNS_H

#include "arrow.h"
#include "values.h"

/* onlooker.schema.columns.Type */
enum column_type {
	TYPE_BOOL,
	TYPE_UINT8,
	TYPE_UINT16,
	TYPE_UINT32,
	TYPE_UINT64,
	TYPE_INT32,
	TYPE_INT64,
	TYPE_TIME,
	TYPE_TEXT,
	TYPE_BYTES,
	TYPE_TEXTS,
	TYPE_BYTES_LIST,
	TYPES,
};

/* onlooker.schema.columns.Form */
enum column_form {
	FORM_VALUE,
	FORM_BYTES,
	FORM_COMMAND,
	FORM_EVENT,
	FORM_SEQ,
};

#define NO_STEP UINT32_MAX
#define NO_COLUMN UINT32_MAX

struct column_plan {
	int type, form, is_optional;
	struct text name; /* with a NUL behind it */
	uint32_t beside;  /* the column with the exact bytes of this one */
	uint32_t steps[KINDS];
};

/* One table. `kinds`: bit n says that it has the events of number n. */
struct table_plan {
	const struct plan *plan;
	const struct column_plan *columns;
	size_t count;
	uint64_t kinds;
	struct text names[KINDS]; /* of the events */
};

/* Names of a number as they were written. */
struct known {
	const struct values *values; /* NULL: nothing is known */
	uint64_t number;
	uint32_t count, ends[8];
	char text[96]; /* at least PADDING */
};

#define KNOWN 16 /* numbers for each column: opens have some ten different flags */

struct bits {
	struct out out;
	size_t count;
};

/* The buffers of an array. Of texts, `offsets` end each in `data`; of a list, each in its items. */
struct column {
	const struct column_plan *plan;
	struct bits validity, marks; /* `marks`: of TYPE_BOOL */
	struct out offsets, data;
	size_t rows, nulls;
	struct column *beside, *items;
	struct known known[KNOWN];
};

struct row {
	struct record record;
	uint64_t seq;
};

#define BLOCK_ROWS 1024			 /* their records, some 200 KiB, stay in the second cache from column to column */
#define BLOCK_BYTES (4 << 20)		 /* or so many bytes of records */
#define CHUNK_BYTES (512 << 20)		 /* of one buffer; offsets have 31 bits */

struct rows {
	const struct row *at;
	size_t count;
	int64_t offset_ns;
	const struct table_plan *table;
};

struct columns {
	const struct table_plan *table;
	struct column *columns, *items; /* one for each */
	struct out made, plain;
	struct row block[BLOCK_ROWS];
	size_t rows;	  /* of the block */
	size_t bytes;
	size_t chunk_bytes;
	uint64_t seq;	  /* of the next record */
	uint64_t total;	  /* rows in all chunks */
	struct arrow_chunks chunks;
};

/* 0 without memory. */
int columns_init(struct columns *c, const struct table_plan *table, uint64_t seq, size_t chunk_bytes);
void columns_free(struct columns *c);

/* 0, ENOMEM, or EOVERFLOW for a record that is too long. After an error nothing but columns_free may be called. */
int columns_add(struct columns *c, const unsigned char *at, const unsigned char *end, int64_t offset_ns);

/* Gives all chunks, and begins anew. 0 or ENOMEM. */
int columns_take(struct columns *c, struct arrow_chunks *chunks);

/* The schema of a table. 0 or ENOMEM. */
int table_schema(const struct table_plan *table, struct ArrowSchema *schema);

static inline int is_list(const struct column *column)
{
	return column->plan->type == TYPE_TEXTS || column->plan->type == TYPE_BYTES_LIST;
}

static inline int has_text(const struct column *column)
{
	return column->plan->type == TYPE_TEXT || column->plan->type == TYPE_BYTES;
}

/* Offsets begin with a zero. */
static inline void begin_column(struct column *column)
{
	if (is_list(column) || has_text(column))
		out_put(&column->offsets, "\0\0\0\0", 4);
}

/* Where there is room, all zero. */
static inline void put_bit(struct bits *bits, int is_set)
{
	bits->out.at[bits->count / 8] |= (is_set != 0) << bits->count % 8;
	bits->count++;
}

static inline void put_valid(struct column *column, int is_valid)
{
	if (column->plan->is_optional) {
		put_bit(&column->validity, is_valid);
		column->nulls += !is_valid;
	}
	column->rows++;
}

static inline uint32_t end_of(const struct column *column)
{
	return column->items ? column->items->rows : column->data.used;
}

/* What was written to `data`, or to the items, is the column's next value. */
static inline void put_end(struct column *column, int is_valid)
{
	uint32_t end = end_of(column);

	memcpy(column->offsets.at + column->offsets.used, &end, 4);
	column->offsets.used += 4;
	put_valid(column, is_valid);
}

/* The same for the next item of a list, for which there may be no room. */
static inline void put_item(struct column *items)
{
	uint32_t end = end_of(items);

	out_put(&items->offsets, (const char *)&end, 4);
	items->rows++;
}

/* Appends a name, of which PADDING bytes are readable. */
static inline void put_name(struct out *out, struct text name)
{
	char *to = out_room(out, name.length + PADDING);

	if (to)
		out->used = put_padded(to, name.at, name.length) - out->at;
}

static inline const struct step *step_in(const struct column *column, struct record r)
{
	uint32_t step = column->plan->steps[r.event->number];

	return step == NO_STEP ? NULL : r.event->steps + step;
}

static inline int applies(struct record r, const struct step *step)
{
	return step && !is_absent(r, step);
}

/* Append the rows to a column, which has room for them but for what texts hold. */
void column_texts(struct columns *c, struct column *column, const struct rows *rows);
void column_lists(struct columns *c, struct column *column, const struct rows *rows);
void column_commands(struct columns *c, struct column *column, const struct rows *rows);
void column_nulls(struct column *column, size_t rows);

#endif
