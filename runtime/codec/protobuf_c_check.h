/* SPDX-License-Identifier: Apache-2.0
 * Is a protobuf-c message fit to be encoded? protobuf_c_message_check looks at less: bytes without presence may have a
 * length and no data there. */
#ifndef GRILLE_CODEC_PROTOBUF_C_CHECK_H
#define GRILLE_CODEC_PROTOBUF_C_CHECK_H

#include <protobuf-c/protobuf-c.h>

#include "grille/reasons.h"

/* BAD_ARGUMENT with the field for a required one that is NULL, a list with a hole, bytes that have a length and no
 * data, a message that is of another type or not initialised, and for nesting deeper than any receiver takes. */
GRILLE_MUST_USE grille_reason grille_protobuf_c_check(const ProtobufCMessage *message, grille_error *error);

#endif
