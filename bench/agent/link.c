/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/agent/link.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

bool bench_workspace_init(bench_workspace *workspace) {
    *workspace = (bench_workspace){
        .received = malloc(BENCH_READ_BYTES), .plain = malloc(BENCH_PLAIN_BYTES), .sealed = malloc(BENCH_SEALED_BYTES)};
    return workspace->received != NULL && workspace->plain != NULL && workspace->sealed != NULL;
}

void bench_workspace_deinit(bench_workspace *workspace) {
    free(workspace->received);
    free(workspace->plain);
    free(workspace->sealed);
    free(workspace->spare);
    *workspace = (bench_workspace){0};
}

static bool must_wait(void) {
    return errno == EAGAIN || errno == EINTR;
}

long bench_link_receive(bench_link *link, uint8_t *buffer, size_t capacity) {
    const ssize_t got = recv(link->fd, buffer, capacity, 0);
    if (got > 0) return got;
    return got < 0 && must_wait() ? 0 : -1;
}

long bench_link_transmit(bench_link *link, const uint8_t *bytes, size_t len) {
    const ssize_t wrote = send(link->fd, bytes, len, MSG_NOSIGNAL);
    if (wrote >= 0) return wrote;
    return must_wait() ? 0 : -1;
}

bool bench_link_catch_up(bench_link *link, bench_workspace *workspace) {
    while (link->behind_at < link->behind_len) {
        const long wrote =
            bench_link_transmit(link, link->behind + link->behind_at, link->behind_len - link->behind_at);
        if (wrote <= 0) return wrote == 0;
        link->behind_at += (size_t)wrote;
    }
    if (link->behind == NULL) return true;
    if (workspace->spare == NULL)
        workspace->spare = link->behind;
    else
        free(link->behind);
    link->behind = NULL;
    link->behind_at = 0;
    link->behind_len = 0;
    return true;
}
