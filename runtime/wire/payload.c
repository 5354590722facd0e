/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/payload.h"

#include "base/bytes.h"

/* What a CALL and a STATUS have in common: u16 length and header; with HAS_MESSAGE u32 length and message. */
static grille_reason split_headed(uint8_t flags, grille_bytes payload, grille_bytes *header, grille_bytes *message) {
    grille_reader reader = grille_reader_of(payload);
    *header = grille_read_block_u16(&reader);
    *message = (grille_bytes){0};
    if ((flags & GRILLE_FLAG_HAS_MESSAGE) != 0) *message = grille_read_block_u32(&reader);
    return grille_reader_end(&reader) == GRILLE_REASON_OK ? GRILLE_REASON_OK : GRILLE_REASON_WIRE_BAD_PAYLOAD;
}

grille_reason grille_call_payload_decode(uint8_t flags, grille_bytes payload, grille_call_payload *call) {
    grille_call_payload read = {.has_message = (flags & GRILLE_FLAG_HAS_MESSAGE) != 0,
                                .end_stream = (flags & GRILLE_FLAG_END_STREAM) != 0};
    grille_bytes header = {0};
    grille_reason reason = split_headed(flags, payload, &header, &read.message);
    if (reason == GRILLE_REASON_OK) reason = grille_call_header_decode(header, &read.header);
    if (reason == GRILLE_REASON_OK) *call = read;
    return reason;
}

grille_reason grille_status_payload_decode(uint8_t flags, grille_bytes payload, grille_status_payload *status) {
    grille_status_payload read = {.has_message = (flags & GRILLE_FLAG_HAS_MESSAGE) != 0};
    grille_bytes header = {0};
    grille_reason reason = split_headed(flags, payload, &header, &read.message);
    if (reason == GRILLE_REASON_OK) reason = grille_status_header_decode(header, &read.header);
    if (reason == GRILLE_REASON_OK) *status = read;
    return reason;
}

grille_reason grille_data_payload_decode(uint8_t flags, grille_bytes payload, grille_data_payload *data) {
    grille_reader reader = grille_reader_of(payload);
    grille_data_payload read = {.begin = (flags & GRILLE_FLAG_BEGIN) != 0,
                                .end_stream = (flags & GRILLE_FLAG_END_STREAM) != 0};
    if (read.begin) read.message_bytes = grille_read_u32(&reader);
    read.bytes = grille_read_rest(&reader);
    if (grille_reader_end(&reader) != GRILLE_REASON_OK) return GRILLE_REASON_WIRE_BAD_PAYLOAD;
    if (read.begin && read.bytes.len > read.message_bytes) return GRILLE_REASON_WIRE_BAD_PAYLOAD;
    if (!read.begin && !read.end_stream && read.bytes.len == 0) return GRILLE_REASON_WIRE_BAD_PAYLOAD;
    *data = read;
    return GRILLE_REASON_OK;
}

grille_reason grille_reset_payload_decode(grille_bytes payload, grille_reset_code *code) {
    grille_reader reader = grille_reader_of(payload);
    uint8_t read = grille_read_u8(&reader);
    if (grille_reader_end(&reader) != GRILLE_REASON_OK) return GRILLE_REASON_WIRE_BAD_PAYLOAD;
    if (read < GRILLE_RESET_CANCELLED || read > GRILLE_RESET_LIMIT) return GRILLE_REASON_WIRE_BAD_PAYLOAD;
    *code = (grille_reset_code)read;
    return GRILLE_REASON_OK;
}

grille_reason grille_credit_payload_decode(grille_bytes payload, uint32_t *bytes) {
    grille_reader reader = grille_reader_of(payload);
    uint32_t read = grille_read_u32(&reader);
    if (grille_reader_end(&reader) != GRILLE_REASON_OK) return GRILLE_REASON_WIRE_BAD_PAYLOAD;
    if (read == 0 || read > GRILLE_LIMIT_CREDIT_BYTES) return GRILLE_REASON_WIRE_BAD_PAYLOAD;
    *bytes = read;
    return GRILLE_REASON_OK;
}

grille_reason grille_ping_payload_decode(grille_bytes payload, uint64_t *token) {
    grille_reader reader = grille_reader_of(payload);
    uint64_t read = grille_read_u64(&reader);
    if (grille_reader_end(&reader) != GRILLE_REASON_OK) return GRILLE_REASON_WIRE_BAD_PAYLOAD;
    *token = read;
    return GRILLE_REASON_OK;
}

grille_reason grille_drain_payload_decode(grille_bytes payload, grille_drain_payload *drain) {
    grille_reader reader = grille_reader_of(payload);
    grille_drain_payload read = {.last_stream = grille_read_u32(&reader)};
    uint8_t reason = grille_read_u8(&reader);
    if (grille_reader_end(&reader) != GRILLE_REASON_OK) return GRILLE_REASON_WIRE_BAD_PAYLOAD;
    if (reason < GRILLE_DRAIN_SHUTDOWN || reason > GRILLE_DRAIN_AGE) return GRILLE_REASON_WIRE_BAD_PAYLOAD;
    read.reason = (grille_drain_reason)reason;
    *drain = read;
    return GRILLE_REASON_OK;
}
