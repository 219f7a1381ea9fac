/* What an expression asks for, as far as the kernel can decide it: src/onlooker/filters/rules.py makes the rules, and user
 * space asks the whole expression again of what passes. So a rule may let through what is not wanted, and never the other
 * way round: what can't be decided passes.
 *
 * For each kind of event the rules are steps, each with the step to go on at, for yes and for no, as in
 * records/native/match.c. They are taken until one asks for what is not known yet; that is where the next of these stages
 * goes on:
 * - EARLY: before anything is read, with the process, the error and the flags of an open;
 * - FILE: when it is known which file was opened, or would have been;
 * - WHOLE: when the record is complete. */
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

/* A flag of an open that is in the caller's memory, and so is not read yet. */
#define FLAGS_UNREAD (~0ULL)

static __always_inline struct ruling first_ruling(void)
{
	return (struct ruling){ active_rules & (RULE_HALVES - 1), RULE_FIRST };
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

static __always_inline bool is_called_so(struct rule_step *step, struct task_struct *leader)
{
	__u64 comm[2];

	copy_comm((char *)comm, leader);
	return are_words(step, comm[0], comm[1]);
}

/* The first step that can't be asked before anything is read, or an end. `flags`: those of an open. Not static, so that the
 * verifier follows it once, whatever the numbers are. */
__noinline int ask_early(__u32 half, __u32 kind, __u32 errno, __u64 flags)
{
	struct rules *set = bpf_map_lookup_elem(&rules, &half);
	struct task_struct *task = current_task();
	__u64 number, next;
	__u32 i;

	if (!set)
		return RULE_ACCEPT;
	next = rules_for(set, kind)->first;
	for (i = 0; i < RULE_LONGEST && next < RULE_STEPS; i++) {
		struct rule_step *step = step_at(set, next);
		bool holds;

		if (step->op == RULE_COMM) {
			holds = is_called_so(step, READ(task, group_leader));
		} else {
			if (step->op != RULE_NUMBER || step->source < RULE_OF_PID || step->source > RULE_OF_FLAGS)
				break;
			number = flags;
			if (step->source == RULE_OF_PID)
				number = READ(task, tgid);
			else if (step->source == RULE_OF_UID)
				number = user_of(task);
			else if (step->source == RULE_OF_ERRNO)
				number = errno;
			if (number == FLAGS_UNREAD)
				break;
			holds = is_in_range(step, number);
		}
		next = holds ? step->yes : step->no;
	}
	return next;
}

/* Whether an event of the current process may be wanted. */
static __always_inline bool passes_early(struct ruling *ruling, __u32 kind, __u32 errno, __u64 flags)
{
	ruling->half = active_rules & (RULE_HALVES - 1);
	ruling->next = ask_early(ruling->half, kind, errno, flags);
	return ruling->next != RULE_REJECT;
}

/* Whether bytes of the scratch memory are those of a rule's text; negative where that can't be said. */
__noinline int is_text(__u32 slot, __u32 at, __u32 half, __u32 from, __u32 length)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	struct rules *set = bpf_map_lookup_elem(&rules, &half);
	__u32 i;

	if (!scratch || !set)
		return -1;
	for (i = 0; i < RULE_TEXT_MOST; i += 8) {
		__u64 place = at + i, other = from + i, left = length - i, differs;

		if (i >= length)
			return true;
		barrier_var(place);
		if (place > SCRATCH_BYTES - 8)
			return -1;
		barrier_var(other);
		if (other > RULE_TEXT_BYTES - 8)
			return -1;
		differs = *(__u64 *)(scratch->bytes + place) ^ *(__u64 *)(set->text + other);
		if (left < 8)
			return !(differs << (64 - 8 * (left & 7)));
		if (differs)
			return false;
	}
	return length <= RULE_TEXT_MOST ? true : -1;
}

/* The last 16 bytes of a text, with zeros before a shorter one. */
static __always_inline bool take_words(struct scratch *scratch, __u64 words[2], __u32 end, __u32 length)
{
	__u64 place = end - 16, first, second;

	barrier_var(place);
	if (place > SCRATCH_BYTES - 16)
		return false;
	first = *(__u64 *)(scratch->bytes + place);
	second = *(__u64 *)(scratch->bytes + place + 8);
	if (length <= 8) {
		first = 0;
		second = length ? second >> (64 - 8 * length) << (64 - 8 * length) : 0;
	} else if (length < 16) {
		first = first >> (128 - 8 * length) << (128 - 8 * length);
	}
	words[0] = first;
	words[1] = second;
	return true;
}

#define EACH_BYTE(byte) ((byte) * 0x0101010101010101ULL)

