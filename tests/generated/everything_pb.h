/* SPDX-License-Identifier: Apache-2.0
 * Samples as protobuf-c messages. */
#ifndef GRILLE_TESTS_GENERATED_EVERYTHING_PB_H
#define GRILLE_TESTS_GENERATED_EVERYTHING_PB_H

#include "matrix.h"
#include "tests/generated/matrix.grille-pb.h"

/* A message and all that it points to. */
typedef struct everything_pb {
    Test__Matrix__Everything message;
    Test__Matrix__Point point, place, points[SAMPLE_ITEMS], place_values[SAMPLE_ITEMS];
    Test__Matrix__Everything__CountsEntry counts[SAMPLE_ITEMS];
    Test__Matrix__Everything__PlacesEntry places[SAMPLE_ITEMS];
    Test__Matrix__Point *point_list[SAMPLE_ITEMS];
    Test__Matrix__Everything__CountsEntry *count_list[SAMPLE_ITEMS];
    Test__Matrix__Everything__PlacesEntry *place_list[SAMPLE_ITEMS];
    ProtobufCBinaryData parts[SAMPLE_ITEMS];
} everything_pb;

void everything_pb_fill(everything_pb *full, const sample *with);
bool everything_pb_is(const Test__Matrix__Everything *message, const sample *expected);
/* The sample that a message is, or NULL. */
const sample *everything_pb_find(const Test__Matrix__Everything *message);

#endif
