/* Runs a fuzz target without libFuzzer: PROGRAM CASES SEED gives it that many made-up inputs, each in a buffer of exactly
 * its size. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 2048

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t state;

/* xorshift64*: Marsaglia, Xorshift RNGs, 2003 */
static uint32_t next(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dULL >> 32;
}

int main(int count, char **words)
{
	unsigned long i, cases = count == 3 ? strtoul(words[1], NULL, 10) : 0;

	if (!cases)
		return 2;
	for (i = 0; i < cases; i++) {
		size_t at, size;
		uint8_t *data;

		state = (strtoul(words[2], NULL, 10) + i + 1) * 0x9e3779b97f4a7c15ULL;
		size = next() % (next() % 4 ? 128 : LONGEST);
		data = malloc(size ? size : 1);
		for (at = 0; at < size; at++)
			data[at] = next() % 3 ? next() % 16 : next();
		LLVMFuzzerTestOneInput(data, size);
		free(data);
	}
	printf("%lu cases\n", cases);
	return 0;
}
