/* Reads numbers from a fuzz target's input; zero when it is used up. */
#ifndef INPUT_H
#define INPUT_H

#include <stdint.h>
#include <string.h>

struct input {
	const uint8_t *at, *end;
};

static uint64_t take(struct input *input, size_t bytes)
{
	uint64_t value = 0;
	size_t left = input->end - input->at;

	if (bytes > left)
		bytes = left;
	memcpy(&value, input->at, bytes);
	input->at += bytes;
	return value;
}

#endif
