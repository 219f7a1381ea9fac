/* Whether a record is what an expression asks for. Nothing here recurses, and each byte of a text is looked at a bounded
 * number of times, whatever an expression and a path hold. */
#include "match.h"

int match_init(struct match *m, const struct plan *plan, const struct program *programs, int64_t offset_ns)
{
	size_t kind, words = 1, tests = 1;

	memset(m, 0, sizeof(*m));
	m->plan = plan;
	m->programs = programs;
	m->offset_ns = offset_ns;
	for (kind = 0; kind < KINDS; kind++) {
		if (programs[kind].sources_count > m->room)
			m->room = programs[kind].sources_count;
		if (programs[kind].words > words)
			words = programs[kind].words;
		if (programs[kind].tests_count > tests)
			tests = programs[kind].tests_count;
	}
	m->found = calloc(m->room + 1, sizeof(*m->found));
	m->state = calloc(words, sizeof(*m->state));
	m->answers = calloc(tests, 1);
	return m->found && m->state && m->answers;
}

void match_free(struct match *m)
{
	size_t i;

	for (i = 0; m->found && i < m->room; i++) {
		out_free(&m->found[i].made);
		out_free(&m->found[i].other);
	}
	free(m->found);
	free(m->state);
	free(m->answers);
}

static struct text one_name(const struct values *values, uint64_t number, struct out *made)
{
	const struct text *known = find_name(values, number);
	struct names names;
	struct text other;

	if (known)
		return *known;
	other = other_name(&names, values, number);
	made->used = 0;
	out_put(made, other.at, other.length);
	return (struct text){ made->at, made->used };
}

/* The arguments with a space between each two; `rest` has a NUL after each. */
static struct text with_spaces(struct text rest, struct out *made)
{
	char *to;
	size_t i;

	if (rest.length && !rest.at[rest.length - 1])
		rest.length--;
	made->used = 0;
	to = out_room(made, rest.length + 1);
	if (!to)
		return (struct text){ "", 0 };
	for (i = 0; i < rest.length; i++)
		to[i] = rest.at[i] ? rest.at[i] : ' ';
	return (struct text){ to, rest.length };
}

static struct text in_lower_case(struct text text, struct out *made)
{
	char *to;
	size_t i;

	made->used = 0;
	to = out_room(made, text.length + 1);
	if (!to)
		return (struct text){ "", 0 };
	for (i = 0; i < text.length; i++)
		to[i] = text.at[i] >= 'A' && text.at[i] <= 'Z' ? text.at[i] + ('a' - 'A') : text.at[i];
	return (struct text){ to, text.length };
}

static void make_text(struct found *found, struct record r, const struct source *source)
{
	size_t i = 0;
	const struct step *step;

	found->is_known = 1;
	found->is_there = 0;
	while (i < source->count && is_absent(r, r.event->steps + source->steps[i]))
		i++;
	if (i == source->count)
		return;
	found->is_there = 1;
	step = r.event->steps + source->steps[i];
	if (step->op == OP_ONE_OF)
		found->text = one_name(step->values, number_of(r, step), &found->made);
	else if (source->form & FORM_SPACES)
		found->text = with_spaces(span_of(r, step), &found->made);
	else
		found->text = text_of(r, step, &found->made);
	if ((source->form & FORM_CLEAN) && step->op != OP_PATH)
		found->text = clean_path(found->text, &found->other);
	if (source->form & FORM_LOWER)
		found->text = in_lower_case(found->text, found->text.at == found->other.at ? &found->made : &found->other);
}

/* The text of a source in this record; none where it does not apply. */
static const struct text *text_in(struct match *m, struct record r, const struct program *program, uint32_t number)
{
	struct found *found = m->found + number;

	if (!found->is_known) {
		make_text(found, r, program->sources + number);
		m->failed |= found->made.failed | found->other.failed;
	}
	return found->is_there ? &found->text : NULL;
}

static int is_in_ranges(const struct ask *ask, uint64_t number)
{
	size_t low = 0, high = ask->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (number > ask->ranges[middle].high)
			low = middle + 1;
		else if (number < ask->ranges[middle].low)
			high = middle;
		else
			return 1;
	}
	return 0;
}

