/* SPDX-License-Identifier: Apache-2.0 */
#include "failing_malloc.h"

#include <malloc.h>
#include <stdint.h>
#include <string.h>

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void __real_free(void *memory);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);
void __wrap_free(void *memory);

static size_t first_failing = SIZE_MAX;
static size_t last_failing = SIZE_MAX;
static size_t asked;
static size_t living;
static size_t living_bytes, restart_bytes, peak_bytes;
static size_t spied_bytes;
static long spied = -1;
static const void *sought;
static size_t sought_len, found;

void failing_malloc_from(size_t index) {
    first_failing = index;
    last_failing = SIZE_MAX;
    asked = 0;
}

void failing_malloc_once(size_t index) {
    failing_malloc_from(index);
    last_failing = index;
}

void failing_malloc_never(void) {
    failing_malloc_from(SIZE_MAX);
}

size_t failing_malloc_asked(void) {
    return asked;
}

size_t failing_malloc_living(void) {
    return living;
}

void failing_malloc_peak_restart(void) {
    restart_bytes = peak_bytes = living_bytes;
}

size_t failing_malloc_peak_bytes(void) {
    return peak_bytes - restart_bytes;
}

void failing_malloc_spy(size_t bytes) {
    spied_bytes = bytes;
    spied = -1;
}

long failing_malloc_spied(void) {
    return spied;
}

void failing_malloc_seek(const void *pattern, size_t len) {
    sought = pattern;
    sought_len = len;
    found = 0;
}

size_t failing_malloc_found(void) {
    return found;
}

static void look_into(const void *memory) {
    if (sought == NULL) return;
    if (memmem(memory, malloc_usable_size((void *)(uintptr_t)memory), sought, sought_len) != NULL) found++;
}

static int fails(void) {
    const size_t index = asked++;
    return index >= first_failing && index <= last_failing;
}

static void add_bytes(const void *memory) {
    living_bytes += malloc_usable_size((void *)(uintptr_t)memory);
    if (living_bytes > peak_bytes) peak_bytes = living_bytes;
}

static void *count(void *memory) {
    if (memory == NULL) return NULL;
    /* What libc itself left in it is nobody's here. */
    if (sought != NULL) memset(memory, 0, malloc_usable_size(memory));
    living++;
    add_bytes(memory);
    return memory;
}

void *__wrap_malloc(size_t bytes) {
    return fails() ? NULL : count(__real_malloc(bytes));
}

void *__wrap_calloc(size_t members, size_t bytes) {
    return fails() ? NULL : count(__real_calloc(members, bytes));
}

void *__wrap_realloc(void *memory, size_t bytes) {
    const size_t before = memory == NULL ? 0 : malloc_usable_size(memory);
    void *moved;
    if (memory == NULL) return __wrap_malloc(bytes);
    look_into(memory);
    moved = fails() ? NULL : __real_realloc(memory, bytes);
    if (moved == NULL) return NULL;
    if (sought != NULL && malloc_usable_size(moved) > before) {
        memset((char *)moved + before, 0, malloc_usable_size(moved) - before);
    }
    living_bytes -= before;
    add_bytes(moved);
    return moved;
}

/* The usable size may be larger than what was asked for: a spied size is one that the allocator does not round. */
void __wrap_free(void *memory) {
    if (memory == NULL) return;
    look_into(memory);
    if (spied_bytes != 0 && malloc_usable_size(memory) == spied_bytes) {
        spied = 0;
        for (size_t i = 0; i < spied_bytes; i++)
            spied += ((const uint8_t *)memory)[i] != 0;
    }
    living--;
    living_bytes -= malloc_usable_size(memory);
    __real_free(memory);
}
