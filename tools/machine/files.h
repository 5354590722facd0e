/* SPDX-License-Identifier: Apache-2.0
 * Writing files. */
#ifndef GRILLE_TOOLS_MACHINE_FILES_H
#define GRILLE_TOOLS_MACHINE_FILES_H

#include <stdbool.h>

#include "grille/reasons.h"

/* Writes all of it; false with errno set. */
GRILLE_MUST_USE bool machine_write_all(int file, grille_bytes content);

/* Puts a file into the folder, whole or not at all. SYSTEM. */
GRILLE_MUST_USE bool machine_file_put(int folder, const char *file, grille_bytes content, grille_error *error);

#endif
