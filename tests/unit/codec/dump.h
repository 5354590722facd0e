/* SPDX-License-Identifier: Apache-2.0
 * Messages as text, the same from both libraries and from make_vectors.py: `{1:5,3:"6162",4:[1,2],5:{}}`. */
#ifndef GRILLE_TESTS_CODEC_DUMP_H
#define GRILLE_TESTS_CODEC_DUMP_H

#include "grille/method.h"

/* Text that grows; {0} is empty. dump_free gives it back. */
typedef struct dump_text {
    char *text;
    size_t len;
    size_t capacity;
} dump_text;

void dump_add(dump_text *dump, const char *format, ...) GRILLE_PRINTF(2, 3);
void dump_free(dump_text *dump);

/* A `{`, then for each field dump_field, then dump_end. Elements of a list follow dump_field and dump_list_begin. */
void dump_bytes(dump_text *dump, const void *data, size_t len);
void dump_field(dump_text *dump, size_t *count, unsigned number);

/* Writes a message of either library. */
void dump_protobuf_c(dump_text *dump, const void *message);
void dump_nanopb(dump_text *dump, const grille_message_type *type, const void *message);

#endif
