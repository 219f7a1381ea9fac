/* Hostile bytes made harmless for a terminal, at the speed of memory. What reads them gets the very bytes back.
 *
 * Input is what the kernel gave: UTF-8, or anything else. Every function writes to `out`, for which its comment says the
 * room, and returns how many bytes it wrote. One definition holds in all formats: what `is_printable` refuses (control
 * characters, escape sequences, bidi overrides, tags, line separators, spaces but " ") is never written as it is. */
#ifndef ONLOOKER_ESCAPE_H
#define ONLOOKER_ESCAPE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "printable.h" /* made when onlooker is built: tools/printable.py */

#define REPLACEMENT 0xfffd /* in place of what is not UTF-8 */

struct character {
	uint32_t code;
	unsigned size; /* bytes; where it is not UTF-8: those that a decoder replaces by one U+FFFD */
	int is_utf8;
};

static inline int is_printable(uint32_t code)
{
	return PRINTABLE_BITS[PRINTABLE_PAGE[code >> 8]][code >> 5 & 7] >> (code & 31) & 1;
}

/* The first character; n > 0. Table 3-7 of the Unicode standard: which bytes may be the second after which first. */
static inline struct character next_character(const unsigned char *in, size_t n)
{
	unsigned char first = in[0], low = 0x80, high = 0xbf;
	struct character c = { first < 0x80 ? first : REPLACEMENT, 1, first < 0x80 };
	unsigned more, code;

	if (first < 0xc2 || first > 0xf4)
		return c;
	more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
	code = first & (0x3f >> more);
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	while (c.size <= more) {
		if (c.size == n || in[c.size] < low || in[c.size] > high)
			return c;
		code = code << 6 | (in[c.size++] & 0x3f);
		low = 0x80;
		high = 0xbf;
	}
	c.code = code;
	c.is_utf8 = 1;
	return c;
}

/* The bytes of Python's characters, `n` of them: those that os.fsdecode keeps as U+DC80 to U+DCFF are bytes by themselves,
 * and other halves of pairs, which no kernel gives, have three bytes. Room: 4n. */
static inline size_t bytes_of(const uint32_t *in, size_t n, unsigned char *out)
{
	unsigned char *to = out;

	for (; n; n--, in++) {
		uint32_t code = *in;

		if (code < 0x80) {
			*to++ = code;
		} else if (code >= 0xdc80 && code <= 0xdcff) {
			*to++ = code - 0xdc00;
		} else if (code < 0x800) {
			*to++ = 0xc0 | code >> 6;
			*to++ = 0x80 | (code & 0x3f);
		} else if (code < 0x10000) {
			*to++ = 0xe0 | code >> 12;
			*to++ = 0x80 | (code >> 6 & 0x3f);
			*to++ = 0x80 | (code & 0x3f);
		} else {
			*to++ = 0xf0 | code >> 18;
			*to++ = 0x80 | (code >> 12 & 0x3f);
			*to++ = 0x80 | (code >> 6 & 0x3f);
			*to++ = 0x80 | (code & 0x3f);
		}
	}
	return to - out;
}

static const char HEX[] = "0123456789abcdef";

static inline char *put_hex(char *to, uint32_t number, int digits)
{
	int i;

	for (i = digits - 1; i >= 0; i--, number >>= 4)
		to[i] = HEX[number & 15];
	return to + digits;
}

/* \xNN for each */
static inline char *put_bytes(char *to, const unsigned char *in, unsigned n)
{
	for (; n; n--, in++, to += 4) {
		const char escape[] = { '\\', 'x', HEX[*in >> 4], HEX[*in & 15] };

		memcpy(to, escape, sizeof(escape));
	}
	return to;
}

static inline char *put_raw(char *to, const unsigned char *in, size_t n)
{
	memcpy(to, in, n);
	return to + n;
}

