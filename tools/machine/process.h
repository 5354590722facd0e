/* SPDX-License-Identifier: Apache-2.0
 * A process of this machine, by more than its number: numbers are given again. */
#ifndef GRILLE_TOOLS_MACHINE_PROCESS_H
#define GRILLE_TOOLS_MACHINE_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "grille/bytes.h"

typedef struct machine_process {
    pid_t pid;
    uint64_t start_ticks; /* since the machine's start (proc(5), /proc/PID/stat, starttime) */
} machine_process;

/* Reads the content of /proc/PID/stat; false when it is malformed or tells of a process that has ended. */
GRILLE_MUST_USE bool machine_process_read(grille_bytes stat, machine_process *process);

/* The process that has this number now; false when there is none. */
GRILLE_MUST_USE bool machine_process_of(pid_t pid, machine_process *process);

/* A descriptor of exactly this process, readable when it ends; the caller closes it. -1: it has ended. */
GRILLE_MUST_USE int machine_process_open(const machine_process *process);
bool machine_process_lives(const machine_process *process);

#endif
