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

/* The letter after the backslash, as in RFC 8259; 0 for what has none. */
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
		size_t run = copy_plain(in, end - in, to, '"', '\\');
		struct character c;
		char name;

		in += run;
		to += run;
		if (in == end)
			break;
		c = next_character(in, end - in);
		name = json_name_of(c.code);

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
