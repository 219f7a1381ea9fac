/* What was freed, and malloc(3) keeps for later. */
#ifndef ONLOOKER_HEAP_H
#define ONLOOKER_HEAP_H

#include <malloc.h>

/* Gives it back to the system. */
static inline void heap_trim(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

#endif