/* n for a newline, and so on; 0 for what has no such name */
static inline char name_of(uint32_t code)
{
	return code == '\n' ? 'n' : code == '\t' ? 't' : code == '\r' ? 'r' : code == '\\' ? '\\' : 0;
}

static inline char *put_named(char *to, char name)
{
	*to++ = '\\';
	*to++ = name;
	return to;
}

#define EACH_BYTE(byte) (0x0101010101010101ULL * (byte))

/* Which of eight bytes are not written as they are: below 0x20, above 0x7e, or one of the two that are special. The highest
 * bit of a byte says so; only up to the first of them it is exact, as what is subtracted may borrow from the next byte. */
static inline uint64_t find_special(uint64_t bytes, unsigned char one, unsigned char other)
{
	return (bytes | (bytes - EACH_BYTE(0x20)) | (bytes + EACH_BYTE(0x01)) | ((bytes ^ EACH_BYTE(one)) - EACH_BYTE(0x01)) |
		((bytes ^ EACH_BYTE(other)) - EACH_BYTE(0x01))) &
	       EACH_BYTE(0x80);
}

static inline int is_plain(unsigned char byte, unsigned char one, unsigned char other)
{
	return byte >= 0x20 && byte < 0x7f && byte != one && byte != other;
}

static inline uint64_t load_eight(const unsigned char *in)
{
	uint64_t bytes;

	memcpy(&bytes, in, 8); /* little-endian only, as all of onlooker */
	return bytes;
}

/* How many bytes at the start are written as they are: printable ASCII but what is special. Eight at a time, the last eight
 * overlap those before. */
static inline size_t plain_run(const unsigned char *in, size_t n, unsigned char one, unsigned char other)
{
	size_t at = 0;
	uint64_t special;

	if (n >= 8) {
		for (; at + 8 <= n; at += 8)
			if ((special = find_special(load_eight(in + at), one, other)))
				return at + __builtin_ctzll(special) / 8;
		special = find_special(load_eight(in + n - 8), one, other);
		return special ? n - 8 + __builtin_ctzll(special) / 8 : n;
	}
	while (at < n && is_plain(in[at], one, other))
		at++;
	return at;
}

/* The same, and copies them; `out` has room for n. */
static inline size_t copy_plain(const unsigned char *in, size_t n, char *out, unsigned char one, unsigned char other)
{
	size_t at = 0;
	uint64_t bytes, special;

	if (n >= 8) {
		for (; at + 8 <= n; at += 8) {
			bytes = load_eight(in + at);
			memcpy(out + at, &bytes, 8);
			if ((special = find_special(bytes, one, other)))
				return at + __builtin_ctzll(special) / 8;
		}
		bytes = load_eight(in + n - 8);
		memcpy(out + n - 8, &bytes, 8);
		special = find_special(bytes, one, other);
		return special ? n - 8 + __builtin_ctzll(special) / 8 : n;
	}
	for (; at < n && is_plain(in[at], one, other); at++)
		out[at] = in[at];
	return at;
}

/* For names and paths: \n \t \r \\, \xNN for a byte, \uNNNN and \UNNNNNNNN for a character. Room: 4n. */
static inline size_t escape_text(const unsigned char *in, size_t n, char *out)
{
	const unsigned char *end = in + n;
	char *to = out;

	while (in < end) {
		size_t run = copy_plain(in, end - in, to, '\\', '\\');
		struct character c;
		char name;

		to += run;
		in += run;
		if (in == end)
			break;
		c = next_character(in, end - in);
		name = name_of(c.code);
		if (name) {
			to = put_named(to, name);
		} else if (!c.is_utf8 || c.code < 0x80) {
			to = put_bytes(to, in, c.size);
		} else if (is_printable(c.code)) {
			to = put_raw(to, in, c.size);
		} else {
			*to++ = '\\';
			*to++ = c.code > 0xffff ? 'U' : 'u';
			to = put_hex(to, c.code, c.code > 0xffff ? 8 : 4);
		}
		in += c.size;
	}
	return to - out;
}

