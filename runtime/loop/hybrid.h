/* SPDX-License-Identifier: Apache-2.0
 * The handshake of a hybrid vsock (Firecracker docs/vsock.md; Cloud Hypervisor and vhost-device-vsock alike): the host
 * side writes "CONNECT <port>\n" and gets "OK <host port>\n"; from the next byte on the stream is the guest's. */
#ifndef GRILLE_LOOP_HYBRID_H
#define GRILLE_LOOP_HYBRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/limits.h"

/* The answer line so far. Caller's storage; zero to start. */
typedef struct grille_hybrid_answer {
    char text[GRILLE_LIMIT_HYBRID_ANSWER_BYTES];
    size_t len;
} grille_hybrid_answer;

typedef enum grille_hybrid_result {
    GRILLE_HYBRID_MORE,      /* not whole yet */
    GRILLE_HYBRID_CONNECTED, /* the line is consumed, nothing behind it */
    GRILLE_HYBRID_CLOSED,    /* end of stream or an error before the line's end */
    GRILLE_HYBRID_BAD        /* another line, or one that is too long */
} grille_hybrid_result;

/* Takes one byte of the answer. Pure. */
grille_hybrid_result grille_hybrid_take_byte(grille_hybrid_answer *answer, uint8_t byte);

/* Writes the CONNECT line to a nonblocking socket that nothing was written to before. False when it does not take it.
 */
bool grille_hybrid_send_connect(int fd, uint32_t port);

/* Reads the answer from a nonblocking socket, byte by byte, never beyond its newline. */
grille_hybrid_result grille_hybrid_read_answer(grille_hybrid_answer *answer, int fd);

#endif
