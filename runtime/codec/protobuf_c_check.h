/* SPDX-License-Identifier: Apache-2.0
 * Why protobuf-c can't encode a message. */
#ifndef GRILLE_CODEC_PROTOBUF_C_CHECK_H
#define GRILLE_CODEC_PROTOBUF_C_CHECK_H

#include <protobuf-c/protobuf-c.h>

#include "grille/reasons.h"

/* Names the first field that protobuf_c_message_check does not accept. BAD_ARGUMENT. */
GRILLE_MUST_USE grille_reason grille_protobuf_c_explain(const ProtobufCMessage *message, grille_error *error);

#endif