static inline int is_plain_mark(unsigned char byte)
{
	switch (byte) {
	case '@':
	case '%':
	case '+':
	case ':':
	case ',':
	case '.':
	case '/':
	case '_':
	case '-':
		return 1;
	default:
		return 0;
	}
}

/* Whether a shell takes it as it is; zsh expands one that begins with "=". */
static inline int is_plain_word(const unsigned char *in, size_t n)
{
	size_t at;

	for (at = 0; at < n; at++) {
		unsigned char byte = in[at];

		if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z')
			continue;
		if (byte >= '0' && byte <= '9')
			continue;
		if (!is_plain_mark(byte) && (byte != '=' || !at))
			return 0;
	}
	return n > 0;
}

static inline int is_printable_text(const unsigned char *in, size_t n)
{
	const unsigned char *end = in + n;

	while (in < end) {
		struct character c;

		in += plain_run(in, end - in, 0, 0);
		if (in == end)
			break;
		c = next_character(in, end - in);
		if (!c.is_utf8 || !is_printable(c.code))
			return 0;
		in += c.size;
	}
	return 1;
}

/* '...', with '"'"' for a quote. Room: 5n + 2. */
static inline size_t quote_printable(const unsigned char *in, size_t n, char *out)
{
	const unsigned char *end = in + n;
	char *to = out;

	*to++ = '\'';
	while (in < end) {
		const unsigned char *quote = memchr(in, '\'', end - in);

		to = put_raw(to, in, (quote ? quote : end) - in);
		if (!quote)
			break;
		memcpy(to, "'\"'\"'", 5);
		to += 5;
		in = quote + 1;
	}
	*to++ = '\'';
	return to - out;
}

/* $'...' of bash, ksh and zsh. Bytes only: a shell understands \uNNNN by its locale, and not at all in that of POSIX; and
 * an interactive shell might take "!" for its history, after a quote. Room: 4n + 3. */
static inline size_t quote_in_dollars(const unsigned char *in, size_t n, char *out)
{
	const unsigned char *end = in + n;
	char *to = out;

	*to++ = '$';
	*to++ = '\'';
	while (in < end) {
		struct character c = next_character(in, end - in);
		char name = name_of(c.code);

		if (name)
			to = put_named(to, name);
		else if (c.code == '\'')
			to = put_named(to, '\'');
		else if (!c.is_utf8 || c.code == '!' || !is_printable(c.code))
			to = put_bytes(to, in, c.size);
		else
			to = put_raw(to, in, c.size);
		in += c.size;
	}
	*to++ = '\'';
	return to - out;
}

/* One argument as a word of a shell command. Room: 5n + 3. */
static inline size_t quote_word(const unsigned char *in, size_t n, char *out)
{
	if (is_plain_word(in, n))
		return put_raw(out, in, n) - out;
	return is_printable_text(in, n) ? quote_printable(in, n, out) : quote_in_dollars(in, n, out);
}

/* What is plain as an argument and not as a command: NAME=value, and the reserved words of bash and zsh. */
static inline int is_no_command(const unsigned char *in, size_t n)
{
	static const char *const RESERVED[] = { "case",	  "coproc",   "do",	"done",	  "elif", "else", "end",   "esac",
						"fi",	  "for",      "foreach", "function", "if",   "in",   "nocorrect", "repeat",
						"select", "then",     "time",	"until",  "while" };
	size_t i;

	for (i = 0; i < sizeof(RESERVED) / sizeof(*RESERVED); i++)
		if (strlen(RESERVED[i]) == n && !memcmp(RESERVED[i], in, n))
			return 1;
	return n && memchr(in, '=', n);
}

/* The first word of a shell command: the program that runs, whatever it looks like. Room: 5n + 3. */
static inline size_t quote_command(const unsigned char *in, size_t n, char *out)
{
	return is_plain_word(in, n) && is_no_command(in, n) ? quote_printable(in, n, out) : quote_word(in, n, out);
}

#endif
