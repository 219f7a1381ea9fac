/* The value of a field as bytes: joined paths, names of numbers, times. */
#ifndef ONLOOKER_VALUES_H
#define ONLOOKER_VALUES_H

#include <time.h>

#include "escape.h"
#include "out.h"
#include "paths.h"
#include "plan.h"

#define BILLION 1000000000LL
#define DECIMAL_ROOM 20

/* What the plan holds, or is remembered: PADDING bytes at once, so most are copied without a
 * loop. There is room for as many after them. */
static inline char *put_padded(char *to, const char *text, size_t length)
{
	memcpy(to, text, PADDING);
	if (length > PADDING)
		memcpy(to + PADDING, text + PADDING, length - PADDING);
	return to + length;
}

#define TEN_4 10000
#define TEN_8 100000000
#define TEN_16 10000000000000000ULL

/* The digits of a number below 10^8, one in each byte, the first in the lowest. All are divided at once: four digits in each
 * half, two in each quarter, one in each byte. The factors are 1/100 and 1/10, rounded up, right for all that small. */
static inline uint64_t eight_digits(uint32_t number)
{
	uint64_t fours = number / TEN_4 | (uint64_t)(number % TEN_4) << 32;
	uint64_t hundreds = (fours * 10486) >> 20 & 0x7f0000007f;
	uint64_t twos = hundreds + ((fours - 100 * hundreds) << 16);
	uint64_t tens = (twos * 103) >> 10 & 0x000f000f000f000f;

	return tens + ((twos - 10 * tens) << 8);
}

/* All eight. */
static inline char *put_eight_digits(char *to, uint32_t number)
{
	uint64_t text = eight_digits(number) + EACH_BYTE('0');

	memcpy(to, &text, 8);
	return to + 8;
}

/* A number below 10^8; room: 8. */
static inline char *put_short_decimal(char *to, uint32_t number)
{
	uint64_t digits = eight_digits(number);
	unsigned zeros = __builtin_ctzll(digits | 1ULL << 56) / 8; /* the last digit is always written */
	uint64_t text = (digits + EACH_BYTE('0')) >> 8 * zeros;

	memcpy(to, &text, 8);
	return to + 8 - zeros;
}

/* Room: 20. */
static inline char *put_decimal(char *to, uint64_t number)
{
	if (number < TEN_8)
		return put_short_decimal(to, number);
	if (number < TEN_16)
		return put_eight_digits(put_short_decimal(to, number / TEN_8), number % TEN_8);
	to = put_short_decimal(to, number / TEN_16);
	number %= TEN_16;
	return put_eight_digits(put_eight_digits(to, number / TEN_8), number % TEN_8);
}