static int ask_number(struct match *m, struct record r, const struct ask *ask)
{
	const struct step *step = r.event->steps + ask->source;
	uint64_t number;

	if (step->op == OP_TIME)
		return is_in_ranges(ask, wall_ns(m->plan, r, m->offset_ns)) != ask->is_negated;
	if (is_absent(r, step))
		return 0;
	number = number_of(r, step);
	if (step->op == OP_SIGNED)
		number = (uint64_t)signed_number_of(r, step) ^ 1ULL << 63;
	if (step->op == OP_BOOLEAN)
		number = number != 0;
	return is_in_ranges(ask, number) != ask->is_negated;
}

static int begins(struct text text, struct text with)
{
	return text.length >= with.length && !memcmp(text.at, with.at, with.length);
}

static int ends(struct text text, struct text with)
{
	return text.length >= with.length && !memcmp(text.at + text.length - with.length, with.at, with.length);
}

static int holds(struct text text, struct text with)
{
	return memmem(text.at, text.length, with.at, with.length) != NULL;
}

/* As `fits_states`, in one word. */
static int fits_word(struct text text, const struct pattern *p)
{
	const uint64_t names = *p->names, deep = *p->deep, skips = *p->skips;
	uint64_t state = 1 | (skips & 1) << 1;
	size_t i;

	for (i = 0; i < text.length && state; i++) {
		unsigned char c = text.at[i];
		uint64_t moved = state << 1 & p->moves[c];

		state = moved | (moved & skips) << 1 | (state & (c == '/' ? deep : names));
	}
	return state >> p->states & 1;
}

/* One bit for each state: all states are followed at once. */
static int fits_states(struct text text, const struct pattern *p, uint64_t *state)
{
	size_t i, w, words = p->words;

	memset(state, 0, words * 8);
	state[0] = 1 | (p->skips[0] & 1) << 1;
	for (i = 0; i < text.length; i++) {
		unsigned char c = text.at[i];
		const uint64_t *moves = p->moves + c * words, *stays = c == '/' ? p->deep : p->names;
		uint64_t before = 0, skipped = 0, any = 0;

		for (w = 0; w < words; w++) {
			uint64_t old = state[w], moved = (old << 1 | before) & moves[w], skips = moved & p->skips[w];

			before = old >> 63;
			state[w] = moved | skips << 1 | skipped | (old & stays[w]);
			skipped = skips >> 63;
			any |= state[w];
		}
		if (!any && !skipped)
			return 0;
	}
	return state[words - 1] >> p->states % 64 & 1;
}

static int is_under(struct text text, struct text directory)
{
	if (!begins(text, directory))
		return 0;
	return text.length == directory.length || directory.at[directory.length - 1] == '/' || text.at[directory.length] == '/';
}

/* States 0 and 1 are ends: nothing that follows changes whether it matches. */
static int fits_regex(struct text text, const struct pattern *p)
{
	size_t i, state = 2;

	for (i = 0; i < text.length && state > 1; i++)
		state = p->next[state * p->classes_count + p->classes[(unsigned char)text.at[i]]];
	return p->ends[state];
}

static int fits(int op, struct text text, const struct pattern *p, uint64_t *state)
{
	struct text with = p->text;

	switch (op) {
	case ASK_EQUAL:
		return text.length == with.length && !memcmp(text.at, with.at, with.length);
	case ASK_BEGIN:
		return begins(text, with);
	case ASK_END:
		return ends(text, with);
	case ASK_PART:
		return holds(text, with);
	case ASK_UNDER:
		return is_under(text, with);
	case ASK_REGEX:
		return fits_regex(text, p);
	default:
		if (!begins(text, p->begin) || !ends(text, p->end) || !holds(text, with))
			return 0;
		return p->words == 1 ? fits_word(text, p) : fits_states(text, p, state);
	}
}

