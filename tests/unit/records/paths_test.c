/* Tests paths.h. What is read and written has exactly its size, so that a sanitizer sees any byte beyond. */
#include <stdlib.h>
#include "../cases.h"
#include "paths.h"

/* the names, `size` bytes of them, in the directory of which `text` is opened, become `wanted` */
static void expect(const char *names, size_t size, const char *text, const char *wanted)
{
	size_t length = strlen(text), room = size + length + 1, used;
	char *in = malloc(size + 1), *word = malloc(length + 1), *out = malloc(room + 1);

	assert(in && word && out);
	/* from the end of what was allocated, where a byte too many is seen */
	memcpy(in + 1, names, size);
	memcpy(word + 1, text, length);
	memset(out, 0xee, room + 1);
	used = path_of_names(in + 1, size, out + 1);
	assert(used <= size);
	used = join_path(out + 1, used, word + 1, length);
	assert(used <= room && used == strlen(wanted) && !memcmp(out + 1, wanted, used));
	free(in);
	free(word);
	free(out);
}

#define EXPECT(names, text, wanted) expect(names, sizeof(names) - 1, text, wanted)

static void whole(void)
{
	EXPECT("hostname\0etc\0\0", "", "/etc/hostname");
	EXPECT("c\0b\0a\0\0", "", "/a/b/c");
	EXPECT("a\0\0", "", "/a");
}

static void root(void)
{
	EXPECT("\0", "", "/");
	EXPECT("\0", "x", "/x");
	EXPECT("\0", "/x", "/x");
	EXPECT("\0", "/", "/");
	EXPECT("\0", "//x", "//x");
}

/* the beginning is missing: no "/" */
static void cut(void)
{
	EXPECT("c\0b\0", "", "b/c");
	EXPECT("c\0", "", "c");
	EXPECT("c\0", "x", "c/x");
	EXPECT("c\0b", "", "b/c");
	EXPECT("c", "", "c");
}

static void nothing(void)
{
	EXPECT("", "", "");
	EXPECT("", "x", "x");
	EXPECT("", "/x", "/x");
}

/* as they are: no name is left out */
static void joined(void)
{
	EXPECT("b\0a\0\0", "c", "/a/b/c");
	EXPECT("b\0a\0\0", "./../c//d/", "/a/b/./../c//d/");
	EXPECT("b\0a\0\0", "/c", "/a/b/c");
	EXPECT("b\0a\0\0", "/", "/a/b/");
}

static const struct test_case cases[] = {
	CASE(whole), CASE(root), CASE(cut), CASE(nothing), CASE(joined),
};

int main(int count, char **words)
{
	return run_cases(cases, COUNT(cases), count, words);
}
