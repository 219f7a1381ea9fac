/* The plan of the records: onlooker.schema.plan as the writers need it. Nothing here depends on a particular event. */
#ifndef ONLOOKER_PLAN_H
#define ONLOOKER_PLAN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* So many bytes after the texts of a plan are readable, so that short texts are copied without a look at their length. */
#define PADDING 32

/* A record with more bytes is in no column: the widest takes 16 bytes for one of the record, and its ends have 31 bits. */
#define LONGEST_RECORD (64 << 20)

struct text {
	const char *at;
	size_t length;
};

/* onlooker.schema.fields.Op; its numbers are in the plan */
enum op {
	OP_UNSIGNED,
	OP_SIGNED,
	OP_BOOLEAN,
	OP_TIME,
	OP_NAME,
	OP_TEXT,
	OP_TEXTS,
	OP_ONE_OF,
	OP_FLAGS,
	OP_PATH,
	OP_JOINED,
};

struct named {
	uint64_t number;
	struct text name;
};

/* onlooker.schema.values: Names are sorted by their numbers, Flags in the order in which they are looked for */
struct values {
	struct named *names;
	size_t count;
	struct text before, after; /* the name of another number */
	int has_other;
	struct named *low;
	size_t lows;
	struct values *high;
	unsigned high_shift;
};

/* one field */
struct step {
	int op;
	uint32_t at, size;
	uint32_t of; /* the step of the text that a joined path ends with */
	int is_optional, is_omitted; /* `absent` means that there is none; left out where it is empty */
	int64_t absent;
	struct values *values;
	struct text key, key_beside; /* of JSON: `,"NAME":` and `,"NAME_bytes":` */
	/* what prepare_event makes of them */
	uint32_t word, shift; /* where eight bytes are read for its number, and which of their bits it has */
	uint64_t mask;
	int can_be_left_out; /* JSON has no such field where the number is `none` */
	uint64_t none;
	uint32_t place; /* among the event's fields that have values */
};

/* onlooker.schema.phrase, as a list of instructions */
enum piece_op {
	PIECE_TEXT,
	PIECE_VALUE,
	PIECE_OWN_PID,
	PIECE_UNLESS, /* go on at `to` unless the test holds */
	PIECE_JUMP,
	PIECE_LIST,
	PIECE_ITEM, /* an item of the list ends */
	PIECE_END,
};

enum piece_test {
	TEST_SET,
	TEST_HAS,
	TEST_DIFFERS,
	TEST_MISLEADS,
	TEST_ABSOLUTE,
};

enum piece_format {
	FORMAT_PLAIN,
	FORMAT_OCTAL,
	FORMAT_SECONDS,
	FORMAT_WORDS,
};

struct piece {
	int op, test, format;
	uint32_t step, other, to;
	uint64_t bits, mask; /* of TEST_HAS */
	struct text text;
};

struct phrase {
	struct piece *pieces;
	size_t count;
	uint32_t from; /* what it says is in the bytes of the record from here on */
};

/* Steps that stand side by side in the line. Where these bytes of a record are those of the record before, so is what is
 * written of them. */
struct part {
	size_t from, to;
	uint32_t at, bytes; /* of the process, 0: there are none; of its own, all that follow */
};

struct event {
	uint32_t number, bytes;
	int can_be_cut; /* one of its fields says what is cut */
	struct step *steps;
	size_t count;
	struct text json_head; /* `{"event":"NAME"` */
	struct phrase line, result, details;
	/* what prepare_event makes of them */
	uint32_t *checked; /* steps that may make no sense in a record */
	size_t checks;
	size_t named; /* steps that have values */
	size_t json_room; /* bytes that a line takes at most, without what texts hold */
	struct part process, own; /* the fields of the process, and those behind them */
};

#define KINDS 64

struct plan {
	uint32_t kind_at, cut_at, boot_at;
	struct event *events[KINDS];
};

/* One record of a batch, with the plan of its event. So small that functions take it in registers. */
struct record {
	const struct event *event;
	const unsigned char *at; /* its length is in the eight bytes before */
};

static inline uint64_t read_unsigned(const unsigned char *at, uint32_t size)
{
	uint64_t eight = 0;

	/* little-endian only: bpf/ is built for no other machine */
	memcpy(&eight, at, size);
	return eight;
}

static inline uint64_t record_length(struct record r)
{
	return read_unsigned(r.at - 8, 8);
}

static inline uint64_t number_of(struct record r, const struct step *step)
{
	return read_unsigned(r.at + step->word, 8) >> step->shift & step->mask;
}

/* Of four bytes, or eight. */
static inline int64_t signed_number_of(struct record r, const struct step *step)
{
	uint64_t number = number_of(r, step);

	return step->size == 4 ? (int32_t)number : (int64_t)number;
}

static inline struct text span_of(struct record r, const struct step *step)
{
	uint32_t offset = read_unsigned(r.at + step->at, 4);

	return (struct text){ (const char *)r.at + offset, read_unsigned(r.at + step->at + 4, 4) };
}

/* a name is ended by a NUL, or fills its room */
static inline struct text name_text(struct record r, const struct step *step)
{
	const char *at = (const char *)r.at + step->at;

	return (struct text){ at, strnlen(at, step->size) };
}

static inline int is_absent(struct record r, const struct step *step)
{
	return step->is_optional && number_of(r, step) == step->none;
}

/* Walks through the records of a batch: each is an 8-byte length and its bytes, padded to 8. 0 at the end, -1 where what
 * follows makes no sense; `event` is none where the kind is not known. */
static inline int next_record(const struct plan *plan, const unsigned char **at, const unsigned char *end, struct record *r)
{
	uint64_t length, kind = KINDS;

	if (*at == end)
		return 0;
	if (end - *at < 8)
		return -1;
	memcpy(&length, *at, 8);
	if (length > (uint64_t)(end - *at - 8))
		return -1;
	r->at = *at + 8;
	*at += 8 + ((length + 7) & ~(uint64_t)7);
	if (*at > end)
		*at = end;
	if (length >= plan->kind_at + 2)
		kind = read_unsigned(r->at + plan->kind_at, 2);
	r->event = kind < KINDS ? plan->events[kind] : NULL;
	return 1;
}

/* The name of a number, or none; `values` may then have a form for other numbers. */
static inline const struct text *find_name(const struct values *values, uint64_t number)
{
	size_t low = 0, high = values->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (values->names[middle].number == number)
			return &values->names[middle].name;
		if (values->names[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* All in the fixed part of the record. */
static inline int is_fixed(const struct step *step)
{
	return step->op != OP_TIME && step->op != OP_TEXT && step->op != OP_TEXTS && step->op < OP_PATH;
}

/* The next of several texts, each with a NUL at its end; a last one that is cut may lack it. */
static inline int next_text(struct text *rest, struct text *one)
{
	size_t taken;

	if (!rest->length)
		return 0;
	one->at = rest->at;
	one->length = strnlen(rest->at, rest->length);
	taken = one->length < rest->length ? one->length + 1 : one->length;
	rest->at += taken;
	rest->length -= taken;
	return 1;
}

#endif
