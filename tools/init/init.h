/* SPDX-License-Identifier: Apache-2.0
 * The first process of an enclave: it makes the ground ready, runs one command, and ends the enclave with it. What it
 * expects in the ramdisks is in tools/image/build.h. Lines that it says go to the console, which nobody but a debug
 * enclave's parent sees. */
#ifndef GRILLE_TOOLS_INIT_INIT_H
#define GRILLE_TOOLS_INIT_INIT_H

#include <stdbool.h>
#include <sys/types.h>

#include "ground.h"

#define INIT_ROOT    "/rootfs"
#define INIT_CMD     "/cmd"
#define INIT_ENV     "/env"
#define INIT_MODULES "/modules"

/* ---- mounts.c ---- */

/* Mounts what a program expects, below INIT_ROOT. False: nothing can run. */
bool init_mount_root(void);

/* ---- seed.c ---- */

/* Gives the kernel's generator 256 bytes of the NSM's; false without one. */
bool init_seed(void);

/* ---- ready.c ---- */

/* Tells the parent that we are up: one byte to port 9000 of it and back (nitro-cli, "enclave ready"). False: nobody
 * answered within `patience_ms`. */
bool init_tell_ready(int patience_ms);

/* ---- lines.c ---- */

/* What execve(2) takes for all of it is 2 MiB (ARG_MAX). */
#define INIT_LINES_BYTES_MAX (1 << 20)

/* The lines of a file, one entry each and a NULL after them, as execve(2) takes them; an empty line is an empty word.
 * NULL when it can't be read, is longer than INIT_LINES_BYTES_MAX, or has a byte 0. Never freed: the first entry is the
 * memory of all of them. */
char **init_read_lines(const char *path);

/* ---- supervise.c ---- */

/* Runs the command within INIT_ROOT as a child, passes signals on, takes in whom it leaves behind; its exit status, or
 * 128 and the signal's number. */
int init_supervise(char **cmd, char **env);

#endif