/* The highest bit of each byte that is 0. */
static __always_inline __u64 zero_bytes(__u64 word)
{
	return ~(((word & EACH_BYTE(0x7f)) + EACH_BYTE(0x7f)) | word | EACH_BYTE(0x7f));
}

/* Whether a passed path of up to RULE_PASSED_MOST bytes, that of `look`, has no ".", ".." and empty names, and no "/" at its
 * end; of a name that begins with ".." it is not sure. Each step looks at the three bytes from each of six on; behind the
 * end there are slashes. The length is read again and again, because the verifier would follow each value that it can
 * have. */
__noinline int is_plain(__u32 slot)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	volatile struct span *path;
	__u32 i, at;

	if (!scratch)
		return false;
	path = &scratch->look.text;
	at = path->offset;
	if (byte_at(scratch, at) == '.' &&
	    (path->length == 1 || byte_at(scratch, at + 1) == '.' || byte_at(scratch, at + 1) == '/'))
		return false;
	for (i = 0; i < RULE_PASSED_MOST; i += 6) {
		__u64 place = at + i, left = path->length - i, kept = ~0ULL, word, slashes, dots;

		if (i >= path->length)
			return i; /* nothing is no path */
		barrier_var(place);
		if (place > SCRATCH_BYTES - 8)
			return false;
		word = *(__u64 *)(scratch->bytes + place);
		if (left < 8)
			kept >>= (64 - 8 * left) & 63;
		word = (word & kept) | (EACH_BYTE('/') & ~kept);
		slashes = zero_bytes(word ^ EACH_BYTE('/'));
		dots = zero_bytes(word ^ EACH_BYTE('.'));
		if (slashes & kept & 0x808080808080 & (slashes >> 8 | (dots >> 8 & (slashes | dots) >> 16)))
			return false;
	}
	return path->length <= RULE_PASSED_MOST;
}

/* What of a walked path (bpf/path.h) is compared first: the bytes at its end. */
static __always_inline __u32 look_at_walked(struct scratch *scratch, struct span path)
{
	__u32 end = path.offset + path.length;
	struct look *look = &scratch->look;

	if (!path.length || !take_words(scratch, look->tail, end, path.length))
		return LOOK_NOT;
	/* it ends with the root's empty name, or it is not whole */
	if (look->tail[1] >> 48)
		return LOOK_NOT;
	look->text = path;
	return LOOK_WALKED;
}

/* Finds what of the record says which file it is: as `file` does in an expression (filters/fields.py). */
__noinline int look_at_file(__u32 slot, __u32 half, __u32 kind)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	struct rules *set = bpf_map_lookup_elem(&rules, &half);
	struct rule_kind *of;
	struct span path;

	if (!scratch || !set)
		return LOOK_NOT;
	of = rules_for(set, kind);
	path = record_span(scratch, of->real_at);
	if (path.offset)
		return look_at_walked(scratch, path);
	scratch->look.base = record_span(scratch, of->joined_at);
	scratch->look.text = record_span(scratch, of->path_at);
	return is_plain(slot) ? LOOK_PASSED : LOOK_NOT;
}

/* Whether a walked path is that of a rule, or below it; negative where that can't be said. Its last words are the same. */
__noinline int is_walked(__u32 slot, __u32 half, __u32 number, __u32 at, __u32 length)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	struct rules *set = bpf_map_lookup_elem(&rules, &half);
	struct rule_step *step;
	__u32 bytes;

	if (!scratch || !set)
		return -1;
	step = step_at(set, number);
	bytes = step->walked_bytes;
	if (length < bytes || (step->op == RULE_EQUAL && length != bytes))
		return false;
	if (step->is_short)
		return true;
	if (length > bytes && byte_at(scratch, at + length - bytes - 1))
		return false;
	return is_text(slot, at + length - bytes, half, step->walked, bytes);
}

/* The same of a relative path, which starts from a directory. */
__noinline int is_joined(__u32 slot, __u32 half, __u32 number)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	struct rules *set = bpf_map_lookup_elem(&rules, &half);
	struct rule_step *step;
	__u32 at, length, bytes;

	if (!scratch || !set)
		return -1;
	at = scratch->look.base.offset;
	length = scratch->look.base.length;
	if (!at)
		return false; /* it is no absolute path */
	if (!length || byte_at(scratch, at + length - 1) || (length > 1 && byte_at(scratch, at + length - 2)))
		return -1;
	step = step_at(set, number);
	bytes = step->walked_bytes;
	if (step->op == RULE_UNDER && length >= bytes && (length == bytes || !byte_at(scratch, at + length - bytes - 1)))
		return is_text(slot, at + length - bytes, half, step->walked, bytes);
	if (length > bytes)
		return false;
	/* the wanted directory may be below the one that it starts from */
	return is_text(slot, at, half, step->walked + bytes - length, length) ? -1 : false;
}

