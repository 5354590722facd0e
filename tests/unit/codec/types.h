/* SPDX-License-Identifier: Apache-2.0
 * The test schema's messages in both libraries. */
#ifndef GRILLE_TESTS_CODEC_TYPES_H
#define GRILLE_TESTS_CODEC_TYPES_H

#include "codec.nano.h"
#include "codec.pb-c.h"
#include "codec/codec.h"
#include "legacy.nano.h"
#include "legacy.pb-c.h"

/* X(name, protobuf-c's name in lower case) */
#define CODEC_TYPES(X)                                                                                                 \
    X(Empty, empty)                                                                                                    \
    X(Sub, sub)                                                                                                        \
    X(Scalars, scalars)                                                                                                \
    X(Optionals, optionals)                                                                                            \
    X(Repeats, repeats)                                                                                                \
    X(Oneofs, oneofs)                                                                                                  \
    X(Holder, holder)                                                                                                  \
    X(Maps, maps)                                                                                                      \
    X(Everything, everything)                                                                                          \
    X(Wide, wide)                                                                                                      \
    X(Legacy, legacy)                                                                                                  \
    X(Flat, flat)

typedef struct codec_pair {
    const char *name; /* without the package */
    grille_message_type protobuf_c;
    grille_message_type nanopb;
} codec_pair;

#define CODEC_PAIR(type, lower)                                                                                        \
    {#type,                                                                                                            \
     {&grille_codec_protobuf_c, &grille__test__##lower##__descriptor, sizeof(Grille__Test__##type),                    \
      "grille.test." #type},                                                                                           \
     {&grille_codec_nanopb, &grille_test_##type##_msg, sizeof(grille_test_##type), "grille.test." #type}},

static const codec_pair codec_pairs[] = {CODEC_TYPES(CODEC_PAIR)};

enum { CODEC_PAIRS = sizeof(codec_pairs) / sizeof(*codec_pairs) };

#endif
