/* SPDX-License-Identifier: Apache-2.0
 * Files of the command: small, written once, never over another. */
#ifndef GRILLE_TOOLS_FILES_H
#define GRILLE_TOOLS_FILES_H

#include <stdbool.h>

#include "grille/status.h"

/* Writes a new file DIR/NAME; the folder is made (0700) when it is missing. An existing file is an error. The file is
 * readable by its owner only unless `is_public`. */
GRILLE_MUST_USE bool file_write_new(const char *folder, const char *name, grille_bytes content, bool is_public,
                                    grille_error *error);

/* Puts `content` in the place of the file at `path`, whole or not at all: a new file in its folder, with its
 * permissions and owner, takes its name. A link is followed. */
GRILLE_MUST_USE bool file_replace(const char *path, grille_bytes content, grille_error *error);

/* Takes back what file_write_new made. */
void file_remove(const char *folder, const char *name);

/* Reads DIR/NAME of at most `capacity` bytes. */
GRILLE_MUST_USE bool file_read(const char *folder, const char *name, uint8_t *content, size_t capacity, size_t *len,
                               grille_error *error);

#endif
