/* SPDX-License-Identifier: Apache-2.0
 * A connection driven by the thread that waits for it, for programs that do one thing: who has bytes to send and takes
 * what comes is sans-IO and does not know. */
#ifndef GRILLE_KMS_PUMP_H
#define GRILLE_KMS_PUMP_H

#include "loop/address.h"

/* Whose bytes these are. */
typedef struct grille_pump_flow {
    void *user;
    /* What is to be sent now, borrowed until the next call; and how much of it was. */
    grille_bytes (*outgoing)(void *user);
    void (*sent)(void *user, size_t len);
    /* What came, and that nothing comes any more. MORE: go on; anything else ends it, what is outgoing then is still
     * tried to be sent. */
    grille_reason (*feed)(void *user, grille_bytes bytes, grille_error *error);
    grille_reason (*ended)(void *user, grille_error *error);
} grille_pump_flow;

/* Connects to the first that `address` means and answers, drives the flow to its end and closes; blocks up to
 * `timeout_ms` in all. `stop`: a descriptor that becomes readable when it is to be given up, or -1. The flow's reason;
 * LOOP_ADDRESS_UNSUPPORTED (hybrid, nitro, inproc, fd, vsock:any), LOOP_SOCKET, LOOP_DIAL, LOOP_DIAL_TIMEOUT (no answer
 * in time, connected or not), LOOP_CONNECTION_LOST, LOOP_CHANNEL_CLOSED (stopped); all with a text. */
GRILLE_MUST_USE grille_reason grille_pump_run(const grille_address *address, const grille_pump_flow *flow,
                                              uint32_t timeout_ms, int stop, grille_error *error);

#endif
