/* SPDX-License-Identifier: Apache-2.0
 * The process that keeps a machine. */
#ifndef GRILLE_TOOLS_MACHINE_SUPERVISOR_H
#define GRILLE_TOOLS_MACHINE_SUPERVISOR_H

#include "machine/machine.h"

/* What the supervisor tells whoever started it, once. */
typedef struct machine_report {
    bool is_up;
    machine_state state;     /* is_up */
    machine_failure failure; /* else */
} machine_report;

/* Starts the machine, reports on the descriptor `report`, and keeps it until it ends. All in this process, which is the
 * supervisor's own and has no other descriptors of use. */
void machine_supervise(const machine_request *request, int report);

#endif
