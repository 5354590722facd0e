/* SPDX-License-Identifier: Apache-2.0
 * What is measured: one way to ask a server for the same bytes back. */
#ifndef GRILLE_BENCH_MODE_H
#define GRILLE_BENCH_MODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct bench_mode {
    const char *name;
    /* Serves on a Unix socket until SIGTERM; ends the process. `folder` has identities and policies. */
    void (*serve)(const char *path, const char *folder, size_t message_bytes);
    /* Connects (trying again until the server listens), then asks once per call. */
    bool (*connect)(const char *path, const char *folder, size_t message_bytes);
    bool (*ping)(void);
    void (*close)(void);
} bench_mode;

extern const bench_mode bench_mode_raw;    /* the transport alone: one write, one read each way */
extern const bench_mode bench_mode_tls;    /* wolfSSL's records on it, no framing: the ceiling of any TLS channel */
extern const bench_mode bench_mode_grille; /* a unary call, generated code on both sides */

/* A connected or listening stream socket; ends the process on failure. */
int bench_connect(const char *path);
int bench_accept_one(const char *path);
bool bench_write_all(int fd, const uint8_t *data, size_t len);
bool bench_read_all(int fd, uint8_t *data, size_t len);

#endif
