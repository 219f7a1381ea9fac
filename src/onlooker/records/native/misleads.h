/* Whether a path alone says which file it led to. */
#ifndef ONLOOKER_MISLEADS_H
#define ONLOOKER_MISLEADS_H

#include "clean.h"

static inline int is_same_text(struct text a, struct text b)
{
	return a.length == b.length && !memcmp(a.at, b.at, a.length);
}

static inline int ends_with(struct text text, struct text end)
{
	return text.length >= end.length && !memcmp(text.at + text.length - end.length, end.at, end.length);
}

static inline int begins_with(struct text text, const char *begin)
{
	size_t length = strlen(begin);

	return text.length >= length && !memcmp(text.at, begin, length);
}

/* Below one of the directories where symbolic links are common: libraries, alternatives, and what was merged into /usr. */
static inline int is_in_usr(struct text path)
{
	static const char *const PLACES[] = { "/usr/", "/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/" };
	size_t i;

	for (i = 0; i < sizeof(PLACES) / sizeof(*PLACES); i++) {
		size_t length = strlen(PLACES[i]);

		/* the directory itself, too */
		if (begins_with(path, PLACES[i]) || (path.length == length - 1 && !memcmp(path.at, PLACES[i], length - 1)))
			return 1;
	}
	return 0;
}

/* The directory of a file that was made with O_TMPFILE, which the kernel names by a number: "/tmp/#131". */
static inline struct text without_number(struct text real)
{
	const char *slash = memrchr(real.at, '/', real.length);

	if (slash && slash + 1 < real.at + real.length && slash[1] == '#')
		real.length = slash > real.at ? (size_t)(slash - real.at) : 1;
	return real;
}

/* `path` is the passed path, `named` the same without ".", ".." and empty names. */
static inline int leads_elsewhere(struct text path, struct text named, struct text real)
{
	if (is_same_text(path, real))
		return 0;
	if (!path.length || path.at[0] != '/')
		return 1;
	if (!real.length || real.at[0] != '/') /* its beginning is not known */
		return !(named.length > real.length && named.at[named.length - real.length - 1] == '/' && ends_with(named, real));
	if (begins_with(real, "/usr/") && is_in_usr(named)) {
		/* a root below /usr would end with the path, too */
		int is_merged = real.length == named.length + 4 && ends_with(real, named);

		return ends_with(real, named) && !is_same_text(real, named) && !is_merged;
	}
	return !is_same_text(real, named);
}

/* `path` is the passed path, `real` the file's. Symbolic links within /usr do not count. */
static inline int misleads(struct text path, struct text real, struct out *plain)
{
	struct text named;

	if (is_same_text(path, real))
		return 0;
	named = path.length && path.at[0] == '/' ? clean_path(path, plain) : path;
	return leads_elsewhere(path, named, real) && leads_elsewhere(path, named, without_number(real));
}

#endif
