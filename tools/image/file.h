/* SPDX-License-Identifier: Apache-2.0
 * Files of any length, looked at without reading them into memory first. */
#ifndef GRILLE_TOOLS_IMAGE_FILE_H
#define GRILLE_TOOLS_IMAGE_FILE_H

#include <stdbool.h>

#include "grille/reasons.h"

/* Maps a regular file; end with image_file_unmap. An empty file is a view with data and no bytes. SYSTEM otherwise. */
GRILLE_MUST_USE bool image_file_map(const char *path, grille_bytes *content, grille_error *error);
void image_file_unmap(grille_bytes content);

#endif
