/* JSON with nothing in it that could steer a terminal. */
#ifndef ONLOOKER_JSON_H
#define ONLOOKER_JSON_H

#include "escape.h"

/* \uNNNN, above U+FFFF as two of them. */
static inline char *put_json_character(char *to, uint32_t code)
{
	if (code > 0xffff) {
		to = put_json_character(to, 0xd7c0 + (code >> 10));
		code = 0xdc00 + (code & 0x3ff);
	}
	*to++ = '\\';
	*to++ = 'u';
	return put_hex(to, code, 4);
}

/* By how much `escape_json` may make it longer: DEL becomes six bytes, and no other character more. */
static inline size_t json_growth(const unsigned char *in, size_t n)
{
	size_t at, found = 0;

	for (at = 0; at < n; at++)
		found += in[at] >= 0x7f;
	return 5 * found;
}

/* Valid JSON with \uNNNN for every character above U+007E that is not printable; ASCII is as it is. Room: n and what
 * `json_growth` says. */
static inline size_t escape_json(const unsigned char *in, size_t n, char *out)
{
	const unsigned char *end = in + n;
	char *to = out;

	while (in < end) {
		const unsigned char *run = in;
		struct character c;

		while (in < end && *in < 0x7f)
			in++;
		to = put_raw(to, run, in - run);
		if (in == end)
			break;
		c = next_character(in, end - in);
		to = is_printable(c.code) ? put_raw(to, in, c.size) : put_json_character(to, c.code);
		in += c.size;
	}
	return to - out;
}

/* The letter behind the backslash, as RFC 8259 has them; 0 for what has none. */
static inline char json_name_of(uint32_t code)
{
	switch (code) {
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '"':
		return '"';
	default:
		return name_of(code);
	}
}

/* A JSON string, with its quotes. What is not UTF-8 becomes U+FFFD, as Python's "replace" has it, and sets `is_utf8` to 0.
 * Room: 6n + 2. */
static inline size_t json_string(const unsigned char *in, size_t n, char *out, int *is_utf8)
{
	const unsigned char *end = in + n;
	char *to = out;

	*to++ = '"';
	while (in < end) {
		struct character c = next_character(in, end - in);
		char name = json_name_of(c.code);

		if (!c.is_utf8) {
			*is_utf8 = 0;
			to = put_raw(to, (const unsigned char *)"\xef\xbf\xbd", 3);
		} else if (name) {
			to = put_named(to, name);
		} else if (is_printable(c.code)) {
			to = put_raw(to, in, c.size);
		} else {
			to = put_json_character(to, c.code);
		}
		in += c.size;
	}
	*to++ = '"';
	return to - out;
}

/* Room: 20. */
static inline size_t decimal(int64_t number, char *out)
{
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
	char digits[20], *at = digits + sizeof(digits);

	do
		*--at = '0' + rest % 10;
	while (rest /= 10);
	if (number < 0)
		*--at = '-';
	memcpy(out, at, digits + sizeof(digits) - at);
	return digits + sizeof(digits) - at;
}

/* RFC 4648, section 4. Room: four for each three that are begun. */
static inline size_t base64(const unsigned char *in, size_t n, char *out)
{
	static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *to = out;

	for (; n; in += 3, n -= n < 3 ? n : 3) {
		uint32_t bits = (uint32_t)in[0] << 16 | (n > 1 ? in[1] << 8 : 0) | (n > 2 ? in[2] : 0);

		*to++ = DIGITS[bits >> 18];
		*to++ = DIGITS[bits >> 12 & 63];
		*to++ = n > 1 ? DIGITS[bits >> 6 & 63] : '=';
		*to++ = n > 2 ? DIGITS[bits & 63] : '=';
	}
	return to - out;
}

#endif
