/* SPDX-License-Identifier: Apache-2.0
 * What a debug enclave prints: kept in two files of its folder, the newest MACHINE_CONSOLE_BYTES always, at most twice
 * as much. Whatever it prints, it does not wait. */
#ifndef GRILLE_TOOLS_MACHINE_CONSOLE_H
#define GRILLE_TOOLS_MACHINE_CONSOLE_H

#include <stdbool.h>

#include "grille/bytes.h"
#include "grille/status.h"

#define MACHINE_CONSOLE_BYTES (1u << 20)

typedef struct machine_console {
    int folder; /* borrowed */
    int file;   /* -1: closed; nothing is kept */
    size_t bytes;
} machine_console;

/* Begins an empty one in the folder. SYSTEM. */
GRILLE_MUST_USE bool machine_console_open(machine_console *console, int folder, grille_error *error);
/* A full disk loses what comes then. */
void machine_console_put(machine_console *console, grille_bytes text);
void machine_console_close(machine_console *console);

/* Its last lines, at most `capacity` bytes with the terminator; bytes that steer a terminal become dots. */
void machine_console_last_lines(int folder, char *text, size_t capacity);

/* Prints to `out` what is there, and what comes until the process behind `pidfd` ends (-1: has ended). SYSTEM. */
GRILLE_MUST_USE bool machine_console_follow(int folder, const char *path, int pidfd, int out, grille_error *error);

#endif
