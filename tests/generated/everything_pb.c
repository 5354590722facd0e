/* SPDX-License-Identifier: Apache-2.0 */
#include "everything_pb.h"

#include <string.h>

static char *text(const char *constant) {
    return (char *)(uintptr_t)constant;
}

static ProtobufCBinaryData bytes(const char *constant) {
    return (ProtobufCBinaryData){.len = strlen(constant), .data = (uint8_t *)(uintptr_t)constant};
}

static void fill_point(Test__Matrix__Point *point, const sample_point *with) {
    test__matrix__point__init(point);
    point->x = with->x;
    point->y = with->y;
    point->name = text(with->name);
}

static void fill_choices(everything_pb *full, const sample *with) {
    Test__Matrix__Everything *message = &full->message;
    if (with->has_maybe_number) {
        message->_maybe_number_case = TEST__MATRIX__EVERYTHING___MAYBE_NUMBER_MAYBE_NUMBER;
        message->maybe_number = with->maybe_number;
    }
    if (with->maybe_text != NULL) {
        message->_maybe_text_case = TEST__MATRIX__EVERYTHING___MAYBE_TEXT_MAYBE_TEXT;
        message->maybe_text = text(with->maybe_text);
    }
    if (with->maybe_blob != NULL) {
        message->_maybe_blob_case = TEST__MATRIX__EVERYTHING___MAYBE_BLOB_MAYBE_BLOB;
        message->maybe_blob = bytes(with->maybe_blob);
    }
    if (with->way == WAY_SLOT) {
        message->way_case = TEST__MATRIX__EVERYTHING__WAY_SLOT;
        message->slot = with->slot;
    } else if (with->way == WAY_NONCE) {
        message->way_case = TEST__MATRIX__EVERYTHING__WAY_NONCE;
        message->nonce = bytes(with->nonce);
    } else if (with->way == WAY_PLACE) {
        fill_point(&full->place, &with->place);
        message->way_case = TEST__MATRIX__EVERYTHING__WAY_PLACE;
        message->place = &full->place;
    }
}

static void fill_lists(everything_pb *full, const sample *with) {
    Test__Matrix__Everything *message = &full->message;
    size_t at = 0;
    message->n_numbers = with->number_count;
    message->numbers = (int32_t *)(uintptr_t)with->numbers;
    message->n_names = with->name_count;
    message->names = (char **)(uintptr_t)with->names;
    for (at = 0; at < with->part_count; at++)
        full->parts[at] = bytes(with->parts[at]);
    message->n_parts = with->part_count;
    message->parts = full->parts;
    for (at = 0; at < with->point_count; at++) {
        fill_point(&full->points[at], &with->points[at]);
        full->point_list[at] = &full->points[at];
    }
    message->n_points = with->point_count;
    message->points = full->point_list;
    for (at = 0; at < with->count_count; at++) {
        test__matrix__everything__counts_entry__init(&full->counts[at]);
        full->counts[at].key = text(with->counts[at].key);
        full->counts[at].value = with->counts[at].value;
        full->count_list[at] = &full->counts[at];
    }
    message->n_counts = with->count_count;
    message->counts = full->count_list;
    for (at = 0; at < with->place_count; at++) {
        test__matrix__everything__places_entry__init(&full->places[at]);
        fill_point(&full->place_values[at], &with->places[at].value);
        full->places[at].key = with->places[at].key;
        full->places[at].value = &full->place_values[at];
        full->place_list[at] = &full->places[at];
    }
    message->n_places = with->place_count;
    message->places = full->place_list;
}

void everything_pb_fill(everything_pb *full, const sample *with) {
    Test__Matrix__Everything *message = &full->message;
    test__matrix__everything__init(message);
    message->real = with->real;
    message->whole = with->whole;
    message->yes = with->yes;
    message->text = text(with->text);
    message->blob = bytes(with->blob);
    message->colour = (Test__Matrix__Colour)with->colour;
    if (with->point != NULL) {
        fill_point(&full->point, with->point);
        message->point = &full->point;
    }
    fill_choices(full, with);
    fill_lists(full, with);
}

