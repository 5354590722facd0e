/* SPDX-License-Identifier: Apache-2.0
 * The allocator of a test program, by the linker's --wrap: counts what lives and fails a chosen allocation. */
#ifndef GRILLE_TESTS_FAILING_MALLOC_H
#define GRILLE_TESTS_FAILING_MALLOC_H

#include <stddef.h>

/* Fails allocation number `index` (0: the next one) and all after it, until failing_malloc_never. */
void failing_malloc_from(size_t index);
/* Fails that one alone. */
void failing_malloc_once(size_t index);
void failing_malloc_never(void);

/* Allocations that were asked for since the last failing_malloc_from or _never. */
size_t failing_malloc_asked(void);
/* Blocks that live; compare before and after. */
size_t failing_malloc_living(void);

/* The most bytes that lived at one time since failing_malloc_peak_restart, beyond those that lived then. */
void failing_malloc_peak_restart(void);
size_t failing_malloc_peak_bytes(void);

/* What a block held when it was freed is kept for one block of exactly `bytes`: shows whether it was wiped. */
void failing_malloc_spy(size_t bytes);
/* Non-zero bytes that the spied block held when it was freed, or -1 when none was freed. */
long failing_malloc_spied(void);

/* From now on counts the blocks that are given back, or made larger, while these bytes stand in them; `pattern` is
 * borrowed (and may not stand in such a block itself), NULL ends it. */
void failing_malloc_seek(const void *pattern, size_t len);
size_t failing_malloc_found(void);

#endif
