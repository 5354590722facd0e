/* SPDX-License-Identifier: Apache-2.0
 * Connecting to an address, with a timeout of its own: a vsock connect that nobody answers hangs in the kernel. */
#ifndef GRILLE_LOOP_DIALER_H
#define GRILLE_LOOP_DIALER_H

#include "loop/address.h"
#include "loop/conduit.h"

typedef struct grille_dialer grille_dialer;

/* Told once, in a later turn than the start: a connected conduit that is the receiver's, or none and why
 * (LOOP_DIAL, LOOP_DIAL_TIMEOUT, LOOP_HYBRID_REFUSED, LOOP_SOCKET, LOOP_ADDRESS_UNSUPPORTED; of an enclave's name
 * LOOP_ENCLAVE_UNKNOWN, LOOP_RUN_FOLDER, LOOP_NITRO_CLI). The dialer is gone then. */
typedef void grille_dialed_fn(void *user, grille_conduit conduit, const grille_error *error);

/* Whether a process can dial this address, as opposed to listen on it only. Any thread. */
bool grille_dialer_takes(const grille_address *address);

/* Starts connecting. vsock:parent tries its CIDs in turn, each with its share of the time; hybrid sends CONNECT and
 * reads the answer line byte by byte (what follows is the peer's); nitro first finds out where the enclave is; fd takes
 * the descriptor over, inproc reaches a server of this process. OUT_OF_MEMORY is the only error. Leader. */
GRILLE_MUST_USE grille_reason grille_dialer_start(grille_loop *loop, const grille_address *address, uint32_t timeout_ms,
                                                  grille_dialed_fn *done, void *user, grille_dialer **dialer);

/* Gives up; done does not come. Leader. */
void grille_dialer_cancel(grille_dialer *dialer);

#endif