static bool point_is(const Test__Matrix__Point *point, const sample_point *expected) {
    return point->x == expected->x && point->y == expected->y && strcmp(point->name, expected->name) == 0;
}

static bool choices_are(const Test__Matrix__Everything *message, const sample *expected) {
    bool has_number = message->_maybe_number_case == TEST__MATRIX__EVERYTHING___MAYBE_NUMBER_MAYBE_NUMBER;
    bool has_text = message->_maybe_text_case == TEST__MATRIX__EVERYTHING___MAYBE_TEXT_MAYBE_TEXT;
    bool has_blob = message->_maybe_blob_case == TEST__MATRIX__EVERYTHING___MAYBE_BLOB_MAYBE_BLOB;
    if (has_number != expected->has_maybe_number || (has_number && message->maybe_number != expected->maybe_number) ||
        has_text != (expected->maybe_text != NULL) ||
        (has_text && strcmp(message->maybe_text, expected->maybe_text) != 0) ||
        has_blob != (expected->maybe_blob != NULL) ||
        (has_blob && !text_is(expected->maybe_blob, message->maybe_blob.data, message->maybe_blob.len))) {
        return false;
    }
    switch (expected->way) {
    case WAY_SLOT:
        return message->way_case == TEST__MATRIX__EVERYTHING__WAY_SLOT && message->slot == expected->slot;
    case WAY_NONCE:
        return message->way_case == TEST__MATRIX__EVERYTHING__WAY_NONCE &&
               text_is(expected->nonce, message->nonce.data, message->nonce.len);
    case WAY_PLACE:
        return message->way_case == TEST__MATRIX__EVERYTHING__WAY_PLACE && point_is(message->place, &expected->place);
    default:
        return message->way_case == TEST__MATRIX__EVERYTHING__WAY__NOT_SET;
    }
}

static bool lists_are(const Test__Matrix__Everything *message, const sample *expected) {
    bool same = message->n_numbers == expected->number_count && message->n_names == expected->name_count &&
                message->n_parts == expected->part_count && message->n_points == expected->point_count &&
                message->n_counts == expected->count_count && message->n_places == expected->place_count;
    size_t at = 0;
    for (at = 0; same && at < expected->number_count; at++)
        same = message->numbers[at] == expected->numbers[at];
    for (at = 0; same && at < expected->name_count; at++)
        same = strcmp(message->names[at], expected->names[at]) == 0;
    for (at = 0; same && at < expected->part_count; at++)
        same = text_is(expected->parts[at], message->parts[at].data, message->parts[at].len);
    for (at = 0; same && at < expected->point_count; at++)
        same = point_is(message->points[at], &expected->points[at]);
    for (at = 0; same && at < expected->count_count; at++)
        same = strcmp(message->counts[at]->key, expected->counts[at].key) == 0 &&
               message->counts[at]->value == expected->counts[at].value;
    for (at = 0; same && at < expected->place_count; at++)
        same = message->places[at]->key == expected->places[at].key && message->places[at]->value != NULL &&
               point_is(message->places[at]->value, &expected->places[at].value);
    return same;
}

bool everything_pb_is(const Test__Matrix__Everything *message, const sample *expected) {
    return message->real <= expected->real && message->real >= expected->real && message->whole == expected->whole &&
           (message->yes != 0) == expected->yes && strcmp(message->text, expected->text) == 0 &&
           text_is(expected->blob, message->blob.data, message->blob.len) && (int)message->colour == expected->colour &&
           (message->point != NULL) == (expected->point != NULL) &&
           (message->point == NULL || point_is(message->point, expected->point)) && choices_are(message, expected) &&
           lists_are(message, expected);
}

const sample *everything_pb_find(const Test__Matrix__Everything *message) {
    size_t at = 0;
    for (at = 0; at < sample_count; at++) {
        if (everything_pb_is(message, &samples[at])) return &samples[at];
    }
    return NULL;
}
