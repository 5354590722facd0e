/* SPDX-License-Identifier: Apache-2.0
 * What any first process of a machine does: a console, devices, modules. */
#ifndef GRILLE_TOOLS_INIT_GROUND_H
#define GRILLE_TOOLS_INIT_GROUND_H

/* Says one line on the console. */
void init_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, with errno's text at its end. */
void init_say_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Mounts /dev and opens the console as the standard files. */
void init_mount_devices(void);

/* Loads each file of the folder, in the order of names; those that are there already count as loaded. A module that
 * can't be loaded is said and passed over: the program finds out what it needs. */
void init_load_modules(const char *folder);

#endif
