/* SPDX-License-Identifier: Apache-2.0
 * Bytes on a nonblocking stream socket, as they are or in TLS records: the two ceilings share all else (echo.h). One
 * thread at a time has a link, with the workspace of that thread. */
#ifndef GRILLE_BENCH_LINK_H
#define GRILLE_BENCH_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most that is read from a socket at once, and most that is sealed before it is written. Unix sockets hold 208 KiB by
 * default. */
enum { BENCH_READ_BYTES = 256 << 10, BENCH_WRITE_BYTES = 128 << 10 };
/* Records add at most this to BENCH_WRITE_BYTES (RFC 8446 5.2: 22 bytes each of 16 KiB), with room to spare. */
enum { BENCH_SEALED_BYTES = BENCH_WRITE_BYTES + (8 << 10) };
/* What one turn can open: what was read, and a record that had begun before. */
enum { BENCH_PLAIN_BYTES = BENCH_READ_BYTES + (32 << 10) };

/* Buffers that all links of a thread share, so that an idle connection has none. */
typedef struct bench_workspace {
    uint8_t *received; /* BENCH_READ_BYTES */
    size_t at;
    size_t filled;
    uint8_t *plain;  /* BENCH_PLAIN_BYTES */
    uint8_t *sealed; /* BENCH_SEALED_BYTES */
    size_t sealed_len;
    uint8_t *spare; /* another, or NULL */
} bench_workspace;

bool bench_workspace_init(bench_workspace *workspace);
void bench_workspace_deinit(bench_workspace *workspace);

/* Base of both kinds. */
typedef struct bench_link {
    const struct bench_link_kind *kind;
    int fd;
    bool is_open;    /* TLS: the handshake is done */
    uint8_t *behind; /* sealed bytes that the socket did not take */
    size_t behind_at;
    size_t behind_len;
} bench_link;

typedef struct bench_link_kind {
    const char *cipher;
    /* Once in a process, before links of this side are made. False after a message on standard error. */
    bool (*prepare)(bool is_server);
    void (*release)(void);
    /* Takes the socket over; a client's end says hello. NULL: no memory, or it failed; the socket is closed. */
    bench_link *(*open)(int fd, bool is_server, bench_workspace *workspace);
    /* All that has come, whole: its length, and where it is until the next call with this workspace. 0: nothing yet (a
     * handshake may have gone on). -1: the peer has ended, or it failed. */
    long (*take)(bench_link *link, bench_workspace *workspace, const uint8_t **bytes);
    /* How much of it was taken: less when the socket is full, then wait for it to be writable. -1: failed. */
    long (*put)(bench_link *link, bench_workspace *workspace, const uint8_t *bytes, size_t len);
    /* Closes the socket too. */
    void (*close)(bench_link *link, bench_workspace *workspace);
} bench_link_kind;

/* For the kinds: one read or write; bytes moved, 0 when it would have to wait, -1 at the end and for errors. */
long bench_link_receive(bench_link *link, uint8_t *buffer, size_t capacity);
long bench_link_transmit(bench_link *link, const uint8_t *bytes, size_t len);

/* Writes what is behind; false: failed. Something may still be behind after it. */
bool bench_link_catch_up(bench_link *link, bench_workspace *workspace);

#endif
