/* Every function of escape.h and json.h on random input, each with exactly the input and the room that it is promised. */
#include <stdio.h>
#include <stdlib.h>

#include "json.h"

static const char *const PIECES[] = {
	"a", "=", "'", "\"", "\\", "\n", "\x1b", "\x7f", "!", " ", "\xc2\x9b", "\xe2\x80\xae", "\xf3\xa0\x81\x81", "\xe6\xbc\xa2",
	"\xc3", "\xe2\x80", "\xf0\x9f\x98", "\xed\xa0\x80", "\xff", "\xf5", "\xc0", "\xf4\x8f\xbf\xbf", "\xf4\x90", "\xe0\x80", "if",
};
static unsigned long state = 1;
static size_t failures;

static unsigned next(unsigned most)
{
	state = state * 6364136223846793005UL + 1442695040888963407UL;
	return (state >> 33) % most;
}

typedef size_t writer(const unsigned char *, size_t, char *);

static size_t any_json_string(const unsigned char *in, size_t n, char *out)
{
	int is_utf8 = 1;

	return json_string(in, n, out, &is_utf8);
}

static void check(writer *write, const unsigned char *in, size_t n, size_t room)
{
	char *out = malloc(room ? room : 1);

	failures += write(in, n, out) > room;
	free(out);
}

int main(void)
{
	int round;

	for (round = 0; round < 20000; round++) {
		unsigned char made[64], *in;
		uint32_t *codes;
		unsigned pieces = next(12);
		size_t n = 0, i;

		while (pieces--) {
			const char *piece = PIECES[next(sizeof(PIECES) / sizeof(*PIECES))];

			memcpy(made + n, piece, strlen(piece));
			n += strlen(piece);
		}
		in = malloc(n ? n : 1);
		memcpy(in, made, n);
		check(escape_text, in, n, 4 * n);
		check(quote_word, in, n, 5 * n + 3);
		check(quote_command, in, n, 5 * n + 3);
		check(any_json_string, in, n, 6 * n + 2);
		check(base64, in, n, 4 * ((n + 2) / 3));
		codes = malloc(n ? 4 * n : 1);
		for (i = 0; i < n; i++)
			codes[i] = next(4) ? next(0x110000) : 0xdc00u + in[i];
		in = realloc(in, n ? 4 * n : 1);
		failures += bytes_of(codes, n, in) > 4 * n;
		free(codes);
		free(in);
	}
	printf("%zu\n", failures);
	return failures != 0;
}
