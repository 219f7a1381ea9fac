/* What an expression asks for, as far as the kernel can decide it: src/onlooker/filters/rules.py makes the rules, and user
 * space asks the whole expression again of what passes. So a rule may let through what is not wanted, and never the other
 * way round: what can't be decided passes.
 *
 * For each kind of event the rules are steps, each with the step to go on at, for yes and for no, as in
 * records/native/match.c. They are taken until one asks for what is not known yet, and from there on again when more is
 * known: before anything is read, with the process, the error and the flags of an open (ask_early); when it is known which file
 * was opened, or would have been (RULE_STAGE_FILE); and when the record is complete (RULE_STAGE_WHOLE). */
#ifndef ONLOOKER_FILTER_RULES_H
#define ONLOOKER_FILTER_RULES_H

/* One half is in use; the loader writes the other one, and then changes `active_rules`. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RULE_HALVES);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__type(key, __u32);
	__type(value, struct rules);
} rules SEC(".maps");

__u32 active_rules SEC(".data.rules") = 0;

enum rule_stage {
	RULE_STAGE_FILE,
	RULE_STAGE_WHOLE,
};

/* The flags of an open that are in the caller's memory, and so are not read yet. */
#define FLAGS_UNREAD (~0ULL)

static __always_inline struct ruling first_ruling(void)
{
	struct task_struct *task = current_task();
	struct ruling ruling = { active_rules & (RULE_HALVES - 1), RULE_FIRST };

	copy_comm((char *)ruling.comm, READ(task, group_leader));
	return ruling;
}

/* The record has the name that was asked for. */
static __always_inline void keep_comm(struct record *record, struct ruling *ruling)
{
	if (config.rules)
		__builtin_memcpy(record->comm, ruling->comm, sizeof(ruling->comm));
}

/* The bounds and the address in one piece, so that what is bounded is what is used: older verifiers forget the bounds of
 * what is put on the stack. */
static __always_inline struct rule_step *step_at(struct rules *set, __u64 number)
{
	asm volatile("%0 &= %1; %0 <<= 6; %0 += %2" : "+r"(number) : "i"(RULE_STEPS - 1), "r"(set->steps));
	return (struct rule_step *)number;
}

static __always_inline struct rule_kind *rules_for(struct rules *set, __u64 kind)
{
	asm volatile("%0 &= %1; %0 <<= 3; %0 += %2" : "+r"(kind) : "i"(RULE_KINDS - 1), "r"(set->kinds));
	return (struct rule_kind *)kind;
}

/* What the fixed part of the record has at an offset: eight bytes. */
static __always_inline __u64 record_word(struct scratch *scratch, __u64 at)
{
	asm volatile("%0 &= %1; %0 += %2" : "+r"(at) : "i"(RULE_RECORD_BYTES - 1), "r"(scratch->bytes));
	return *(__u64 *)at;
}

static __always_inline struct span record_span(struct scratch *scratch, __u64 at)
{
	__u64 word = at ? record_word(scratch, at) : 0;

	return (struct span){ (__u32)word, word >> 32 };
}

static __always_inline bool is_in_range(struct rule_step *step, __u64 number)
{
	return ((number & step->number.mask) ^ step->number.flip) - step->number.low <= step->number.width;
}

/* Whether the last 16 bytes of a text, or a name of 16, are those of the step, by its mask. */
static __always_inline bool are_words(struct rule_step *step, __u64 first, __u64 second)
{
	return !(((first ^ step->words.value[0]) & step->words.mask[0]) |
		 ((second ^ step->words.value[1]) & step->words.mask[1]));
}

#include "rule_file.h"

/* What is known of an event before anything is read. `flags`: those of an open, which no other event's early steps ask for. */
struct early {
	struct task_struct *task;
	__u64 comm[2], flags;
	__u32 errno;
	bool is_over; /* the next step is none that can be asked now */
};

/* The step that comes next after up to `most`, or an end. */
static __always_inline __u64 ask_early(struct rules *set, struct early *early, __u64 next, const __u32 most)
{
	struct task_struct *task = early->task;
	__u32 i;

	early->is_over = false;
	for (i = 0; i < most && next < RULE_STEPS; i++) {
		struct rule_step *step = step_at(set, next);
		__u64 number = early->flags;
		bool holds;

		if (step->op == RULE_COMM) {
			holds = are_words(step, early->comm[0], early->comm[1]);
		} else {
			if (step->op != RULE_NUMBER || step->source < RULE_OF_PID || step->source > RULE_OF_FLAGS ||
			    (step->source == RULE_OF_FLAGS && number == FLAGS_UNREAD)) {
				early->is_over = true;
				break;
			}
			if (step->source == RULE_OF_PID)
				number = READ(task, tgid);
			else if (step->source == RULE_OF_UID)
				number = user_of(task);
			else if (step->source == RULE_OF_ERRNO)
				number = early->errno;
			holds = is_in_range(step, number);
		}
		next = holds ? step->yes : step->no;
	}
	return next;
}

