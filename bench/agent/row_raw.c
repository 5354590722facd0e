/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "bench/agent/echo.h"
#include "bench/agent/row.h"

static bool prepare(bool is_server) {
    (void)is_server;
    return true;
}

static void release(void) {}

static const bench_link_kind kind;

static bench_link *open_link(int fd, bool is_server, bench_workspace *workspace) {
    bench_link *link = calloc(1, sizeof *link);
    (void)is_server;
    (void)workspace;
    if (link == NULL) {
        (void)close(fd);
        return NULL;
    }
    link->kind = &kind;
    link->fd = fd;
    link->is_open = true;
    return link;
}

static long take(bench_link *link, bench_workspace *workspace, const uint8_t **bytes) {
    *bytes = workspace->received;
    return bench_link_receive(link, workspace->received, BENCH_READ_BYTES);
}

static long put(bench_link *link, bench_workspace *workspace, const uint8_t *bytes, size_t len) {
    (void)workspace;
    return bench_link_transmit(link, bytes, len);
}

static void close_link(bench_link *link, bench_workspace *workspace) {
    (void)workspace;
    (void)close(link->fd);
    free(link);
}

static const bench_link_kind kind = {.cipher = "none",
                                     .prepare = prepare,
                                     .release = release,
                                     .open = open_link,
                                     .take = take,
                                     .put = put,
                                     .close = close_link};

static int serve(const bench_spec *spec, void (*ready)(const char *address)) {
    return bench_echo_serve(&kind, spec, ready);
}

static int load(const bench_spec *spec, bench_recorder *recorder) {
    return bench_echo_load(&kind, spec, recorder);
}

const bench_row bench_row_raw = {.name = "raw", .serve = serve, .load = load};
