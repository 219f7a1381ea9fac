/* Expressions on records: onlooker.filters.compile makes the tests, and they are asked without an object. */
#ifndef ONLOOKER_MATCH_H
#define ONLOOKER_MATCH_H

#include "clean.h"
#include "values.h"

/* What becomes of a text before it is compared; onlooker.filters.compile has the same numbers. */
enum form {
	FORM_CLEAN = 1, /* a path that was passed without ".", ".." and empty names */
	FORM_LOWER = 2, /* ASCII letters in lower case */
	FORM_SPACES = 4, /* a list as one text, with spaces between */
};

/* A text: of the first of these fields that applies. */
struct source {
	const uint32_t *steps;
	size_t count;
	int form;
};

enum test_op {
	ASK_NUMBER,
	ASK_EQUAL,
	ASK_BEGIN,
	ASK_END,
	ASK_PART,
	ASK_GLOB,
	ASK_UNDER,
	ASK_ITEM,   /* of a list */
	ASK_FLAG,   /* the names of a number's bits */
	ASK_EXISTS, /* any of the source's fields */
	ASK_KIN,    /* bit `source` of what is known of the process's kin, 64 in a word */
	ASK_REGEX,
	ASK_CONTEXT, /* bit `source` of what is known of its user and its control group */
};

/* From `low` to `high`, both included; of a signed number with its highest bit turned, so that all are ordered alike. */
struct range {
	uint64_t low, high;
};

/* A text to compare with. A flag's number has these bits, by the mask, or it has not the name. What fits a glob has a
 * beginning, an end and the text in it; whether it does, says an automaton whose state n is that n of its characters were
 * found: one bit for each state, in `words` words. */
struct pattern {
	struct text text, begin, end;
	uint64_t bits, mask;
	size_t states, words;
	const uint64_t *moves; /* for each byte: the states that it may lead to, from the state before */
	const uint64_t *names, *deep; /* the states that any byte but "/", that any byte leaves as they are */
	const uint64_t *skips; /* the states behind a "/" and before a double star and "/", which may stand for nothing */
	const unsigned char *classes, *ends; /* of a regular expression: onlooker.filters.regex */
	const uint16_t *next;
	size_t classes_count;
};

/* One test, and where to go on: the place of a test before it, or one of the ends. */
#define ACCEPT UINT32_MAX
#define REJECT (UINT32_MAX - 1)

struct ask {
	int op, is_negated, ignores_case;
	uint32_t source; /* of a number: the step */
	const struct range *ranges;
	const struct pattern *patterns;
	size_t count;
	uint32_t yes, no;
	uint32_t test; /* tests with the same number have the same answer, wherever they go on */
};

/* One of several expressions, and where it begins. */
struct root {
	uint32_t number, first;
};

/* What is asked of the records of one event: one expression, which begins at `first`, or several, the roots. */
struct program {
	const struct source *sources;
	size_t sources_count;
	const struct ask *asks;
	uint32_t first;
	size_t words; /* of the state of its largest glob */
	const struct root *roots;
	size_t roots_count, tests_count;
};

/* A text of the record that is looked at, made when it is first asked for. */
struct found {
	int is_known, is_there;
	struct text text;
	struct out made, other;
};

struct match {
	const struct plan *plan;
	const struct program *programs; /* by number of event */
	int64_t offset_ns;
	struct found *found; /* for each source of a program */
	size_t room;
	uint64_t *state; /* of a glob */
	const uint64_t *kin; /* of the record's process, where an expression asks for its kin: kin.h */
	uint64_t context; /* of its user and its control group: answers.h */
	unsigned char *answers; /* to each test of several expressions: not known, no, yes */
	int failed; /* no memory */
};

/* Whether there is memory for it. */
int match_init(struct match *m, const struct plan *plan, const struct program *programs, int64_t offset_ns);
void match_free(struct match *m);

int matches(struct match *m, struct record r);

/* The numbers of the expressions that the record is what they ask for, into `numbers`, which has room for all; how many. */
size_t matches_of_all(struct match *m, struct record r, uint32_t *numbers);

#endif
