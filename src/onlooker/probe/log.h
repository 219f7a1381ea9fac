/* What libbpf and the verifier print, kept for the error message; plain C, because it takes a va_list. */
#ifndef ONLOOKER_LOG_H
#define ONLOOKER_LOG_H

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/libbpf.h>

/* the last of it: a verifier's log can be megabytes, and the verdict is at its end */
static char log_text[256 << 10];
static size_t log_used;
static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;

static void log_append(const char *text, size_t length)
{
	const size_t room = sizeof(log_text) - 1;

	if (length > room) {
		text += length - room;
		length = room;
	}
	if (log_used + length > room) {
		size_t keep = room - length;

		keep = keep < log_used ? keep : log_used;
		memmove(log_text, log_text + log_used - keep, keep);
		log_used = keep;
	}
	memcpy(log_text + log_used, text, length);
	log_used += length;
}

static int log_keep(enum libbpf_print_level level, const char *format, va_list args)
{
	char *text = NULL;
	int length;

	if (level == LIBBPF_DEBUG)
		return 0;
	length = vasprintf(&text, format, args);
	if (length < 0)
		return 0;
	pthread_mutex_lock(&log_mutex);
	log_append(text, length);
	pthread_mutex_unlock(&log_mutex);
	free(text);
	return length;
}

static inline void log_start(void)
{
	pthread_mutex_lock(&log_mutex);
	log_used = 0;
	pthread_mutex_unlock(&log_mutex);
	libbpf_set_print(log_keep);
}

#endif
