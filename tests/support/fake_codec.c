/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_codec.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"

static bool is_huge(const char *text) {
    return text != NULL && strncmp(text, "huge:", 5) == 0;
}

static size_t encoded_len(const char *text) {
    if (text == NULL) return 0;
    return is_huge(text) ? (size_t)strtoull(text + 5, NULL, 10) : strlen(text);
}

static grille_reason measure(const grille_message_type *type, const void *message, size_t *len, grille_error *error) {
    const fake_message *fake = message;
    (void)type;
    if (fake->text != NULL && strcmp(fake->text, "unencodable") == 0) {
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "field text: unencodable");
    }
    *len = encoded_len(fake->text);
    return GRILLE_REASON_OK;
}

static grille_reason encode(const grille_message_type *type, const void *message, uint8_t *out, size_t len,
                            grille_error *error) {
    const fake_message *fake = message;
    (void)type;
    (void)error;
    if (is_huge(fake->text)) {
        memset(out, 'x', len);
    } else if (len > 0) {
        memcpy(out, fake->text, len);
    }
    return GRILLE_REASON_OK;
}

static grille_reason prepare(const grille_message_type *type, grille_arena *arena, void **message) {
    fake_message *made = grille_arena_alloc(arena, sizeof *made);
    (void)type;
    if (made == NULL) return GRILLE_REASON_BUDGET;
    *made = (fake_message){0};
    *message = made;
    return GRILLE_REASON_OK;
}

static grille_reason decode(const grille_message_type *type, grille_bytes encoded, grille_arena *arena, void **message,
                            grille_error *error) {
    grille_reason reason = prepare(type, arena, message);
    grille_bytes copy = {0};
    if (reason != GRILLE_REASON_OK) return reason;
    if (grille_bytes_equal(encoded, grille_bytes_of_text("undecodable"))) {
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "field text: undecodable");
    }
    copy = grille_arena_copy(arena, encoded);
    if (copy.data == NULL) return GRILLE_REASON_BUDGET;
    ((fake_message *)*message)->text = (const char *)copy.data;
    return GRILLE_REASON_OK;
}

const grille_codec fake_codec = {
    .name = "fake", .measure = measure, .encode = encode, .prepare = prepare, .decode = decode};
const grille_message_type fake_type = {.codec = &fake_codec, .struct_bytes = sizeof(fake_message), .name = "test.Text"};
