/* SPDX-License-Identifier: Apache-2.0
 * The word of an enclave's init that it is up: it connects to port 9000 of its parent, sends 0xB7 and gets the same
 * back (aws-nitro-enclaves-cli, enclave_proc/utils.rs; sdk-bootstrap, init/init.c). Here the port is a Unix socket, as
 * vhost-device-vsock has it. */
#ifndef GRILLE_TOOLS_MACHINE_READY_H
#define GRILLE_TOOLS_MACHINE_READY_H

#include <stdbool.h>

#include "grille/status.h"

#define MACHINE_READY_BYTE 0xb7

typedef struct machine_ready {
    int listener;
    int connection; /* -1: none; of several the last counts */
    bool is_up;
} machine_ready;

/* Listens in the folder. BAD_ARGUMENT: its path is too long for a socket; SYSTEM. */
GRILLE_MUST_USE bool machine_ready_open(machine_ready *ready, const char *folder, grille_error *error);
/* Takes what has come on either descriptor, without waiting. */
void machine_ready_look(machine_ready *ready);
void machine_ready_close(machine_ready *ready);

/* Whether somebody listens on the Unix socket at `path`, by /proc/net/unix: its file is there a moment before, and who
 * connects then is refused. */
bool machine_socket_listens(const char *path);

#endif
