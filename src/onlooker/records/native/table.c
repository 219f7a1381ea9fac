/* A table: the schema of its columns, and what keeps their values. */
#include <errno.h>

#include "columns.h"

static const char *const FORMATS[TYPES] = { "b", "C", "S", "I", "L", "i", "l", "tsn:", "u", "z", "+l", "+l" };

static int column_schema(const struct column_plan *plan, struct ArrowSchema *schema)
{
	int has_items = plan->type == TYPE_TEXTS || plan->type == TYPE_BYTES_LIST;

	arrow_schema_init(schema, FORMATS[plan->type], plan->name.at, plan->is_optional, has_items);
	if (!schema->release)
		return 0;
	if (!has_items)
		return 1;
	arrow_schema_init(schema->children[0], plan->type == TYPE_TEXTS ? "u" : "z", "item", 0, 0);
	return schema->children[0]->release != NULL;
}

int table_schema(const struct table_plan *table, struct ArrowSchema *schema)
{
	size_t i;

	arrow_schema_init(schema, "+s", "", 0, table->count);
	if (!schema->release)
		return ENOMEM;
	for (i = 0; i < table->count; i++) {
		if (!column_schema(table->columns + i, schema->children[i])) {
			schema->release(schema);
			return ENOMEM;
		}
	}
	return 0;
}

static const struct column_plan TEXT_ITEM = { .type = TYPE_TEXT }, BYTES_ITEM = { .type = TYPE_BYTES };

static void init_column(struct columns *c, size_t i)
{
	struct column *column = c->columns + i, *items = c->items + i;

	column->plan = c->table->columns + i;
	column->beside = column->plan->beside == NO_COLUMN ? NULL : c->columns + column->plan->beside;
	begin_column(column);
	if (!is_list(column))
		return;
	items->plan = column->plan->type == TYPE_TEXTS ? &TEXT_ITEM : &BYTES_ITEM;
	begin_column(items);
	column->items = items;
}

int columns_init(struct columns *c, const struct table_plan *table, uint64_t seq, size_t chunk_bytes)
{
	size_t i;

	memset(c, 0, sizeof(*c));
	c->table = table;
	c->seq = seq;
	c->chunk_bytes = chunk_bytes;
	c->columns = calloc(table->count, sizeof(*c->columns));
	c->items = calloc(table->count, sizeof(*c->items));
	if (!c->columns || !c->items)
		return 0;
	for (i = 0; i < table->count; i++)
		init_column(c, i);
	return 1;
}

static void free_column(struct column *column)
{
	out_free(&column->validity.out);
	out_free(&column->marks.out);
	out_free(&column->offsets);
	out_free(&column->data);
}

void columns_free(struct columns *c)
{
	size_t i;

	for (i = 0; c->columns && c->items && i < c->table->count; i++) {
		free_column(c->columns + i);
		free_column(c->items + i);
	}
	free(c->columns);
	free(c->items);
	out_free(&c->made);
	out_free(&c->plain);
	arrow_chunks_free(&c->chunks);
	memset(c, 0, sizeof(*c));
}
