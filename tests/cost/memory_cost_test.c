/* SPDX-License-Identifier: Apache-2.0
 * Goal: what a server keeps for an attested connection that is idle does not grow. The server is a process of its own;
 * its heap is counted block by block, with what the allocator adds, in a page that both processes see. */
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "load.h"

enum {
    CONNECTIONS = 32,
    /* Bytes of heap for one idle connection: about five percent above what it took when this was last set. */
    MOST_BYTES = 20800,
    /* Everything that a connection keeps between calls is given back by then, even where others have the CPU. */
    PATIENCE_TICKS = 2000,
    TICK_US = 10000
};

/* glibc's own names, so that nothing has to be looked up (which would allocate). */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

typedef struct heap_page {
    atomic_long bytes;
} heap_page;

static heap_page *page; /* NULL: this process is not counted */

/* In front of each block glibc keeps its size. */
static long bytes_of(void *memory) {
    return memory == NULL ? 0 : (long)(malloc_usable_size(memory) + sizeof(size_t));
}

static void *counted_block(void *memory) {
    if (page != NULL) atomic_fetch_add(&page->bytes, bytes_of(memory));
    return memory;
}

void *malloc(size_t size) {
    return counted_block(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
    return counted_block(__libc_calloc(count, size));
}

void *realloc(void *memory, size_t size) {
    if (page != NULL) atomic_fetch_sub(&page->bytes, bytes_of(memory));
    return counted_block(__libc_realloc(memory, size));
}

void *memalign(size_t alignment, size_t size) {
    return counted_block(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size) {
    return memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    *memory = memalign(alignment, size);
    return *memory == NULL ? 12 /* ENOMEM */ : 0;
}

void free(void *memory) {
    if (page != NULL) atomic_fetch_sub(&page->bytes, bytes_of(memory));
    __libc_free(memory);
}

static const char *grille_program, *server_program;

/* Serves until the test ends it. */
static pid_t fork_server(cost_pair *pair, heap_page *shared, int ready[2]) {
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0) return pid;
    page = shared;
    cost_serve(pair);
    if (write(ready[1], "r", 1) != 1) _exit(1);
    for (;;)
        (void)pause();
}

/* The heap once nothing changes it any more: when it has stood still for long enough, and is small enough. */
static bool settles_below(const heap_page *shared, long most) {
    for (int tick = 0; tick < PATIENCE_TICKS; tick++) {
        if (atomic_load(&shared->bytes) <= most) return true;
        (void)usleep(TICK_US);
    }
    return false;
}

/* The least that was seen while it was given time to give things back. */
static long rest_of(const heap_page *shared) {
    long least = atomic_load(&shared->bytes);
    for (int tick = 0; tick < 50; tick++) {
        (void)usleep(TICK_US);
        const long now = atomic_load(&shared->bytes);
        if (now < least) least = now;
    }
    return least;
}

static void an_idle_connection_keeps_little(void **state) {
    heap_page *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    grille_channel *channels[CONNECTIONS + 1];
    cost_pair pair = {0};
    int ready[2];
    char byte = 0;
    long one = 0;
    (void)state;
    assert_ptr_not_equal(shared, MAP_FAILED);
    cost_prepare(&pair, grille_program, server_program);
    assert_int_equal(pipe(ready), 0);
    const pid_t server = fork_server(&pair, shared, ready);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    for (unsigned i = 0; i <= CONNECTIONS; i++) {
        channels[i] = world_channel(&pair.world, "x509", world_unix(&pair.world, "cost"));
        pair.channel = channels[i];
        (void)cost_call_many(&pair, 1, 1);
        if (i == 0) one = rest_of(shared);
    }
    const bool small = settles_below(shared, one + (long)CONNECTIONS * MOST_BYTES);
    const long each = (atomic_load(&shared->bytes) - one) / CONNECTIONS;
    print_message("%ld bytes of heap for each idle connection, at most %d\n", each, MOST_BYTES);
    assert_true(small);
    assert_true(each > MOST_BYTES / 2); /* else the bound says nothing */
    for (unsigned i = 0; i <= CONNECTIONS; i++)
        grille_channel_close(channels[i]);
    assert_int_equal(kill(server, SIGKILL), 0);
    assert_int_equal(waitpid(server, NULL, 0), server);
    cost_clean_up(&pair);
    (void)munmap(shared, sizeof *shared);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_idle_connection_keeps_little)};
    if (argc != 3) return 2;
    grille_program = argv[1];
    server_program = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
