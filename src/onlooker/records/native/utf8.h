/* Texts as UTF-8, whatever they hold: U+FFFD stands for what is none, as Python's "replace" has it. */
#ifndef ONLOOKER_UTF8_H
#define ONLOOKER_UTF8_H

#include "escape.h"
#include "out.h"
#include "plan.h"

/* How many bytes at the start are ASCII, or up to seven fewer. */
static inline size_t ascii_run(const unsigned char *in, size_t n)
{
	size_t at = 0;

	for (; at + 8 <= n; at += 8)
		if (load_eight(in + at) & EACH_BYTE(0x80))
			return at;
	while (at < n && in[at] < 0x80)
		at++;
	return at;
}

static inline int is_utf8(struct text text)
{
	const unsigned char *in = (const unsigned char *)text.at, *end = in + text.length;

	in += ascii_run(in, text.length);
	while (in < end) {
		struct character c = next_character(in, end - in);

		if (!c.is_utf8)
			return 0;
		in += c.size;
		if (c.code < 0x80)
			in += ascii_run(in, end - in);
	}
	return 1;
}

/* Appends it as it is. */
static inline void put_exact(struct out *out, struct text text)
{
	out_put(out, text.at, text.length);
}

/* Appends it with U+FFFD. */
static inline void put_replaced(struct out *out, struct text text)
{
	const unsigned char *in = (const unsigned char *)text.at, *end = in + text.length;
	char *to = out_room(out, 3 * text.length);

	if (!to)
		return;
	while (in < end) {
		struct character c = next_character(in, end - in);

		to = c.is_utf8 ? put_raw(to, in, c.size) : put_raw(to, (const unsigned char *)"\xef\xbf\xbd", 3);
		in += c.size;
	}
	out->used = to - out->at;
}

/* Appends it as UTF-8; whether it is that. */
static inline int put_utf8(struct out *out, struct text text)
{
	int is_whole = is_utf8(text);

	(is_whole ? put_exact : put_replaced)(out, text);
	return is_whole;
}

#endif
