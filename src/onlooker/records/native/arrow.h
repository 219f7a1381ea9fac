/* The Arrow C data interface and C stream interface: https://arrow.apache.org/docs/format/CDataInterface.html. These three
 * structs are an ABI that does not change; with them, columns are handed over without a library. */
#ifndef ONLOOKER_ARROW_H
#define ONLOOKER_ARROW_H

#include <stddef.h>
#include <stdint.h>

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
	const char *format, *name, *metadata;
	int64_t flags, n_children;
	struct ArrowSchema **children, *dictionary;
	void (*release)(struct ArrowSchema *);
	void *private_data;
};

struct ArrowArray {
	int64_t length, null_count, offset, n_buffers, n_children;
	const void **buffers;
	struct ArrowArray **children, *dictionary;
	void (*release)(struct ArrowArray *);
	void *private_data;
};

#endif

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
	int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
	int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
	const char *(*get_last_error)(struct ArrowArrayStream *);
	void (*release)(struct ArrowArrayStream *);
	void *private_data;
};

#endif

/* An array of `count` children and three buffers, all empty, with what releases it: its buffers are free(3)'s. NULL in
 * `release` without memory. */
void arrow_array_init(struct ArrowArray *array, size_t count);

/* `format` stays; the name is copied. Children are empty. As above without memory. */
void arrow_schema_init(struct ArrowSchema *schema, const char *format, const char *name, int is_optional, size_t count);

/* A copy of its own. 0, or ENOMEM. */
int arrow_schema_copy(const struct ArrowSchema *schema, struct ArrowSchema *copy);

/* Arrays that are given one after the other. */
struct arrow_chunks {
	struct ArrowSchema schema;
	struct ArrowArray *at;
	size_t count, room, next;
};

/* Takes the array over, also without memory: then 0. */
int arrow_chunks_add(struct arrow_chunks *chunks, struct ArrowArray *array);

/* Takes the chunks over, also without memory: then 0. */
int arrow_stream_init(struct ArrowArrayStream *stream, struct arrow_chunks *chunks);

void arrow_chunks_free(struct arrow_chunks *chunks);

#endif
