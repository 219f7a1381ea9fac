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

/* How much a field takes in JSON at most, its keys included, without what a text of the tail holds. */
static size_t step_room(const struct step *step)
{
	size_t keys = step->key.length + step->key_beside.length;

	if (step->op == OP_NAME)
		return keys + 8 * step->size + 16;
	if (step->values)
		return keys + names_room(step->values) + 8;
	return keys + TIME_ROOM;
}

/* Whether it is of the process, as the probe's header has it: the kind of event stands behind. */
static int is_of_process(const struct plan *plan, const struct step *step)
{
	return is_fixed(step) && step->at < plan->kind_at && step->at != plan->boot_at;
}

/* Finds the fields of the process: the first that stand side by side, if they are all of a part of the record. */
static void find_process(const struct plan *plan, struct event *event)
{
	uint32_t start = UINT32_MAX, end = 0, bytes = 0;
	size_t i = 0;

	while (i < event->count && !is_of_process(plan, event->steps + i))
		i++;
	event->process_from = i;
	for (; i < event->count && is_of_process(plan, event->steps + i); i++) {
		const struct step *step = event->steps + i;

		start = step->at < start ? step->at : start;
		end = step->at + step->size > end ? step->at + step->size : end;
		bytes += step->size;
	}
	if (bytes != end - start || bytes > MOST_PROCESS_BYTES)
		i = event->process_from;
	event->process_to = i;
	event->process_at = start;
	event->process_bytes = bytes;
}

static void find_omitted(struct step *step)
{
	int is_text = step->op == OP_TEXT || step->op >= OP_PATH;

	if (step->is_optional) {
		step->omit_bytes = is_text ? 4 : step->size; /* of a text: its offset */
		step->omit_number = (uint64_t)step->absent;
		if (step->op == OP_SIGNED && step->size == 4)
			step->omit_number = (uint32_t)step->absent;
	} else if (step->is_omitted && (step->op == OP_BOOLEAN || step->op == OP_FLAGS)) {
		step->omit_bytes = step->size;
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
		find_omitted(step);
		if (is_checked(step))
			event->checked[event->checks++] = i;
		if (step->values)
			step->place = event->named++;
	}
	find_process(plan, event);
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
