/* SPDX-License-Identifier: Apache-2.0
 * Reading what the command line names: documents and other small files, of hostile content. */
#ifndef GRILLE_TOOLS_INPUT_H
#define GRILLE_TOOLS_INPUT_H

#include <stdbool.h>

#include "grille/reasons.h"

/* Reads the file at `path` ("-": standard input) up to `capacity` bytes; *more says that there were further ones, which
 * are not read. A regular file longer than that is not read at all. False: it can't be opened or read, or is a folder;
 * *error says which. */
GRILLE_MUST_USE bool input_read(const char *path, uint8_t *content, size_t capacity, size_t *len, bool *more,
                                grille_error *error);

/* Where a document is read to. */
typedef struct input_document {
    uint8_t read[24576]; /* the longest document as base64 with line ends */
    uint8_t decoded[18432];
    grille_bytes document; /* views one of them */
    bool too_long;         /* for `read`: nothing of it is to be used */
} input_document;

/* Reads a document as people pass it on: its bytes (COSE begins with 0x84 or 0xd2), or base64 of them (RFC 4648 4 or 5;
 * padding and line ends optional). The view is empty when the file is, or too long. */
GRILLE_MUST_USE bool input_read_document(const char *path, input_document *input, grille_error *error);

/* Sets ATTEST-SIZE, of a file that was too long. */
grille_reason input_refuse_length(grille_error *error);

#endif
