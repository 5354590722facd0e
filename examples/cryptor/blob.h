/* SPDX-License-Identifier: Apache-2.0
 * Files of the examples' programs. */
#ifndef ACME_BLOB_H
#define ACME_BLOB_H

#include <stdbool.h>

#include "grille/bytes.h"

/* Memory and its length; data NULL when there is none. */
typedef struct blob {
    uint8_t *data;
    size_t len;
} blob;

/* Reads FOLDER/NAME (NAME alone when folder is NULL) of at most `most` bytes; on failure says why on standard error. */
GRILLE_MUST_USE bool blob_read(const char *folder, const char *name, size_t most, blob *into);
/* Writes FOLDER/NAME, readable by its owner only. */
GRILLE_MUST_USE bool blob_write(const char *folder, const char *name, const void *data, size_t len);
/* Wipes and frees. */
void blob_free(blob *b);
grille_bytes blob_bytes(const blob *b);

#endif
