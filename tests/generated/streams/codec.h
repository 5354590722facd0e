/* SPDX-License-Identifier: Apache-2.0
 * The messages of streams.proto in the message library that is chosen by NANO, under names that are the same in both.
 */
#ifndef GRILLE_TESTS_GENERATED_STREAMS_CODEC_H
#define GRILLE_TESTS_GENERATED_STREAMS_CODEC_H

#include "streams.h"

#define PASTE2(a, b) a##b
#define PASTE(a, b)  PASTE2(a, b)

#ifdef NANO
#include "tests/generated/streams/streams.grille-nano.h"
typedef test_streams_Item item;
typedef test_streams_Plan plan;
typedef test_streams_Sum sum;
#define METHOD(name) nano_test_streams_streams_##name
#define CODEC(name)  name##_nano
#else
#include "tests/generated/streams/streams.grille-pb.h"
typedef Test__Streams__Item item;
typedef Test__Streams__Plan plan;
typedef Test__Streams__Sum sum;
#define METHOD(name) test_streams_streams_##name
#define CODEC(name)  name##_pb
#endif

/* An item with all that it points to; freed with item_own_free. */
typedef struct item_own {
    item message;
    uint8_t *data;
    char label[32];
#ifndef NANO
    ProtobufCBinaryData parts[3];
#endif
} item_own;

/* False without memory. */
bool CODEC(item_own_fill)(item_own *own, uint32_t number, uint32_t bytes);
void CODEC(item_own_free)(item_own *own);

/* Is it what item_own_fill makes of this number? */
bool CODEC(item_is)(const item *message, uint32_t number);
size_t CODEC(item_bytes)(const item *message);

plan CODEC(plan_of)(uint32_t count, uint32_t bytes, uint32_t code);

#endif
