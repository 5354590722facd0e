/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/status_header.h"

#include "wire/limits.h"
#include "wire/utf8.h"

enum { FIELD_CODE = 1, FIELD_MESSAGE = 2, FIELD_DETAILS = 3, LARGEST_CODE = GRILLE_UNAUTHENTICATED };

_Static_assert(GRILLE_LIMIT_STATUS_MESSAGE_BYTES + GRILLE_LIMIT_STATUS_DETAILS_BYTES + GRILLE_LIMIT_METADATA_BYTES +
                       16 <
                   GRILLE_LIMIT_FRAME_PAYLOAD_BYTES,
               "the largest status fits one frame");

static void take_field(grille_message_reader *message, const grille_message_field *field, grille_bytes encoded,
                       grille_status_header *header) {
    switch (field->number) {
    case FIELD_CODE: {
        uint32_t code = grille_message_u32(message, field);
        if (code > LARGEST_CODE) grille_message_fail(message, GRILLE_REASON_WIRE_BAD_MESSAGE);
        header->code = (grille_code)code;
        break;
    }
    case FIELD_MESSAGE:
        header->message = grille_message_bytes(message, field);
        break;
    case FIELD_DETAILS:
        header->details = grille_message_bytes(message, field);
        break;
    case GRILLE_METADATA_FIELD:
        grille_metadata_take(message, field, encoded, &header->trailers);
        break;
    default:
        break;
    }
}

grille_reason grille_status_header_decode(grille_bytes encoded, grille_status_header *header) {
    grille_message_reader message = grille_message_reader_of(encoded);
    grille_message_field field;
    grille_status_header read = {.code = GRILLE_OK};
    grille_reason reason = GRILLE_REASON_OK;
    /* Plain success. */
    if (encoded.len == 0) {
        *header = read;
        return GRILLE_REASON_OK;
    }
    while (grille_message_next(&message, &field))
        take_field(&message, &field, encoded, &read);
    reason = grille_message_end(&message);
    if (reason != GRILLE_REASON_OK) return reason;
    if (read.message.len > GRILLE_LIMIT_STATUS_MESSAGE_BYTES || read.details.len > GRILLE_LIMIT_STATUS_DETAILS_BYTES) {
        return GRILLE_REASON_WIRE_LIMIT;
    }
    if (!grille_utf8_valid(read.message)) return GRILLE_REASON_WIRE_BAD_MESSAGE;
    *header = read;
    return GRILLE_REASON_OK;
}

static size_t bytes_size(uint32_t number, grille_bytes bytes) {
    return bytes.len > 0 ? grille_message_bytes_size(number, bytes.len) : 0;
}

static void write_bytes(grille_writer *writer, uint32_t number, grille_bytes bytes) {
    if (bytes.len > 0) grille_message_bytes_write(writer, number, bytes);
}

size_t grille_status_header_size(const grille_status_header *header) {
    size_t code_size = header->code != GRILLE_OK ? grille_message_varint_size(FIELD_CODE, header->code) : 0;
    return code_size + bytes_size(FIELD_MESSAGE, header->message) + bytes_size(FIELD_DETAILS, header->details) +
           header->trailers.encoded_bytes;
}

void grille_status_header_write(grille_writer *writer, const grille_status_header *header) {
    if (header->code != GRILLE_OK) grille_message_varint_write(writer, FIELD_CODE, header->code);
    write_bytes(writer, FIELD_MESSAGE, header->message);
    write_bytes(writer, FIELD_DETAILS, header->details);
    grille_metadata_write(writer, &header->trailers);
}
