/* What libbpf and the verifier print, kept for the error message; plain C, because it takes a va_list. */
#ifndef ONLOOKER_LOG_H
#define ONLOOKER_LOG_H

#include <stdarg.h>
#include <stdio.h>
#include <bpf/libbpf.h>

/* a verifier's log of one refused program is some 10 kB; what is beyond the end is dropped from the front */
static char log_text[256 << 10];
static size_t log_used;

static int log_keep(enum libbpf_print_level level, const char *format, va_list args)
{
	size_t half = sizeof(log_text) / 2;
	int length;

	if (level == LIBBPF_DEBUG)
		return 0;
	if (log_used > half) {
		memmove(log_text, log_text + log_used - half, half);
		log_used = half;
	}
	length = vsnprintf(log_text + log_used, sizeof(log_text) - log_used, format, args);
	if (length > 0) {
		log_used += length;
		if (log_used >= sizeof(log_text))
			log_used = sizeof(log_text) - 1;
	}
	return 0;
}

static inline void log_start(void)
{
	log_used = 0;
	libbpf_set_print(log_keep);
}

#endif
