#include "fold.h"

static int half_init(struct fold_half *half)
{
	memset(half, 0, sizeof(*half));
	half->slots = calloc(FOLD_SLOTS, sizeof(*half->slots));
	return half->slots != NULL;
}

static void half_free(struct fold_half *half)
{
	free(half->slots);
	out_free(&half->texts);
}

int fold_init(struct fold *fold)
{
	return half_init(&fold->now) && half_init(&fold->before);
}

void fold_free(struct fold *fold)
{
	half_free(&fold->now);
	half_free(&fold->before);
}

/* Where it is full, what was told longest ago is forgotten. */
static void make_room(struct fold *fold, size_t length)
{
	struct fold_half spare = fold->before;

	if (fold->now.used < FOLD_MOST && fold->now.texts.used + length <= FOLD_BYTES)
		return;
	memset(spare.slots, 0, FOLD_SLOTS * sizeof(*spare.slots));
	spare.used = spare.texts.used = 0;
	fold->before = fold->now;
	fold->now = spare;
}

static int keep(struct fold *fold, size_t kind, struct key key, struct text made[FOLD_FORMS])
{
	struct fold_slot *slot;
	int form;

	make_room(fold, made[FOLD_JSON].length + made[FOLD_TEXT].length);
	slot = (struct fold_slot *)fold_find(&fold->now, kind, key);
	fold->now.used += !slot->kind;
	for (form = 0; form < FOLD_FORMS; form++) {
		slot->text[form].at = fold->now.texts.used;
		slot->text[form].length = made[form].length;
		out_put(&fold->now.texts, made[form].at, made[form].length);
	}
	slot->key = key;
	slot->kind = kind + 1;
	return !fold->now.texts.failed;
}

int fold_learn(struct fold *fold, struct writer *w, struct record r)
{
	struct text made[FOLD_FORMS];
	size_t kind, json;

	for (kind = 0; kind < fold->count && fold->kinds[kind].number != r.event->number; kind++)
		;
	if (kind == fold->count)
		return 1;
	writer_start(w, 0, 0);
	out_restart(&w->out);
	write_fields(w, r, fold->kinds[kind].steps, fold->kinds[kind].count);
	json = w->out.used;
	write_words(w, r);
	if (w->out.failed || w->made.failed)
		return 0;
	made[FOLD_JSON] = (struct text){ w->out.at, json };
	made[FOLD_TEXT] = (struct text){ w->out.at + json, w->out.used - json };
	return keep(fold, kind, key_of(r, &fold->kinds[kind].key), made);
}
