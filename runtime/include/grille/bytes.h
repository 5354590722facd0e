/* SPDX-License-Identifier: Apache-2.0
 * Bytes travel as pointer and length together. */
#ifndef GRILLE_BYTES_H
#define GRILLE_BYTES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A result of such a function can't be ignored. */
#define GRILLE_MUST_USE __attribute__((warn_unused_result))
/* Checks a printf-like format at compile time; positions count from 1. */
#define GRILLE_PRINTF(format_position, first_argument) __attribute__((format(printf, format_position, first_argument)))

/* A view of bytes owned by somebody else; data may be NULL only when len is 0. */
typedef struct grille_bytes {
    const uint8_t *data;
    size_t len;
} grille_bytes;

/* A view of several fields of one message kind: nanopb's unbounded `repeated bytes` (docs/generated-code.md). */
#define GRILLE_VIEWS(capacity)                                                                                         \
    struct {                                                                                                           \
        size_t count;                                                                                                  \
        grille_bytes items[capacity];                                                                                  \
    }

/* A view that also says whether the field was there (proto3 `optional`). */
typedef struct grille_bytes_optional {
    grille_bytes bytes;
    int has;
} grille_bytes_optional;

#ifdef __cplusplus
}
#endif
#endif