/* Whether a passed path is what a step asks for; negative where that can't be said. */
__noinline int is_passed(__u32 slot, __u32 half, __u32 number)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	struct rules *set = bpf_map_lookup_elem(&rules, &half);
	__u32 at, length, bytes, typed;
	struct rule_step *step;

	if (!scratch || !set)
		return -1;
	step = step_at(set, number);
	at = scratch->look.text.offset;
	length = scratch->look.text.length;
	bytes = step->typed_bytes;
	typed = step->typed;
	if (step->op == RULE_NAME) {
		if (length < bytes)
			return false;
		if (step->is_whole && length > bytes && byte_at(scratch, at + length - bytes - 1) != '/')
			return false;
		return is_text(slot, at + length - bytes, half, typed, bytes);
	}
	if (byte_at(scratch, at) != '/')
		return is_joined(slot, half, number);
	/* in another root directory: its path comes first */
	if (scratch->look.base.offset && scratch->look.base.length != 1)
		return -1;
	if (length < bytes || (length != bytes && (step->op == RULE_EQUAL || byte_at(scratch, at + bytes) != '/')))
		return false;
	return is_text(slot, at, half, typed, bytes);
}

/* Whether the first name of a walked path, the file's own, ends as a step asks. */
__noinline int is_named(__u32 slot, __u32 half, __u32 number)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	struct rules *set = bpf_map_lookup_elem(&rules, &half);
	__u32 at, length, bytes;
	struct rule_step *step;
	__u64 words[2];

	if (!scratch || !set)
		return -1;
	at = scratch->look.text.offset;
	length = scratch->first_bytes;
	if (scratch->first_at != at || byte_at(scratch, at + length) || !take_words(scratch, words, at + length, length))
		return -1;
	step = step_at(set, number);
	if (!are_words(step, words[0], words[1]))
		return false;
	if (step->is_short)
		return true;
	bytes = step->typed_bytes;
	if (length < bytes || (step->is_whole && length != bytes))
		return false;
	return is_text(slot, at + length - bytes, half, step->typed, bytes);
}

/* Whether the file is what a step asks for; negative where that can't be said. Most paths have other words at their end. */
static __always_inline int is_file(struct scratch *scratch, __u32 half, struct rule_step *step, __u32 number)
{
	struct look *look = &scratch->look;

	if (look->is == LOOK_PASSED)
		return step->source == RULE_OF_REAL ? false : is_passed(scratch->slot, half, number);
	if (look->is != LOOK_WALKED)
		return -1;
	if (step->op == RULE_NAME)
		return is_named(scratch->slot, half, number);
	if (!are_words(step, look->tail[0], look->tail[1]))
		return false;
	return is_walked(scratch->slot, half, number, look->text.offset, look->text.length);
}

/* Whether the record has what a step asks for, although it is not complete. */
static __always_inline bool is_there(struct scratch *scratch, struct rule_step *step)
{
	struct record *record = (void *)scratch->bytes;
	struct task_struct *task = current_task();

	if (step->op == RULE_NUMBER && step->source == RULE_OF_RECORD)
		return false;
	if (step->op == RULE_COMM)
		copy_comm(record->comm, READ(task, group_leader));
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

/* The same as `go_on` with a walked path, as long as the bytes at its end, or at that of the file's own name, say that the
 * steps do not hold: so most files are rejected without a call. */
static __always_inline __u32 skip_others(struct scratch *scratch, __u32 half, __u32 first, struct span path)
{
	struct rules *set = bpf_map_lookup_elem(&rules, &half);
	__u32 name_end = path.offset + scratch->first_bytes, i;
	__u64 tail[2], name[2], next = first;
	bool has_name;

	if (!set || !path.length || !take_words(scratch, tail, path.offset + path.length, path.length) || tail[1] >> 48)
		return next;
	has_name = scratch->first_at == path.offset && !byte_at(scratch, name_end) &&
		   take_words(scratch, name, name_end, scratch->first_bytes);
	for (i = 0; i < RULE_SKIPPED && next < RULE_STEPS; i++) {
		struct rule_step *step = step_at(set, next);

		if (step->op < RULE_UNDER || (step->op == RULE_NAME && !has_name))
			break;
		if (step->op == RULE_NAME ? are_words(step, name[0], name[1]) : are_words(step, tail[0], tail[1]))
			break;
		next = step->no;
	}
	return next;
}

/* Whether a complete record may be wanted. */
static __always_inline bool passes(struct scratch *scratch, __u32 kind)
{
	struct ruling ruling = scratch->ruling;

	if (!config.rules || ruling.next == RULE_ACCEPT)
		return true;
	return go_on(scratch->slot, ruling.half, ruling.next, kind, RULE_STAGE_WHOLE) != RULE_REJECT;
}

#endif
