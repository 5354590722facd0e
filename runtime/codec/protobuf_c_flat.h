/* SPDX-License-Identifier: Apache-2.0
 * Flat messages (flat.h) in protobuf-c's structures: bytes, text, booleans and integers of proto3. */
#ifndef GRILLE_CODEC_PROTOBUF_C_FLAT_H
#define GRILLE_CODEC_PROTOBUF_C_FLAT_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "codec/flat.h"

/* Whether messages of this type are flat. */
bool grille_protobuf_c_is_flat(const ProtobufCMessageDescriptor *descriptor);

/* Decodes a flat type; text and bytes are copied. NULL: it is not plain, or there is no memory; what was taken from the
 * arena, no more than the structure and the encoded bytes, stays taken. */
GRILLE_MUST_USE void *grille_protobuf_c_flat_decode(const ProtobufCMessageDescriptor *descriptor, grille_bytes encoded,
                                                    grille_arena *arena);

/* Encodes a flat type. False: it is not valid, holds unknown fields, or does not fit. */
GRILLE_MUST_USE bool grille_protobuf_c_flat_encode(const ProtobufCMessage *message, grille_writer *out);

#endif
