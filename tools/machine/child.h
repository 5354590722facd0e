/* SPDX-License-Identifier: Apache-2.0
 * Programs that a supervisor runs: they end when it does, however it ends. */
#ifndef GRILLE_TOOLS_MACHINE_CHILD_H
#define GRILLE_TOOLS_MACHINE_CHILD_H

#include "machine/qemu.h"

typedef struct machine_child {
    const char *what; /* "QEMU" */
    pid_t pid;        /* 0: not started, or taken in */
    bool ended;
    int status; /* of waitpid(2), when it has ended */
} machine_child;

/* Starts it with these descriptors as standard output and error; nothing else of ours is open there. The kernel kills
 * it when the calling thread ends. SYSTEM. A program that can't be run says so on `err` and ends with status 127. */
GRILLE_MUST_USE bool machine_child_start(machine_child *child, const machine_arguments *arguments, int out, int err,
                                         grille_error *error);

/* Takes in the child when it has ended. */
void machine_child_look(machine_child *child);
/* Ends it, and waits until it has. It holds nothing that would have to be saved. */
void machine_child_end(machine_child *child);

/* "ended with status 1", "was killed by signal 9" */
void machine_child_tell(const machine_child *child, char *text, size_t capacity);

#endif
