#include "writers.h"

/* The runs of an event: fields side by side that are all in the fixed part, but the boot clock, which never is the same. */
static struct run *find_runs(const struct plan *plan, const struct event *event)
{
	struct run *first = NULL, **next = &first, *run = NULL;
	size_t i;

	for (i = 0; i < event->count; i++) {
		const struct step *step = event->steps + i;

		if (!is_fixed(step) || step->at == plan->boot_at) {
			run = NULL;
			continue;
		}
		if (!run || run->count == MOST_IN_RUN) {
			run = calloc(1, sizeof(*run));
			if (!run)
				return first;
			run->first = step;
			*next = run;
			next = &run->next;
		}
		run->places[run->count] = 16 * run->count;
		run->count++;
	}
	return first;
}

int writer_init(struct writer *w, const struct plan *plan, int is_local)
{
	size_t kind;

	memset(w, 0, sizeof(*w));
	w->plan = plan;
	w->second.is_local = is_local;
	tzset();
	for (kind = 0; kind < KINDS; kind++)
		if (plan->events[kind])
			w->runs[kind] = find_runs(plan, plan->events[kind]);
	return 0;
}

void writer_free(struct writer *w)
{
	size_t kind;

	for (kind = 0; kind < KINDS; kind++) {
		while (w->runs[kind]) {
			struct run *run = w->runs[kind];

			w->runs[kind] = run->next;
			free(run);
		}
	}
	out_free(&w->out);
	out_free(&w->made);
	out_free(&w->other);
	out_free(&w->plain);
}
