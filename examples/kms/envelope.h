/* SPDX-License-Identifier: Apache-2.0
 * The file that holds a data set on its way: its name, the data key as the key service wrapped it, the sealed records.
 * Whoever has the file reads the name and how long each record is, and nothing else. Any thread. */
#ifndef ACME_ENVELOPE_H
#define ACME_ENVELOPE_H

#include <stdbool.h>
#include <stdio.h>

#include "record.h"

/* "acme-records-1\n", then fields: each a length of four bytes, most significant first, and so many bytes. The first is
 * the data set's name, the second the wrapped key, the others are records. */
#define ENVELOPE_MAGIC "acme-records-1\n"

/* Bytes of a whole file, at most. */
#define ENVELOPE_MAX ((size_t)64 << 20)

/* Views into the file. */
typedef struct envelope {
    grille_bytes dataset;
    grille_bytes wrapped_key;
    grille_bytes records; /* what of the file was not read yet */
} envelope;

/* Reads the beginning of a file. NULL, or what is wrong; static text. */
const char *envelope_read(grille_bytes file, envelope *into);

/* The next record; false after the last one. *wrong is NULL, or says why nothing more can be read. */
bool envelope_next(envelope *from, grille_bytes *sealed, const char **wrong);

/* Write the same; false: the file can't be written, errno says why. */
GRILLE_MUST_USE bool envelope_begin(FILE *file, grille_bytes dataset, grille_bytes wrapped_key);
GRILLE_MUST_USE bool envelope_add(FILE *file, grille_bytes sealed);

#endif
