/* SPDX-License-Identifier: Apache-2.0
 * The first process of an enclave: it makes the ground ready, runs one command, and ends the enclave with it. What it
 * expects in the ramdisks is in tools/image/build.h. Lines that it says go to the console, which nobody but a debug
 * enclave's parent sees. */
#ifndef GRILLE_TOOLS_INIT_INIT_H
#define GRILLE_TOOLS_INIT_INIT_H

#include <stdbool.h>
#include <sys/types.h>

#define INIT_ROOT    "/rootfs"
#define INIT_CMD     "/cmd"
#define INIT_ENV     "/env"
#define INIT_MODULES "/modules"

/* Says one line on the console. */
void init_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, with errno's text at its end. */
void init_say_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- mounts.c ---- */

/* Mounts /dev and opens the console as the standard files. */
void init_mount_devices(void);
/* Mounts what a program expects, below INIT_ROOT. False: nothing can run. */
bool init_mount_root(void);

/* ---- modules.c ---- */

/* Loads each file of INIT_MODULES, in the order of names; those that are there already count as loaded. A module that
 * can't be loaded is said and passed over: the program finds out what it needs. */
void init_load_modules(void);

/* ---- seed.c ---- */

/* Gives the kernel's generator 256 bytes of the NSM's; false without one. */
bool init_seed(void);

/* ---- ready.c ---- */

/* Tells the parent that we are up: one byte to port 9000 of it and back (nitro-cli, "enclave ready"). False: nobody
 * answered within `patience_ms`. */
bool init_tell_ready(int patience_ms);

/* ---- lines.c ---- */

/* The lines of a file, one entry each, as execve(2) takes them; ends the process when it can't be read, or when it is
 * no text. They live as long as the process. */
char **init_read_lines(const char *path);

/* ---- supervise.c ---- */

/* Runs the command within INIT_ROOT as a child, passes signals on, takes in whom it leaves behind; its exit status, or
 * 128 and the signal's number. */
int init_supervise(char **cmd, char **env);

#endif
