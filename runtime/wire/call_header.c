/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/call_header.h"

enum { FIELD_METHOD_ID = 1, FIELD_TIMEOUT_US = 2 };

static void take_field(grille_message_reader *message, const grille_message_field *field, grille_bytes encoded,
                       grille_call_header *header) {
    switch (field->number) {
    case FIELD_METHOD_ID:
        header->method_id = grille_message_fixed32(message, field);
        break;
    case FIELD_TIMEOUT_US:
        header->timeout_us = grille_message_u64(message, field);
        header->has_timeout = true;
        break;
    case GRILLE_METADATA_FIELD:
        grille_metadata_take(message, field, encoded, &header->metadata);
        break;
    default:
        break;
    }
}

grille_reason grille_call_header_decode(grille_bytes encoded, grille_call_header *header) {
    grille_message_reader message = grille_message_reader_of(encoded);
    grille_message_field field;
    grille_call_header read = {0};
    grille_reason reason = GRILLE_REASON_OK;
    while (grille_message_next(&message, &field))
        take_field(&message, &field, encoded, &read);
    reason = grille_message_end(&message);
    if (reason != GRILLE_REASON_OK) return reason;
    if (read.method_id == 0) return GRILLE_REASON_WIRE_BAD_MESSAGE;
    *header = read;
    return GRILLE_REASON_OK;
}

size_t grille_call_header_size(const grille_call_header *header) {
    size_t timeout_size = header->has_timeout ? grille_message_varint_size(FIELD_TIMEOUT_US, header->timeout_us) : 0;
    return grille_message_fixed32_size(FIELD_METHOD_ID) + timeout_size + header->metadata.encoded_bytes;
}

void grille_call_header_write(grille_writer *writer, const grille_call_header *header) {
    grille_message_fixed32_write(writer, FIELD_METHOD_ID, header->method_id);
    if (header->has_timeout) grille_message_varint_write(writer, FIELD_TIMEOUT_US, header->timeout_us);
    grille_metadata_write(writer, &header->metadata);
}

grille_reason grille_headers_decode(grille_bytes encoded, grille_metadata_view *metadata) {
    grille_metadata_view read = {0};
    grille_reason reason = grille_metadata_view_of(encoded, &read);
    if (reason == GRILLE_REASON_OK && read.count == 0) reason = GRILLE_REASON_WIRE_BAD_MESSAGE;
    if (reason == GRILLE_REASON_OK) *metadata = read;
    return reason;
}

void grille_headers_write(grille_writer *writer, const grille_metadata_view *metadata) {
    grille_metadata_write(writer, metadata);
}