static int ask_text(struct match *m, struct record r, const struct program *program, const struct ask *ask)
{
	const struct text *text = text_in(m, r, program, ask->source);
	size_t i;

	if (!text)
		return 0;
	for (i = 0; i < ask->count; i++)
		if (fits(ask->op, *text, ask->patterns + i, m->state))
			return !ask->is_negated;
	return ask->is_negated;
}

static int ask_item(struct match *m, struct record r, const struct program *program, const struct ask *ask)
{
	const struct text *list = text_in(m, r, program, ask->source);
	struct text rest, one;
	size_t i;

	if (!list)
		return 0;
	rest = *list;
	while (next_text(&rest, &one))
		for (i = 0; i < ask->count; i++)
			if (fits(ASK_EQUAL, one, ask->patterns + i, NULL))
				return !ask->is_negated;
	return ask->is_negated;
}

static int is_same_name(struct text name, struct text with, int ignores_case)
{
	if (name.length != with.length)
		return 0;
	return !(ignores_case ? strncasecmp(name.at, with.at, with.length) : memcmp(name.at, with.at, with.length));
}

/* The bits are looked at first: the names are made only where one can be among them. */
static int ask_flag(struct record r, const struct ask *ask)
{
	const struct step *step = r.event->steps + ask->source;
	uint64_t number = number_of(r, step);
	struct names names;
	size_t i, n;

	if (is_absent(r, step))
		return 0;
	names.count = 0;
	for (i = 0; i < ask->count; i++) {
		const struct pattern *p = ask->patterns + i;

		if ((number & p->mask) != p->bits)
			continue;
		if (!names.count)
			names_of(&names, r, step);
		for (n = 0; n < names.count; n++)
			if (is_same_name(names.name[n], p->text, ask->ignores_case))
				return !ask->is_negated;
	}
	return ask->is_negated;
}

static int ask_exists(struct record r, const struct program *program, const struct ask *ask)
{
	const struct source *source = program->sources + ask->source;
	size_t i;

	for (i = 0; i < source->count; i++) {
		const struct step *step = r.event->steps + source->steps[i];

		if (!step->can_be_left_out || number_of(r, step) != step->none)
			return 1;
	}
	return 0;
}

static int answer(struct match *m, struct record r, const struct program *program, const struct ask *ask)
{
	switch (ask->op) {
	case ASK_NUMBER:
		return ask_number(m, r, ask);
	case ASK_ITEM:
		return ask_item(m, r, program, ask);
	case ASK_FLAG:
		return ask_flag(r, ask);
	case ASK_EXISTS:
		return ask_exists(r, program, ask);
	case ASK_KIN:
		return m->kin[ask->source >> 6] >> (ask->source & 63) & 1;
	case ASK_CONTEXT:
		return m->context >> ask->source & 1;
	default:
		return ask_text(m, r, program, ask);
	}
}

int matches(struct match *m, struct record r)
{
	const struct program *program = m->programs + r.event->number;
	uint32_t at = program->first;
	size_t i;

	for (i = 0; i < program->sources_count; i++)
		m->found[i].is_known = 0;
	while (at < REJECT)
		at = answer(m, r, program, program->asks + at) ? program->asks[at].yes : program->asks[at].no;
	return at == ACCEPT;
}

enum answer {
	NOT_KNOWN,
	NO,
	YES,
};

/* Expressions share their tests: each is asked once of a record. */
size_t matches_of_all(struct match *m, struct record r, uint32_t *numbers)
{
	const struct program *program = m->programs + r.event->number;
	size_t i, count = 0;

	if (!program->roots_count)
		return 0;
	for (i = 0; i < program->sources_count; i++)
		m->found[i].is_known = 0;
	memset(m->answers, NOT_KNOWN, program->tests_count);
	for (i = 0; i < program->roots_count; i++) {
		uint32_t at = program->roots[i].first;

		while (at < REJECT) {
			const struct ask *ask = program->asks + at;
			unsigned char *known = m->answers + ask->test;

			if (*known == NOT_KNOWN)
				*known = answer(m, r, program, ask) ? YES : NO;
			at = *known == YES ? ask->yes : ask->no;
		}
		if (at == ACCEPT)
			numbers[count++] = program->roots[i].number;
	}
	return count;
}
