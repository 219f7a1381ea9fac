/* Rows of a table back to records of one event: what columns.h does, the other way round. */
#ifndef ONLOOKER_ROWS_H
#define ONLOOKER_ROWS_H

#include "input.h"
#include "out.h"

/* Numbers by their names. */
struct known_number {
	uint64_t hash, number;
	size_t at, length; /* of the names, in `names` */
	int is_used;
};

struct numbers {
	struct known_number *slots; /* NUMBER_SLOTS */
	size_t count;
	struct out names;
};

#define NUMBER_SLOTS 4096 /* a hostile file has new names in each row: then it begins anew */

/* What is wrong with a row. */
enum row_error {
	ROW_FINE,
	ROW_NO_MEMORY,
	ROW_VALUE,  /* a value that the field can't have */
	ROW_ABSENT, /* no value where the field must have one */
	ROW_LONG,   /* the record is too long */
	ROW_MANY,   /* all of them are, together */
	ROW_ARRAY,  /* arrays that make no sense */
	ROW_NAME,   /* `learn` has refused a name */
};

struct rows_in {
	const struct plan *plan;
	const struct event *event;
	struct input *values, *exact; /* of each step: its column, and that of its exact bytes */
	struct input *items;	      /* of those that are lists, twice as many */
	struct input time, seq;
	uint32_t boot; /* the step that has the time since boot, or one that is none */
	struct numbers *numbers; /* of each step */
	struct input **columns;	 /* of the stream's columns in their order; NULL: it is ignored */
	size_t columns_count;
	/* the number that has this name, or these, each with a NUL behind it; 0 where there is none */
	int (*learn)(void *context, size_t step, struct text names, uint64_t *number);
	void *context;
	struct out data, seqs, offsets; /* the records as in a batch; the number, and the clock, of each */
	struct out key;
	size_t count;
	enum row_error error;
	size_t wrong; /* the step with the error; behind the last it is seq */
};

/* 0 without memory. */
int rows_init(struct rows_in *rows, const struct plan *plan, const struct event *event);
void rows_free(struct rows_in *rows);

/* Finds the columns by their names. Returns the first that has a type that its field can't have, or NULL. */
const struct ArrowSchema *rows_schema(struct rows_in *rows, const struct ArrowSchema *schema);

/* Appends the records of an array. ROW_FINE, or what is wrong with row number `count`. */
enum row_error rows_add(struct rows_in *rows, const struct ArrowArray *array);

/* The number of names that were seen before. */
int numbers_find(const struct numbers *numbers, struct text names, uint64_t *number);
/* 0 without memory. */
int numbers_keep(struct numbers *numbers, struct text names, uint64_t number);

/* Parts of rows.c: the texts of a row, appended as a record's tail. */
enum row_error row_text(struct rows_in *rows, const struct step *step, int64_t row, size_t start);
enum row_error row_names(struct rows_in *rows, size_t place, int64_t row, uint64_t *number);
enum row_error row_process_name(struct rows_in *rows, const struct step *step, int64_t row, unsigned char *to);

#endif
