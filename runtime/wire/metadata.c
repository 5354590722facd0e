/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/metadata.h"

#include "base/bytes.h"
#include "wire/limits.h"

enum { FIELD_KEY = 1, FIELD_VALUE = 2 };

static bool is_key_character(uint8_t character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') || character == '_' ||
           character == '-' || character == '.';
}

static bool begins_with(grille_bytes key, const char *text) {
    grille_reader reader = grille_reader_of(key);
    grille_bytes prefix = grille_bytes_of_text(text);
    return grille_bytes_equal(grille_read_bytes(&reader, prefix.len), prefix);
}

static bool is_binary(grille_bytes key) {
    grille_reader reader = grille_reader_of(key);
    grille_bytes suffix = grille_bytes_of_text("-bin");
    if (key.len < suffix.len) return false;
    (void)grille_read_bytes(&reader, key.len - suffix.len);
    return grille_bytes_equal(grille_read_rest(&reader), suffix);
}

bool grille_metadata_key_is_reserved(grille_bytes key) {
    return begins_with(key, "grille-");
}

grille_reason grille_metadata_entry_check(const grille_metadata_entry *entry) {
    if (entry->key.len == 0) return GRILLE_REASON_WIRE_BAD_MESSAGE;
    if (entry->key.len > GRILLE_LIMIT_METADATA_KEY_BYTES) return GRILLE_REASON_WIRE_LIMIT;
    for (size_t i = 0; i < entry->key.len; i++) {
        if (!is_key_character(entry->key.data[i])) return GRILLE_REASON_WIRE_BAD_MESSAGE;
    }
    if (is_binary(entry->key)) return GRILLE_REASON_OK;
    for (size_t i = 0; i < entry->value.len; i++) {
        if (entry->value.data[i] < 0x20 || entry->value.data[i] > 0x7e) return GRILLE_REASON_WIRE_BAD_MESSAGE;
    }
    return GRILLE_REASON_OK;
}

static grille_reason decode_entry(grille_bytes encoded, grille_metadata_entry *entry) {
    grille_message_reader message = grille_message_reader_of(encoded);
    grille_message_field field;
    *entry = (grille_metadata_entry){0};
    while (grille_message_next(&message, &field)) {
        if (field.number == FIELD_KEY) entry->key = grille_message_bytes(&message, &field);
        if (field.number == FIELD_VALUE) entry->value = grille_message_bytes(&message, &field);
    }
    return grille_message_end(&message);
}

void grille_metadata_take(grille_message_reader *message, const grille_message_field *field, grille_bytes encoded,
                          grille_metadata_view *view) {
    grille_metadata_entry entry;
    grille_reason reason = decode_entry(grille_message_item(message, field), &entry);
    if (reason == GRILLE_REASON_OK) reason = grille_metadata_entry_check(&entry);
    if (reason == GRILLE_REASON_OK && view->count == GRILLE_LIMIT_METADATA_ENTRIES) reason = GRILLE_REASON_WIRE_LIMIT;
    if (reason == GRILLE_REASON_OK && field->encoded.len > GRILLE_LIMIT_METADATA_BYTES - view->encoded_bytes) {
        reason = GRILLE_REASON_WIRE_LIMIT;
    }
    if (reason != GRILLE_REASON_OK) {
        grille_message_fail(message, reason);
        return;
    }
    view->encoded = encoded;
    view->count++;
    view->encoded_bytes += (uint32_t)field->encoded.len;
}

grille_reason grille_metadata_view_of(grille_bytes encoded, grille_metadata_view *view) {
    grille_message_reader message = grille_message_reader_of(encoded);
    grille_message_field field;
    grille_metadata_view found = {0};
    grille_reason reason = GRILLE_REASON_OK;
    while (grille_message_next(&message, &field)) {
        if (field.number == GRILLE_METADATA_FIELD) grille_metadata_take(&message, &field, encoded, &found);
    }
    reason = grille_message_end(&message);
    if (reason == GRILLE_REASON_OK) *view = found;
    return reason;
}

grille_metadata_iterator grille_metadata_iterate(const grille_metadata_view *view) {
    return (grille_metadata_iterator){.message = grille_message_reader_of(view->encoded)};
}

static bool next_field(grille_message_reader *message, grille_message_field *field) {
    while (grille_message_next(message, field)) {
        if (field->number == GRILLE_METADATA_FIELD) return true;
    }
    return false;
}

bool grille_metadata_next(grille_metadata_iterator *iterator, grille_metadata_entry *entry) {
    grille_message_field field;
    *entry = (grille_metadata_entry){0};
    return next_field(&iterator->message, &field) && decode_entry(field.bytes, entry) == GRILLE_REASON_OK;
}

bool grille_metadata_find(const grille_metadata_view *view, grille_bytes key, grille_bytes *value) {
    grille_metadata_iterator iterator = grille_metadata_iterate(view);
    grille_metadata_entry entry;
    while (grille_metadata_next(&iterator, &entry)) {
        if (!grille_bytes_equal(entry.key, key)) continue;
        *value = entry.value;
        return true;
    }
    return false;
}

static size_t entry_content_size(const grille_metadata_entry *entry) {
    size_t value_size = entry->value.len > 0 ? grille_message_bytes_size(FIELD_VALUE, entry->value.len) : 0;
    return grille_message_bytes_size(FIELD_KEY, entry->key.len) + value_size;
}

size_t grille_metadata_entry_size(const grille_metadata_entry *entry) {
    return grille_message_bytes_size(GRILLE_METADATA_FIELD, entry_content_size(entry));
}

void grille_metadata_entry_write(grille_writer *writer, const grille_metadata_entry *entry) {
    grille_message_nested_write(writer, GRILLE_METADATA_FIELD, entry_content_size(entry));
    grille_message_bytes_write(writer, FIELD_KEY, entry->key);
    if (entry->value.len > 0) grille_message_bytes_write(writer, FIELD_VALUE, entry->value);
}

/* Fields are copied as they stand, so that what is written has the size that the view counted. */
void grille_metadata_write(grille_writer *writer, const grille_metadata_view *view) {
    grille_message_reader message;
    grille_message_field field;
    if (view->count == 0) return;
    message = grille_message_reader_of(view->encoded);
    while (next_field(&message, &field))
        grille_write_bytes(writer, field.encoded);
}
