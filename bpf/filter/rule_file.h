/* Whether the file of a record is what a step of a rule asks for: rules.h. A path that the probe walked (bpf/path.h) has its
 * last name first, and ends with the root; one that the caller passed is as it was typed. */
#ifndef ONLOOKER_FILTER_RULE_FILE_H
#define ONLOOKER_FILTER_RULE_FILE_H

/* Whether bytes of the scratch memory are those of a rule's text; negative where that can't be said. */
__noinline int is_text(__u32 slot, __u32 at, __u32 half, __u32 from, __u32 length)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	struct rules *set = bpf_map_lookup_elem(&rules, &half);
	__u64 place = at, other = from, end = place + length;
	__u32 i;

	if (!scratch || !set)
		return -1;
	for (i = 0; i < RULE_TEXT_MOST / 8; i++) {
		__u64 differs;

		if (place >= end)
			return true;
		barrier_var(place);
		if (place > SCRATCH_BYTES - 8)
			return -1;
		barrier_var(other);
		if (other > RULE_TEXT_BYTES - 8)
			return -1;
		differs = *(__u64 *)(scratch->bytes + place) ^ *(__u64 *)(set->text + other);
		if (end - place < 8)
			return !(differs << (64 - 8 * (end - place)));
		if (differs)
			return false;
		place += 8;
		other += 8;
	}
	return place >= end ? true : -1;
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

/* Takes the last bytes of the first name of a walked path, if it is the one that was walked last. */
static __always_inline bool take_name(struct scratch *scratch, __u32 at)
{
	__u32 end = at + scratch->first_bytes;

	return scratch->first_at == at && !byte_at(scratch, end) &&
	       take_words(scratch, scratch->look.name, end, scratch->first_bytes);
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
	int is_same;

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
		is_same = is_text(slot, at + length - bytes, half, typed, bytes);
		/* a name alone: what it starts from is not known */
		return is_same && step->is_whole && length == bytes && !scratch->look.base.offset ? -1 : is_same;
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

	if (!scratch || !set)
		return -1;
	at = scratch->look.text.offset;
	length = scratch->first_bytes;
	if (!take_name(scratch, at))
		return -1;
	step = step_at(set, number);
	if (!are_words(step, scratch->look.name[0], scratch->look.name[1]))
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

#endif
