/* SPDX-License-Identifier: Apache-2.0 */
#include "matrix.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "party.h"

static const sample_point corner = {-2147483647, 2147483647, "corner"};
static const sample_point origin = {0, 0, ""};

const sample samples[] = {
    {.text = "", .blob = ""},
    {.real = -0.125,
     .whole = -9007199254740993,
     .yes = true,
     .text = "grüße",
     .blob = "blob",
     .colour = 300,
     .has_maybe_number = true,
     .maybe_number = -1,
     .maybe_text = "maybe",
     .maybe_blob = "perhaps",
     .point = &corner,
     .way = WAY_NONCE,
     .nonce = "nonce",
     .number_count = 4,
     .numbers = {0, -1, 2147483647, -2147483647 - 1},
     .name_count = 3,
     .names = {"one", "", "three"},
     .part_count = 4,
     .parts = {"", "a", "bc", "def"},
     .point_count = 2,
     .points = {{1, -1, "first"}, {2, -2, "second"}},
     .count_count = 2,
     .counts = {{"apples", 3}, {"pears", -4}},
     .place_count = 1,
     .places = {{-5, {7, 8, "home"}}}},
    {.text = "present but empty",
     .blob = "",
     .has_maybe_number = true,
     .maybe_text = "",
     .maybe_blob = "",
     .point = &origin,
     .way = WAY_PLACE,
     .place = {3, 4, "place"},
     .point_count = 1,
     .points = {{0, 0, ""}},
     .count_count = 1,
     .counts = {{"", 0}},
     .place_count = 2,
     .places = {{0, {0, 0, ""}}, {9223372036854775807, {1, 1, "far"}}}},
    {.text = "", .blob = "", .way = WAY_SLOT, .slot = 0},
};

const size_t sample_count = sizeof samples / sizeof *samples;

bool text_is(const char *expected, const void *data, size_t len) {
    return expected != NULL && len == strlen(expected) && (len == 0 || memcmp(data, expected, len) == 0);
}

void outcome_init(outcome *of) {
    memset(of, 0, sizeof *of);
    (void)sem_init(&of->done, 0, 0);
}

static size_t take_pairs(const grille_metadata *from, told_pair *into) {
    size_t at = 0;
    for (at = 0; at < from->count && at < PAIRS_MAX; at++) {
        const grille_metadata_pair *pair = &from->pairs[at];
        into[at].len = pair->value.len <= PAIR_MAX ? pair->value.len : PAIR_MAX;
        (void)snprintf(into[at].key, PAIR_MAX, "%s", pair->key);
        if (into[at].len > 0) memcpy(into[at].value, pair->value.data, into[at].len);
    }
    return from->count;
}

void outcome_take(outcome *of, grille_code code, const char *message, grille_bytes details,
                  const grille_metadata *headers, const grille_metadata *trailers) {
    of->code = code;
    (void)snprintf(of->message, sizeof of->message, "%s", message);
    of->details_len = details.len;
    if (details.len > 0 && details.len <= DETAILS_MAX) memcpy(of->details, details.data, details.len);
    of->header_count = take_pairs(headers, of->headers);
    of->trailer_count = take_pairs(trailers, of->trailers);
    atomic_fetch_add(&of->delivered, 1);
}

/* Each pair of the caller comes back as header when its key is text, as trailer when it is binary. */
grille_code handle_tell(grille_call *call) {
    const grille_metadata *asked = grille_call_metadata(call);
    grille_code code = GRILLE_OK;
    size_t at = 0;
    for (at = 0; at < asked->count && code == GRILLE_OK; at++) {
        const grille_metadata_pair *pair = &asked->pairs[at];
        code = strcmp(pair->key, "ask-bin") == 0 ? grille_call_add_trailer(call, "told-bin", pair->value)
                                                 : grille_call_add_header(call, "told", pair->value);
    }
    if (code != GRILLE_OK) return code;
    if (grille_call_add_header(call, "Not Allowed", (grille_bytes){NULL, 0}) != GRILLE_INVALID_ARGUMENT ||
        grille_call_add_trailer(call, "grille-own", (grille_bytes){NULL, 0}) != GRILLE_INVALID_ARGUMENT) {
        return GRILLE_INTERNAL;
    }
    if (strcmp(grille_peer(call)->name, PARTY_CLIENT) != 0) return GRILLE_UNAUTHENTICATED;
    return grille_call_add_trailer(
        call, "method",
        (grille_bytes){(const uint8_t *)grille_call_method(call)->path, strlen(grille_call_method(call)->path)});
}

grille_code handle_fail(grille_call *call, uint32_t code, const char *message, size_t message_len,
                        grille_bytes details) {
    grille_code set = grille_call_set_details(call, details);
    if (set != GRILLE_OK) return grille_fail(call, set, "details of %zu bytes", details.len);
    set = grille_call_add_trailer(call, "reason", (grille_bytes){(const uint8_t *)"as asked", 8});
    if (set != GRILLE_OK) return set;
    return grille_fail(call, (grille_code)code, "%.*s", (int)message_len, message);
}

grille_code handle_wait(grille_call *call, matrix_counts *counts) {
    int tries = 0;
    atomic_store(&counts->remaining_ms, grille_call_remaining_ms(call));
    atomic_fetch_add(&counts->waiting, 1);
    for (tries = 0; tries < 5000; tries++) {
        if (grille_call_cancelled(call)) {
            atomic_fetch_add(&counts->cancelled, 1);
            return GRILLE_CANCELLED;
        }
        (void)usleep(2000);
    }
    return GRILLE_ABORTED;
}

bool turned(grille_call *call, const uint8_t *data, size_t len, uint8_t **out) {
    size_t at = 0;
    *out = NULL;
    if (len == 0) return true;
    *out = grille_call_alloc(call, len);
    if (*out == NULL) return false;
    for (at = 0; at < len; at++)
        (*out)[at] = data[len - 1 - at];
    return true;
}
