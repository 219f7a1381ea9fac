/* Paths as the probe sends them: names from the last to the first, each with a NUL, and an empty one for the root. */
#ifndef ONLOOKER_PATHS_H
#define ONLOOKER_PATHS_H

#include <stddef.h>
#include <string.h>

/* Writes the path that the names make, `size` bytes of them, to `out`, which has as much room. Returns its bytes.
 * Without the empty name it does not begin with "/". */
static inline size_t path_of_names(const char *names, size_t size, char *out)
{
	size_t used = 0, end = size;

	while (end) {
		size_t stop = names[end - 1] ? end : end - 1; /* a last name that is cut has no NUL */
		const char *before = memrchr(names, 0, stop);
		size_t start = before ? (size_t)(before - names) + 1 : 0;

		if (end != size)
			out[used++] = '/';
		memcpy(out + used, names + start, stop - start);
		used += stop - start;
		end = start;
	}
	if (size && !used)
		out[used++] = '/';
	return used;
}

/* Appends `text` to the path of a directory, which already takes `used` bytes of `out`; room for one byte more than both
 * have. After an empty path it does not begin with "/" either. */
static inline size_t join_path(char *out, size_t used, const char *text, size_t size)
{
	int is_absolute = size && text[0] == '/';

	if (!size)
		return used;
	if (used == 1 && out[0] == '/')
		used = !is_absolute;
	else if (used && !is_absolute)
		out[used++] = '/';
	memcpy(out + used, text, size);
	return used + size;
}

#endif
