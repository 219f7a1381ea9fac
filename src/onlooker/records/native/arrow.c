/* Who takes an array or a schema may move it, and its children, anywhere, and releases them when it likes, on any thread. So
 * each owns what it points to, and nothing here knows Python. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arrow.h"

#define BUFFERS 3

static void release_array(struct ArrowArray *array)
{
	int64_t i;

	for (i = 0; i < array->n_children; i++) {
		if (array->children[i]->release) /* not moved elsewhere */
			array->children[i]->release(array->children[i]);
		free(array->children[i]);
	}
	for (i = 0; i < BUFFERS; i++)
		free((void *)array->buffers[i]);
	free(array->children);
	free(array->buffers);
	array->release = NULL;
}

void arrow_array_init(struct ArrowArray *array, size_t count)
{
	memset(array, 0, sizeof(*array));
	array->buffers = calloc(BUFFERS, sizeof(*array->buffers));
	array->children = calloc(count + 1, sizeof(*array->children));
	if (!array->buffers || !array->children) {
		free(array->buffers);
		free(array->children);
		return;
	}
	array->release = release_array;
	for (; (size_t)array->n_children < count; array->n_children++) {
		struct ArrowArray *child = calloc(1, sizeof(*child));

		if (!child) {
			release_array(array);
			return;
		}
		array->children[array->n_children] = child;
	}
}

static void release_schema(struct ArrowSchema *schema)
{
	int64_t i;

	for (i = 0; i < schema->n_children; i++) {
		if (schema->children[i]->release)
			schema->children[i]->release(schema->children[i]);
		free(schema->children[i]);
	}
	free(schema->children);
	free((void *)schema->name);
	schema->release = NULL;
}

void arrow_schema_init(struct ArrowSchema *schema, const char *format, const char *name, int is_optional, size_t count)
{
	memset(schema, 0, sizeof(*schema));
	schema->format = format;
	schema->flags = is_optional ? ARROW_FLAG_NULLABLE : 0;
	schema->name = strdup(name);
	schema->children = calloc(count + 1, sizeof(*schema->children));
	if (!schema->name || !schema->children) {
		free((void *)schema->name);
		free(schema->children);
		return;
	}
	schema->release = release_schema;
	for (; (size_t)schema->n_children < count; schema->n_children++) {
		struct ArrowSchema *child = calloc(1, sizeof(*child));

		if (!child) {
			release_schema(schema);
			return;
		}
		schema->children[schema->n_children] = child;
	}
}

int arrow_schema_copy(const struct ArrowSchema *schema, struct ArrowSchema *copy)
{
	int64_t i;

	arrow_schema_init(copy, schema->format, schema->name, schema->flags & ARROW_FLAG_NULLABLE, schema->n_children);
	if (!copy->release)
		return ENOMEM;
	for (i = 0; i < schema->n_children; i++) {
		if (arrow_schema_copy(schema->children[i], copy->children[i])) {
			copy->release(copy);
			return ENOMEM;
		}
	}
	return 0;
}

int arrow_chunks_add(struct arrow_chunks *chunks, struct ArrowArray *array)
{
	if (chunks->count == chunks->room) {
		size_t room = 2 * chunks->room + 4;
		struct ArrowArray *grown = realloc(chunks->at, room * sizeof(*grown));

		if (!grown) {
			array->release(array);
			return 0;
		}
		chunks->at = grown;
		chunks->room = room;
	}
	chunks->at[chunks->count++] = *array;
	return 1;
}

void arrow_chunks_free(struct arrow_chunks *chunks)
{
	for (; chunks->next < chunks->count; chunks->next++)
		chunks->at[chunks->next].release(chunks->at + chunks->next);
	if (chunks->schema.release)
		chunks->schema.release(&chunks->schema);
	free(chunks->at);
	memset(chunks, 0, sizeof(*chunks));
}

static int stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
	struct arrow_chunks *chunks = stream->private_data;

	return arrow_schema_copy(&chunks->schema, out);
}

/* At the end, an array that is released already. */
static int stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
	struct arrow_chunks *chunks = stream->private_data;

	if (chunks->next < chunks->count)
		*out = chunks->at[chunks->next++];
	else
		memset(out, 0, sizeof(*out));
	return 0;
}

/* Only get_schema can fail, and its number says it all. */
static const char *stream_error(struct ArrowArrayStream *stream)
{
	(void)stream;
	return NULL;
}

static void stream_release(struct ArrowArrayStream *stream)
{
	arrow_chunks_free(stream->private_data);
	free(stream->private_data);
	stream->release = NULL;
}

int arrow_stream_init(struct ArrowArrayStream *stream, struct arrow_chunks *chunks)
{
	struct arrow_chunks *own = malloc(sizeof(*own));

	if (!own) {
		arrow_chunks_free(chunks);
		return 0;
	}
	*own = *chunks;
	memset(chunks, 0, sizeof(*chunks));
	stream->get_schema = stream_schema;
	stream->get_next = stream_next;
	stream->get_last_error = stream_error;
	stream->release = stream_release;
	stream->private_data = own;
	return 1;
}
