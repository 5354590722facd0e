/* SPDX-License-Identifier: Apache-2.0 */
#include "failing_malloc.h"

#include <malloc.h>
#include <pthread.h>
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

/* Threads of the tested program allocate too. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static size_t first_failing = SIZE_MAX;
static size_t last_failing = SIZE_MAX;
static size_t asked;
static size_t living;
static size_t living_bytes, restart_bytes, peak_bytes;
static size_t spied_bytes;
static long spied = -1;
static const void *sought;
static size_t sought_len, found;

static void fail_between(size_t first, size_t last) {
    (void)pthread_mutex_lock(&lock);
    first_failing = first;
    last_failing = last;
    asked = 0;
    (void)pthread_mutex_unlock(&lock);
}

void failing_malloc_from(size_t index) {
    fail_between(index, SIZE_MAX);
}

void failing_malloc_once(size_t index) {
    fail_between(index, index);
}

void failing_malloc_never(void) {
    fail_between(SIZE_MAX, SIZE_MAX);
}

static size_t told(const size_t *counter) {
    size_t value = 0;
    (void)pthread_mutex_lock(&lock);
    value = *counter;
    (void)pthread_mutex_unlock(&lock);
    return value;
}

size_t failing_malloc_asked(void) {
    return told(&asked);
}

size_t failing_malloc_living(void) {
    return told(&living);
}

void failing_malloc_peak_restart(void) {
    (void)pthread_mutex_lock(&lock);
    restart_bytes = peak_bytes = living_bytes;
    (void)pthread_mutex_unlock(&lock);
}

size_t failing_malloc_peak_bytes(void) {
    return told(&peak_bytes) - restart_bytes;
}

void failing_malloc_spy(size_t bytes) {
    (void)pthread_mutex_lock(&lock);
    spied_bytes = bytes;
    spied = -1;
    (void)pthread_mutex_unlock(&lock);
}

long failing_malloc_spied(void) {
    return spied;
}

void failing_malloc_seek(const void *pattern, size_t len) {
    (void)pthread_mutex_lock(&lock);
    sought = pattern;
    sought_len = len;
    found = 0;
    (void)pthread_mutex_unlock(&lock);
}

size_t failing_malloc_found(void) {
    return told(&found);
}

/* ---- under the lock ---- */

static void look_into(const void *memory) {
    if (sought == NULL) return;
    if (memmem(memory, malloc_usable_size((void *)(uintptr_t)memory), sought, sought_len) != NULL) found++;
}

/* The usable size may be larger than what was asked for: a spied size is one that the allocator does not round. */
static void spy(const void *memory) {
    if (spied_bytes == 0 || malloc_usable_size((void *)(uintptr_t)memory) != spied_bytes) return;
    spied = 0;
    for (size_t i = 0; i < spied_bytes; i++)
        spied += ((const uint8_t *)memory)[i] != 0;
}

static int fails(void) {
    const size_t index = asked++;
    return index >= first_failing && index <= last_failing;
}

/* What libc itself left behind `from` is nobody's here. */
static void clean(void *memory, size_t from) {
    const size_t bytes = malloc_usable_size(memory);
    if (sought != NULL && bytes > from) memset((char *)memory + from, 0, bytes - from);
}

static void add_bytes(const void *memory) {
    living_bytes += malloc_usable_size((void *)(uintptr_t)memory);
    if (living_bytes > peak_bytes) peak_bytes = living_bytes;
}

static void *count(void *memory) {
    if (memory == NULL) return NULL;
    clean(memory, 0);
    living++;
    add_bytes(memory);
    return memory;
}

static void *move(void *memory, size_t bytes) {
    const size_t before = malloc_usable_size(memory);
    void *moved;
    look_into(memory);
    moved = fails() ? NULL : __real_realloc(memory, bytes);
    if (moved == NULL) return NULL;
    clean(moved, before);
    living_bytes -= before;
    add_bytes(moved);
    return moved;
}

static void *unlocked(void *memory) {
    (void)pthread_mutex_unlock(&lock);
    return memory;
}

void *__wrap_malloc(size_t bytes) {
    (void)pthread_mutex_lock(&lock);
    return unlocked(fails() ? NULL : count(__real_malloc(bytes)));
}

void *__wrap_calloc(size_t members, size_t bytes) {
    (void)pthread_mutex_lock(&lock);
    return unlocked(fails() ? NULL : count(__real_calloc(members, bytes)));
}

void *__wrap_realloc(void *memory, size_t bytes) {
    if (memory == NULL) return __wrap_malloc(bytes);
    (void)pthread_mutex_lock(&lock);
    return unlocked(move(memory, bytes));
}

void __wrap_free(void *memory) {
    if (memory == NULL) return;
    (void)pthread_mutex_lock(&lock);
    look_into(memory);
    spy(memory);
    living--;
    living_bytes -= malloc_usable_size(memory);
    __real_free(memory);
    (void)pthread_mutex_unlock(&lock);
}
