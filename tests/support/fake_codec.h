/* SPDX-License-Identifier: Apache-2.0
 * A message library of one message type, so that rpc/ is tested without protobuf: a struct of text, encoded as its
 * bytes. Text "unencodable" fails to encode, bytes "undecodable" fail to decode, a text "huge:N" is N bytes of 'x'. */
#ifndef GRILLE_TESTS_FAKE_CODEC_H
#define GRILLE_TESTS_FAKE_CODEC_H

#include "codec/codec.h"

typedef struct fake_message {
    const char *text; /* NULL: empty */
} fake_message;

extern const grille_codec fake_codec;
extern const grille_message_type fake_type;

#endif
