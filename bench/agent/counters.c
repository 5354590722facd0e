/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/agent/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static _Atomic uint64_t own_count;
static bench_counters *page;

_Atomic uint64_t *bench_heap_counter = &own_count;
bool bench_heap_is_counted;

bool bench_counters_open(const char *path, bool as_server) {
    struct stat about;
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    bench_counters *mapped = NULL;
    if (fd < 0) return false;
    /* A shorter file maps as well, and kills whoever counts. */
    if (fstat(fd, &about) != 0 || about.st_size < BENCH_COUNTERS_BYTES) {
        (void)close(fd);
        errno = EINVAL;
        return false;
    }
    mapped = mmap(NULL, BENCH_COUNTERS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (mapped == MAP_FAILED) return false;
    page = mapped;
    bench_heap_counter = as_server ? &page->server_heap_calls : &page->client_heap_calls;
    if (bench_heap_is_counted) atomic_store(as_server ? &page->server_counts : &page->client_counts, 1);
    return true;
}

int64_t bench_counters_of_server(void) {
    if (page == NULL || atomic_load(&page->server_counts) == 0) return -1;
    return (int64_t)atomic_load(&page->server_heap_calls);
}

int64_t bench_counters_of_client(void) {
    if (page == NULL || atomic_load(&page->client_counts) == 0) return -1;
    return (int64_t)atomic_load(&page->client_heap_calls);
}
