/* SPDX-License-Identifier: Apache-2.0
 * The Files service: files of one folder, streamed. */
#ifndef EXAMPLES_CENSUS_FILES_H
#define EXAMPLES_CENSUS_FILES_H

#include "grille/grille.h"

/* Serves the plain files of `folder` (an open descriptor, which outlives the services). */
GRILLE_MUST_USE grille_code census_serve_files(grille_services *services, const int *folder, grille_error *error);

#endif
