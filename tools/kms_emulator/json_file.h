/* SPDX-License-Identifier: Apache-2.0
 * Files of JSON in a folder: small, strict, written whole or not at all. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_JSON_FILE_H
#define GRILLE_TOOLS_KMS_EMULATOR_JSON_FILE_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>

#include "grille/reasons.h"

/* The longest file: a thousand callers. */
#define KMS_FILE_BYTES 1048576

/* "FOLDER/NAME". False: too long. */
GRILLE_MUST_USE bool kms_path_join(char path[PATH_MAX], const char *folder, const char *name, grille_error *error);

/* A whole file, terminated, from malloc; NULL: SYSTEM, or BAD_ARGUMENT when it is longer than KMS_FILE_BYTES. */
GRILLE_MUST_USE char *kms_file_read(const char *path, size_t *len, grille_error *error);

/* What FOLDER/NAME holds, for json_decref; a member twice is refused. NULL: SYSTEM, or BAD_ARGUMENT with "FILE: line
 * L, column C: …". */
GRILLE_MUST_USE json_t *kms_json_read(const char *folder, const char *name, grille_error *error);

/* Puts text in the place of FOLDER/NAME, which is made when it is not there, whole or not at all, readable by its owner
 * only; on the disk when this succeeds. */
GRILLE_MUST_USE bool kms_file_put(const char *folder, const char *name, grille_bytes content, grille_error *error);

/* The same of JSON, indented. */
GRILLE_MUST_USE bool kms_json_put(const char *folder, const char *name, const json_t *value, grille_error *error);

/* A copy with a terminator, from malloc; NULL: no memory. */
GRILLE_MUST_USE char *kms_text_of(grille_bytes bytes);

/* From now on freed JSON of this process is wiped: call it before any. */
void kms_json_wipe_freed(void);

#endif