/* The same for more steps. Not static, so that the verifier follows it once, whatever the numbers are. */
__noinline int ask_more(__u64 half_and_next, __u64 errno, __u64 flags, __u64 comm, __u64 comm_end)
{
	struct early early = { current_task(), { comm, comm_end }, flags, errno };
	__u32 half = half_and_next >> 32, next = half_and_next;
	struct rules *set = bpf_map_lookup_elem(&rules, &half);

	return set ? ask_early(set, &early, next, RULE_LONGEST) : RULE_ACCEPT;
}

/* Whether an event of the current process may be wanted. Most rules take few steps, and no call. */
static __always_inline bool passes_early(struct ruling *ruling, __u32 kind, __u32 errno, __u64 flags)
{
	struct early early = { current_task(), {}, flags, errno };
	struct rules *set;
	__u64 next;

	*ruling = first_ruling();
	set = bpf_map_lookup_elem(&rules, &ruling->half);
	if (!set)
		return true;
	early.comm[0] = ruling->comm[0];
	early.comm[1] = ruling->comm[1];
	next = ask_early(set, &early, rules_for(set, kind)->first, RULE_AT_ONCE);
	if (next < RULE_STEPS && !early.is_over)
		next = ask_more((__u64)ruling->half << 32 | next, errno, flags, early.comm[0], early.comm[1]);
	ruling->next = next;
	return next != RULE_REJECT;
}

/* Whether the record has what a step asks for, although it is not complete. */
static __always_inline bool is_there(struct scratch *scratch, struct rule_step *step)
{
	struct record *record = (void *)scratch->bytes;
	struct task_struct *task = current_task();

	if (step->op == RULE_NUMBER && step->source == RULE_OF_RECORD)
		return false;
	if (step->op == RULE_COMM)
		keep_comm(record, &scratch->ruling);
	else if (step->source == RULE_OF_PID)
		record->pid = READ(task, tgid);
	else if (step->source == RULE_OF_UID)
		record->uid = user_of(task);
	return true;
}

/* Goes on at a step; the one that can't be asked yet, or an end. `kind` is that of the record, which may not be there yet.
 * What the steps depend on is kept in memory, because the verifier would follow each value that a register can have. */
__noinline int go_on(__u32 slot, __u32 half, __u32 first, __u32 kind, int stage)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	struct rules *set = bpf_map_lookup_elem(&rules, &half);
	__u64 next = first;
	int holds;
	__u32 i;

	if (!scratch || !set)
		return RULE_ACCEPT;
	scratch->look.stage = stage;
	scratch->look.is = LOOK_LATER;
	if (next == RULE_FIRST)
		next = rules_for(set, kind)->first;
	for (i = 0; i < RULE_LONGEST && next < RULE_STEPS; i++) {
		struct rule_step *step = step_at(set, next);

		if (step->op == RULE_COMM || step->op == RULE_NUMBER) {
			if (scratch->look.stage == RULE_STAGE_FILE && !is_there(scratch, step))
				break;
			if (step->op == RULE_NUMBER)
				holds = is_in_range(step, record_word(scratch, step->at));
			else
				holds = are_words(step, record_word(scratch, step->at), record_word(scratch, step->at + 8));
		} else {
			if (scratch->look.is == LOOK_LATER)
				scratch->look.is = look_at_file(slot, half, kind);
			holds = is_file(scratch, half, step, next);
			if (holds < 0)
				return scratch->look.stage == RULE_STAGE_FILE ? next : RULE_ACCEPT;
		}
		next = holds ? step->yes : step->no;
	}
	return next;
}

/* The same as `go_on` for an open whose file was walked, as long as the bytes at the end of its path, or of its name, say that
 * the steps do not hold: so most files are rejected without a call. */
static __always_inline __u32 skip_others(struct scratch *scratch, __u32 half, __u32 first)
{
	struct rules *set = bpf_map_lookup_elem(&rules, &half);
	struct open_record *open = (void *)scratch->bytes;
	struct look *look = &scratch->look;
	__u64 next = first;
	__u32 i;

	if (!set || look_at_walked(scratch, open->real_path) != LOOK_WALKED)
		return first;
	look->has_name = step_at(set, next)->op == RULE_NAME && take_name(scratch, open->real_path.offset);
	for (i = 0; i < RULE_SKIPPED && next < RULE_STEPS; i++) {
		struct rule_step *step = step_at(set, next);
		__u64 *words = step->op == RULE_NAME ? look->name : look->tail;

		if (step->op < RULE_UNDER || (step->op == RULE_NAME && !look->has_name) ||
		    are_words(step, words[0], words[1]))
			break;
		next = step->no;
	}
	return next;
}

/* Of an open whose flags could not be read the rules may not say that it made no file (filters/rules.py). */
static __always_inline bool is_unsure(struct scratch *scratch, __u32 kind)
{
	struct record *record = (void *)scratch->bytes;

	return kind == KIND_OPEN && record->cut & OPEN_CUT_FLAGS;
}

/* Whether a complete record may be wanted. */
static __always_inline bool passes(struct scratch *scratch, __u32 kind)
{
	struct ruling *ruling = &scratch->ruling;

	if (!config.rules || ruling->next == RULE_ACCEPT || is_unsure(scratch, kind))
		return true;
	return go_on(scratch->slot, ruling->half, ruling->next, kind, RULE_STAGE_WHOLE) != RULE_REJECT;
}

#endif
