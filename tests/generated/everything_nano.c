/* SPDX-License-Identifier: Apache-2.0 */
#include "everything_nano.h"

#include <string.h>

static grille_bytes bytes(const char *constant) {
    return (grille_bytes){(const uint8_t *)constant, strlen(constant)};
}

static bool bytes_are(const char *expected, grille_bytes observed) {
    return text_is(expected, observed.data, observed.len);
}

static test_matrix_Point point_of(const sample_point *with) {
    return (test_matrix_Point){.x = with->x, .y = with->y, .name = bytes(with->name)};
}

static void fill_choices(test_matrix_Everything *message, const sample *with) {
    message->has_maybe_number = with->has_maybe_number;
    message->maybe_number = with->maybe_number;
    if (with->maybe_text != NULL) message->maybe_text = (grille_bytes_optional){bytes(with->maybe_text), 1};
    if (with->maybe_blob != NULL) message->maybe_blob = (grille_bytes_optional){bytes(with->maybe_blob), 1};
    if (with->way == WAY_SLOT) {
        message->which_way = test_matrix_Everything_slot_tag;
        message->way.slot = with->slot;
    } else if (with->way == WAY_NONCE) {
        message->which_way = test_matrix_Everything_nonce_tag;
        message->way.nonce = bytes(with->nonce);
    } else if (with->way == WAY_PLACE) {
        message->which_way = test_matrix_Everything_place_tag;
        message->way.place = point_of(&with->place);
    }
}

static void fill_lists(test_matrix_Everything *message, const sample *with) {
    size_t at = 0;
    message->numbers_count = (pb_size_t)with->number_count;
    memcpy(message->numbers, with->numbers, sizeof message->numbers);
    message->names.count = with->name_count;
    for (at = 0; at < with->name_count; at++)
        message->names.items[at] = bytes(with->names[at]);
    message->parts.count = with->part_count;
    for (at = 0; at < with->part_count; at++)
        message->parts.items[at] = bytes(with->parts[at]);
    message->points_count = (pb_size_t)with->point_count;
    for (at = 0; at < with->point_count; at++)
        message->points[at] = point_of(&with->points[at]);
    message->counts_count = (pb_size_t)with->count_count;
    for (at = 0; at < with->count_count; at++) {
        message->counts[at].key = bytes(with->counts[at].key);
        message->counts[at].value = with->counts[at].value;
    }
    message->places_count = (pb_size_t)with->place_count;
    for (at = 0; at < with->place_count; at++) {
        message->places[at].key = with->places[at].key;
        message->places[at].has_value = true;
        message->places[at].value = point_of(&with->places[at].value);
    }
}

void everything_nano_fill(test_matrix_Everything *message, const sample *with) {
    memset(message, 0, sizeof *message);
    message->real = with->real;
    message->whole = with->whole;
    message->yes = with->yes;
    message->text = bytes(with->text);
    message->blob = bytes(with->blob);
    message->colour = (test_matrix_Colour)with->colour;
    if (with->point != NULL) {
        message->has_point = true;
        message->point = point_of(with->point);
    }
    fill_choices(message, with);
    fill_lists(message, with);
}

static bool point_is(const test_matrix_Point *point, const sample_point *expected) {
    return point->x == expected->x && point->y == expected->y && bytes_are(expected->name, point->name);
}

static bool optional_is(const char *expected, const grille_bytes_optional *observed) {
    return expected == NULL ? !observed->has : observed->has && bytes_are(expected, observed->bytes);
}

static bool choices_are(const test_matrix_Everything *message, const sample *expected) {
    if (message->has_maybe_number != expected->has_maybe_number ||
        (message->has_maybe_number && message->maybe_number != expected->maybe_number) ||
        !optional_is(expected->maybe_text, &message->maybe_text) ||
        !optional_is(expected->maybe_blob, &message->maybe_blob)) {
        return false;
    }
    switch (expected->way) {
    case WAY_SLOT:
        return message->which_way == test_matrix_Everything_slot_tag && message->way.slot == expected->slot;
    case WAY_NONCE:
        return message->which_way == test_matrix_Everything_nonce_tag && bytes_are(expected->nonce, message->way.nonce);
    case WAY_PLACE:
        return message->which_way == test_matrix_Everything_place_tag &&
               point_is(&message->way.place, &expected->place);
    default:
        return message->which_way == 0;
    }
}

static bool lists_are(const test_matrix_Everything *message, const sample *expected) {
    bool same = message->numbers_count == expected->number_count && message->names.count == expected->name_count &&
                message->parts.count == expected->part_count && message->points_count == expected->point_count &&
                message->counts_count == expected->count_count && message->places_count == expected->place_count;
    size_t at = 0;
    for (at = 0; same && at < expected->number_count; at++)
        same = message->numbers[at] == expected->numbers[at];
    for (at = 0; same && at < expected->name_count; at++)
        same = bytes_are(expected->names[at], message->names.items[at]);
    for (at = 0; same && at < expected->part_count; at++)
        same = bytes_are(expected->parts[at], message->parts.items[at]);
    for (at = 0; same && at < expected->point_count; at++)
        same = point_is(&message->points[at], &expected->points[at]);
    for (at = 0; same && at < expected->count_count; at++)
        same = bytes_are(expected->counts[at].key, message->counts[at].key) &&
               message->counts[at].value == expected->counts[at].value;
    for (at = 0; same && at < expected->place_count; at++)
        same = message->places[at].key == expected->places[at].key &&
               point_is(&message->places[at].value, &expected->places[at].value);
    return same;
}

bool everything_nano_is(const test_matrix_Everything *message, const sample *expected) {
    return message->real <= expected->real && message->real >= expected->real && message->whole == expected->whole &&
           message->yes == expected->yes && bytes_are(expected->text, message->text) &&
           bytes_are(expected->blob, message->blob) && (int)message->colour == expected->colour &&
           message->has_point == (expected->point != NULL) &&
           (!message->has_point || point_is(&message->point, expected->point)) && choices_are(message, expected) &&
           lists_are(message, expected);
}

const sample *everything_nano_find(const test_matrix_Everything *message) {
    size_t at = 0;
    for (at = 0; at < sample_count; at++) {
        if (everything_nano_is(message, &samples[at])) return &samples[at];
    }
    return NULL;
}
