/* Paths as they were passed, without what leads nowhere. */
#ifndef ONLOOKER_CLEAN_H
#define ONLOOKER_CLEAN_H

#include "out.h"
#include "plan.h"

/* Whether the path has no ".", ".." and empty names, and no "/" at its end. Of a name like ".cache" it is not sure. */
static inline int is_clean(struct text path)
{
	size_t i;

	if (path.length && path.at[0] == '.')
		return 0;
	for (i = 0; i < path.length; i++)
		if (path.at[i] == '/' && (i + 1 == path.length ? i > 0 : path.at[i + 1] == '/' || path.at[i + 1] == '.'))
			return 0;
	return 1;
}

/* The path without ".", ".." and empty names, as posixpath.normpath makes it, only that "//" is no root of its own and
 * nothing stays nothing. Symbolic links are not followed. */
static inline struct text clean_path(struct text path, struct out *out)
{
	int is_absolute = path.length && path.at[0] == '/';
	size_t at = 0, used = 0, names = 0; /* that ".." can take back */
	char *to;

	if (is_clean(path))
		return path;
	out->used = 0;
	to = out_room(out, path.length + 1);
	if (!to)
		return path;
	while (at < path.length) {
		const char *name = path.at + at, *slash = memchr(name, '/', path.length - at);
		size_t length = slash ? (size_t)(slash - name) : path.length - at;
		int is_up = length == 2 && name[0] == '.' && name[1] == '.';

		at += length + 1;
		if (!length || (length == 1 && name[0] == '.') || (is_up && is_absolute && !names))
			continue;
		if (is_up && names) {
			names--;
			while (used && to[--used] != '/')
				;
			continue;
		}
		names += !is_up;
		if (used || is_absolute)
			to[used++] = '/';
		memcpy(to + used, name, length);
		used += length;
	}
	if (!used)
		to[used++] = is_absolute ? '/' : '.';
	return (struct text){ to, used };
}

#endif
