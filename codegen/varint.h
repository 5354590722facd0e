/* SPDX-License-Identifier: Apache-2.0
 * Base 128 varints (https://protobuf.dev/programming-guides/encoding/), for options that reach a plugin undecoded. */
#ifndef GRILLE_CODEGEN_VARINT_H
#define GRILLE_CODEGEN_VARINT_H

#include <stdbool.h>

#include "grille/bytes.h"

#define GRILLE_GEN_VARINT_BYTES 10

/* Takes a varint off the front of `bytes`; false when it is cut short or too long. */
GRILLE_MUST_USE bool grille_gen_take_varint(grille_bytes *bytes, uint64_t *value);

/* Writes a varint and returns its length. */
size_t grille_gen_put_varint(uint8_t out[GRILLE_GEN_VARINT_BYTES], uint64_t value);

#endif
