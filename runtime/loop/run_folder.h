/* SPDX-License-Identifier: Apache-2.0
 * The folder in which enclaves that were started on this machine (grille enclave run) say where they can be dialled:
 * $XDG_RUNTIME_DIR/grille/enclaves; without that variable /run/grille/enclaves for root and /tmp/enclaves-UID
 * for others. In it one folder for each enclave, and in that a file `address` of one line without the port,
 * "hybrid:PATH" or "vsock:CID", which is there while the enclave runs. Nothing here is trusted: who answers at an
 * address is proved by the gate. Blocking calls on local files; any thread. */
#ifndef GRILLE_LOOP_RUN_FOLDER_H
#define GRILLE_LOOP_RUN_FOLDER_H

#include "base/bytes.h"
#include "loop/address.h"

/* A path of the folder or of a file in it, with its terminator. */
#define GRILLE_RUN_PATH_BYTES 256

/* Whether an enclave can have this name: 1 to GRILLE_LIMIT_ENCLAVE_NAME_BYTES of A-Z a-z 0-9 . _ -, not first a dot or
 * a dash. */
bool grille_run_name_is_valid(grille_bytes name);

/* The path of the folder, whether it is there or not. LOOP_RUN_FOLDER: XDG_RUNTIME_DIR is not an absolute path or too
 * long. */
GRILLE_MUST_USE grille_reason grille_run_folder(char path[GRILLE_RUN_PATH_BYTES], grille_error *error);

/* The address of `port` of the enclave `name` (valid). LOOP_ENCLAVE_UNKNOWN: none of that name runs here.
 * LOOP_RUN_FOLDER: the folder belongs to somebody else or others may write to it, or the file holds no such line. */
GRILLE_MUST_USE grille_reason grille_run_address(grille_bytes name, uint32_t port, grille_address *address,
                                                 grille_error *error);

#endif