/* Room: 20, with the sign. */
static inline char *put_signed(char *to, int64_t number)
{
	if (number < 0)
		*to++ = '-';
	return put_decimal(to, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

static inline void out_decimal(struct out *out, uint64_t number)
{
	char digits[DECIMAL_ROOM];

	out_put(out, digits, put_decimal(digits, number) - digits);
}

/* The number of a field, with its sign. */
static inline void out_number(struct out *out, struct record r, const struct step *step)
{
	char digits[DECIMAL_ROOM + 1];

	if (step->op == OP_SIGNED)
		out_put(out, digits, put_signed(digits, signed_number_of(r, step)) - digits);
	else
		out_decimal(out, number_of(r, step));
}

/* The text of a field; a path that the probe walked is written to `made`. */
static inline struct text text_of(struct record r, const struct step *step, struct out *made)
{
	struct text span, other = { NULL, 0 };
	char *to;

	if (step->op == OP_NAME)
		return name_text(r, step);
	span = span_of(r, step);
	if (step->op < OP_PATH)
		return span;
	if (step->op == OP_JOINED)
		other = span_of(r, &r.event->steps[step->of]);
	made->used = 0;
	to = out_room(made, span.length + other.length + 1);
	if (!to)
		return (struct text){ "", 0 };
	return (struct text){ to, join_path(to, path_of_names(span.at, span.length, to), other.at, other.length) };
}

/* Calls `PUT(text)` for the names of a number. */
#define MOST_NAMES 72 /* one for each bit at most, one for the lowest bits, one for the highest */

struct names {
	struct text name[MOST_NAMES];
	size_t count;
	char number[24], other[64]; /* of numbers without a name */
};

static inline void add_name(struct names *names, struct text name)
{
	if (names->count < MOST_NAMES)
		names->name[names->count++] = name;
}

static inline struct text other_name(struct names *names, const struct values *values, uint64_t number)
{
	char *to = names->other;

	if (values->before.length + values->after.length + DECIMAL_ROOM > sizeof(names->other))
		return (struct text){ "", 0 };
	memcpy(to, values->before.at, values->before.length);
	to = put_decimal(to + values->before.length, number);
	memcpy(to, values->after.at, values->after.length);
	return (struct text){ names->other, to + values->after.length - names->other };
}

/* The name of a number, or its form. */
static inline void name_one(struct names *names, const struct values *values, uint64_t number)
{
	const struct text *name = find_name(values, number);

	add_name(names, name ? *name : other_name(names, values, number));
}

static inline struct text hex_name(struct names *names, uint64_t number)
{
	char *at = names->number + sizeof(names->number);

	do
		*--at = "0123456789abcdef"[number & 15];
	while (number >>= 4);
	*--at = 'x';
	*--at = '0';
	return (struct text){ at, names->number + sizeof(names->number) - at };
}

/* onlooker.schema.values.Flags.names_of */
static inline void name_flags(struct names *names, const struct values *values, uint64_t number)
{
	uint64_t high = values->high_shift < 64 ? number >> values->high_shift : 0, mask = values->lows - 1;
	size_t i;

	if (values->high_shift < 64)
		number &= (1ULL << values->high_shift) - 1;
	if (values->lows) {
		add_name(names, values->low[number & mask].name);
		number &= ~mask;
	}
	for (i = 0; i < values->count && number; i++) {
		if ((number & values->names[i].number) != values->names[i].number)
			continue;
		add_name(names, values->names[i].name);
		number &= ~values->names[i].number;
	}
	if (number)
		add_name(names, hex_name(names, number));
	if (high && values->high)
		name_one(names, values->high, high);
}

static inline void names_of(struct names *names, struct record r, const struct step *step)
{
	names->count = 0;
	(step->op == OP_ONE_OF ? name_one : name_flags)(names, step->values, number_of(r, step));
}

/* The time up to the second, made once a second. */
struct second {
	int64_t second;
	int is_known, is_local;
	long zone; /* tzset(3) may have been called meanwhile */
	char text[32];
	size_t length;
};

/* Wall-clock nanoseconds of a record; a clock that was never set is at 1970. */
static inline int64_t wall_ns(const struct plan *plan, struct record r, int64_t offset_ns)
{
	int64_t ns = (int64_t)(read_unsigned(r.at + plan->boot_at, 8) + (uint64_t)offset_ns);

	return ns < 0 ? 0 : ns;
}

static inline struct text second_text(struct second *known, int64_t second)
{
	time_t moment = second;
	struct tm parts;

	if (!known->is_known || known->second != second || known->zone != timezone) {
		if (known->is_local)
			localtime_r(&moment, &parts);
		else
			gmtime_r(&moment, &parts);
		known->length = strftime(known->text, sizeof(known->text),
					 known->is_local ? "%Y-%m-%d %H:%M:%S." : "%Y-%m-%dT%H:%M:%S.", &parts);
		known->second = second;
		known->zone = timezone;
		known->is_known = 1;
	}
	return (struct text){ known->text, known->length };
}

/* So many digits of the part of a second. */
static inline char *put_fraction(char *to, int64_t ns, int digits)
{
	uint32_t rest = ns % BILLION;
	char nine[9];

	nine[0] = '0' + rest / TEN_8;
	put_eight_digits(nine + 1, rest % TEN_8);
	memcpy(to, nine, digits);
	return to + digits;
}

#endif
