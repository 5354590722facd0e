/* SPDX-License-Identifier: Apache-2.0 */
#include "child_memory.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"

enum { PAGE = 4096, PIECE_PAGES = 256, OVERLAP = 256 };
/* Of an entry of /proc/PID/pagemap (Linux Documentation/admin-guide/mm/pagemap.rst). */
static const uint64_t present_or_swapped = UINT64_C(3) << 62;

typedef struct memory {
    int mem, pagemap;
    memory_pattern *patterns;
    size_t count;
    size_t searched;
    uint8_t *bytes; /* OVERLAP bytes of the span before, then PIECE_PAGES pages */
    size_t kept;    /* of the overlap */
} memory;

static void count_in(memory *m, size_t len) {
    for (size_t i = 0; i < m->count; i++) {
        memory_pattern *p = &m->patterns[i];
        const uint8_t *at = m->bytes + OVERLAP - m->kept;
        const uint8_t *end = m->bytes + OVERLAP + len;
        while ((at = memmem(at, (size_t)(end - at), p->data, p->len)) != NULL) {
            /* What lies in the overlap alone was counted before. */
            if (at + p->len > m->bytes + OVERLAP) p->found++;
            at++;
        }
    }
}

static void search_span(memory *m, uintptr_t start, size_t pages) {
    m->kept = 0;
    while (pages > 0) {
        const size_t part = pages < PIECE_PAGES ? pages : PIECE_PAGES;
        const ssize_t len = pread(m->mem, m->bytes + OVERLAP, part * PAGE, (off_t)start);
        if (len <= 0) return; /* it has gone meanwhile */
        count_in(m, (size_t)len);
        memcpy(m->bytes, m->bytes + (size_t)len, OVERLAP);
        m->kept = OVERLAP;
        m->searched += (size_t)len;
        start += part * PAGE;
        pages -= part;
    }
}

/* Only pages that are there: others hold nothing of the process's own. */
static void search_mapping(memory *m, uintptr_t start, uintptr_t end) {
    const size_t pages = (end - start) / PAGE;
    uint64_t *entries = calloc(pages + 1, sizeof *entries);
    size_t first = 0;
    assert_non_null(entries);
    assert_int_equal(pread(m->pagemap, entries, pages * sizeof *entries, (off_t)(start / PAGE * sizeof *entries)),
                     (ssize_t)(pages * sizeof *entries));
    for (size_t i = 0; i <= pages; i++) {
        if (i < pages && (entries[i] & present_or_swapped) != 0) continue;
        if (i > first) search_span(m, start + first * PAGE, i - first);
        first = i + 1;
    }
    free(entries);
}

static int open_of(pid_t pid, const char *name) {
    char path[64];
    int fd = -1;
    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

size_t child_memory_search(pid_t pid, memory_pattern *patterns, size_t count) {
    memory m = {.mem = open_of(pid, "mem"), .pagemap = open_of(pid, "pagemap"), .patterns = patterns, .count = count};
    char line[512];
    FILE *maps = fdopen(open_of(pid, "maps"), "r");
    m.bytes = malloc(OVERLAP + PIECE_PAGES * PAGE);
    assert_non_null(m.bytes);
    assert_non_null(maps);
    for (size_t i = 0; i < count; i++)
        patterns[i].found = 0;
    while (fgets(line, sizeof line, maps) != NULL) {
        char *rest = NULL;
        const uintptr_t start = strtoul(line, &rest, 16);
        const uintptr_t end = strtoul(rest + 1, &rest, 16);
        if (rest[1] != 'r' || strstr(line, "[vvar") != NULL || strstr(line, "[vsyscall]") != NULL) continue;
        search_mapping(&m, start, end);
    }
    (void)fclose(maps);
    (void)close(m.mem);
    (void)close(m.pagemap);
    free(m.bytes);
    return m.searched;
}
