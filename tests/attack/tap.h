/* SPDX-License-Identifier: Apache-2.0
 * A relay of bytes between a genuine caller and a genuine server, on a thread of its own: it sees all, and may change a
 * bit. */
#ifndef GRILLE_TESTS_ATTACK_TAP_H
#define GRILLE_TESTS_ATTACK_TAP_H

#include "stage.h"

typedef struct tap {
    victim_channel caller;
    pthread_t thread;
    int caller_fd, server_fd;
    int stop[2];         /* a pipe */
    atomic_bool changes; /* the next record of the caller */
    atomic_uint changed;
    uint8_t *seen; /* all bytes of both directions */
    size_t seen_len;
} tap;

/* Opens a channel through the tap; asserts that it gets ready. No call is under way. */
void tap_open(tap *t, const stage_server *server, const grille_identity *identity, grille_policy *policy);
/* Ends the channel and the tap; what was seen stays until tap_free. */
void tap_close(tap *t);
void tap_free(tap *t);
/* From the next record on that the caller sends: a bit of its last byte of data is another one. */
void tap_change(tap *t);
bool tap_saw(const tap *t, const char *text);

#endif
