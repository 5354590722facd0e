/* SPDX-License-Identifier: Apache-2.0
 * The folder of a simulated NSM: its user's alone, and files that are written once. */
#ifndef GRILLE_NSM_SIMULATED_FOLDER_H
#define GRILLE_NSM_SIMULATED_FOLDER_H

#include <stdbool.h>
#include <sys/stat.h>

#include "grille/reasons.h"

/* Opens it as a descriptor, which the caller closes. SYSTEM: there is none, it is another user's, or others can read or
 * enter it. `path` is for the call and for error texts. */
GRILLE_MUST_USE grille_reason grille_nsm_simulated_folder_open(const char *path, int *descriptor, grille_error *error);

/* Writes a new file of this mode and has it on disk; SYSTEM, and errno, with nothing left when it can't, or when there
 * is one already. */
GRILLE_MUST_USE grille_reason grille_nsm_simulated_file_write(int folder, const char *name, mode_t mode,
                                                              grille_bytes content);

/* Reads a whole file of at most `capacity` bytes. SYSTEM when it can't be read, is another user's, longer than that, or
 * has one of the mode bits `forbidden`; `path` is the folder's, for error texts. */
GRILLE_MUST_USE grille_reason grille_nsm_simulated_file_read(int folder, const char *path, const char *name,
                                                             mode_t forbidden, char *content, size_t capacity,
                                                             size_t *len, grille_error *error);

#endif
