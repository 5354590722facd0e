/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "bench/mode.h"

static int connection = -1;
static uint8_t *message;
static size_t message_len;

static void serve(const char *path, const char *folder, size_t message_bytes) {
    uint8_t *buffer = malloc(message_bytes);
    int fd = bench_accept_one(path);
    (void)folder;
    while (buffer != NULL && bench_read_all(fd, buffer, message_bytes) && bench_write_all(fd, buffer, message_bytes)) {
    }
    exit(0);
}

static bool connect_to(const char *path, const char *folder, size_t message_bytes) {
    (void)folder;
    message = calloc(1, message_bytes);
    message_len = message_bytes;
    connection = bench_connect(path);
    return message != NULL;
}

static bool ping(void) {
    return bench_write_all(connection, message, message_len) && bench_read_all(connection, message, message_len);
}

static void close_it(void) {
    (void)close(connection);
    free(message);
}

const bench_mode bench_mode_raw = {
    .name = "raw", .serve = serve, .connect = connect_to, .ping = ping, .close = close_it};
