/* SPDX-License-Identifier: Apache-2.0
 * Asks `nitro-cli describe-enclaves` for an enclave's CID. A process is run, found on PATH: what it says leads to an
 * address and to nothing else, who answers there is proved by the gate. No handler of SIGCHLD is needed or touched. */
#ifndef GRILLE_LOOP_NITRO_CLI_H
#define GRILLE_LOOP_NITRO_CLI_H

#include "base/bytes.h"
#include "loop/loop.h"

typedef struct grille_nitro_cli grille_nitro_cli;

/* Told once, in a later turn than the start: the CID, or an error (LOOP_ENCLAVE_UNKNOWN, LOOP_NITRO_CLI). The question
 * is gone then. */
typedef void grille_nitro_cli_fn(void *user, uint32_t cid, const grille_error *error);

/* Starts asking for the enclave `name` (valid, loop/run_folder.h; copied). LOOP_ENCLAVE_UNKNOWN: there is no nitro-cli
 * here; LOOP_NITRO_CLI: it can't be run; OUT_OF_MEMORY. Leader. */
GRILLE_MUST_USE grille_reason grille_nitro_cli_start(grille_loop *loop, grille_bytes name, grille_nitro_cli_fn *done,
                                                     void *user, grille_nitro_cli **question, grille_error *error);

/* Gives up: the process is ended, done does not come. Leader. */
void grille_nitro_cli_cancel(grille_nitro_cli *question);

#endif
