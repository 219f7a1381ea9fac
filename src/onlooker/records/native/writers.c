#include "check.h"
#include "writers.h"

static size_t names_room(const struct values *values)
{
	size_t room = sizeof(((struct names *)0)->number) + sizeof(((struct names *)0)->other), i;

	for (i = 0; i < values->count; i++)
		room += values->names[i].name.length + 3; /* quotes and a comma */
	for (i = 0; i < values->lows; i++)
		room += values->low[i].name.length + 3;
	return values->high ? room + names_room(values->high) : room;
}

/* The most that a field takes in JSON with its keys, without a text of the tail. */
static size_t step_room(const struct step *step)
{
	size_t keys = step->key.length + step->key_beside.length;

	if (step->op == OP_NAME)
		return keys + 8 * step->size + 16;
	if (step->values)
		return keys + names_room(step->values) + 8;
	return keys + TIME_ROOM;
}

/* Whether it is a field of the process in the probe's header: those come before the kind of event. */
static int is_of_process(const struct plan *plan, const struct step *step)
{
	return is_fixed(step) && step->at < plan->kind_at && step->at != plan->boot_at;
}

/* Where the bytes begin that a field is made of, or those behind them. */
static uint32_t first_byte(const struct plan *plan, const struct event *event, const struct step *step)
{
	uint32_t at = step->op == OP_TIME ? plan->boot_at : step->at;

	return step->op == OP_JOINED && event->steps[step->of].at < at ? event->steps[step->of].at : at;
}

/* Finds the fields of the process, the first that stand side by side, if they are all of a part of the record; and those
 * behind them. */
static void find_parts(const struct plan *plan, struct event *event)
{
	uint32_t start = UINT32_MAX, end = 0, bytes = 0;
	struct part *process = &event->process, *own = &event->own;
	size_t i = 0;

	while (i < event->count && !is_of_process(plan, event->steps + i))
		i++;
	process->from = i;
	for (; i < event->count && is_of_process(plan, event->steps + i); i++) {
		const struct step *step = event->steps + i;

		start = step->at < start ? step->at : start;
		end = step->at + step->size > end ? step->at + step->size : end;
		bytes += step->size;
	}
	if (bytes != end - start)
		i = process->from;
	process->to = own->from = i;
	process->at = start;
	process->bytes = i > process->from ? bytes : 0;
	own->to = event->count;
	own->at = event->bytes;
	for (; i < event->count; i++)
		if (first_byte(plan, event, event->steps + i) < own->at)
			own->at = first_byte(plan, event, event->steps + i);
}

/* All numbers are read as eight bytes, the last of a record's fixed part with some before them. */
static void find_number(const struct event *event, struct step *step)
{
	int is_text = step->op == OP_TEXT || step->op >= OP_PATH;
	uint32_t bytes = is_text ? 4 : step->size < 8 ? step->size : 8; /* of a text: its offset */

	step->word = step->at <= event->bytes - 8 ? step->at : event->bytes - 8;
	step->shift = 8 * (step->at - step->word);
	step->mask = UINT64_MAX >> (64 - 8 * bytes);
	step->can_be_left_out = step->is_optional || (step->is_omitted && (step->op == OP_BOOLEAN || step->op == OP_FLAGS));
	step->none = step->is_optional ? (uint64_t)step->absent : 0;
	if (step->op == OP_SIGNED)
		step->none &= step->mask;
}

void prepare_phrase(const struct plan *plan, const struct event *event, struct phrase *phrase)
{
	size_t i;

	phrase->from = event->bytes;
	for (i = 0; i < phrase->count; i++) {
		const struct piece *piece = phrase->pieces + i;
		uint32_t one = first_byte(plan, event, event->steps + piece->step);
		uint32_t other = first_byte(plan, event, event->steps + piece->other);

		if (piece->op != PIECE_VALUE && piece->op != PIECE_UNLESS)
			continue;
		if (piece->op == PIECE_UNLESS && (piece->test == TEST_DIFFERS || piece->test == TEST_MISLEADS))
			one = other < one ? other : one;
		phrase->from = one < phrase->from ? one : phrase->from;
	}
}

/* `checked` has room for all steps. */
void prepare_event(const struct plan *plan, struct event *event)
{
	size_t i;

	event->json_room = event->json_head.length + PADDING + 8;
	for (i = 0; i < event->count; i++) {
		struct step *step = event->steps + i;

		event->json_room += step_room(step);
		find_number(event, step);
		if (is_checked(step))
			event->checked[event->checks++] = i;
		if (step->values)
			step->place = event->named++;
	}
	find_parts(plan, event);
}

struct remembered *remembered(struct writer *w, const struct event *event)
{
	struct remembered **found = &w->remembered[event->number];

	if (!*found)
		*found = calloc(1, sizeof(**found) + event->named * sizeof((*found)->names[0]));
	if (!*found)
		w->out.failed = 1;
	return *found;
}

void writer_init(struct writer *w, const struct plan *plan, int is_local)
{
	memset(w, 0, sizeof(*w));
	w->plan = plan;
	w->second.is_local = is_local;
	tzset();
}

void writer_start(struct writer *w, int64_t offset_ns, size_t most)
{
	size_t kind;

	w->offset_ns = offset_ns;
	w->most = most;
	for (kind = 0; kind < KINDS; kind++)
		if (w->remembered[kind])
			w->remembered[kind]->record = NULL;
}

void writer_free(struct writer *w)
{
	size_t kind;

	for (kind = 0; kind < KINDS; kind++)
		free(w->remembered[kind]);
	out_free(&w->out);
	out_free(&w->made);
	out_free(&w->other);
	out_free(&w->plain);
}
