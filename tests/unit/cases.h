/* A test program names its cases; `PROGRAM CASE` runs one, and fails by assert. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CASE(name) { #name, name }
struct test_case {
	const char *name;
	void (*run)(void);
};

static inline int run_cases(const struct test_case *cases, size_t many, int count, char **words)
{
	size_t i;

	for (i = 0; i < many; i++) {
		if (count == 1)
			puts(cases[i].name);
		else if (!strcmp(words[1], cases[i].name))
			return cases[i].run(), 0;
	}
	return count == 1 ? 0 : 2;
}
