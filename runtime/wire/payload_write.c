/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/payload.h"

size_t grille_call_payload_size(const grille_call_header *header) {
    return sizeof(uint16_t) + grille_call_header_size(header);
}

size_t grille_status_payload_size(const grille_status_header *header) {
    return sizeof(uint16_t) + grille_status_header_size(header);
}

static uint8_t flag_if(bool condition, uint8_t flag) {
    return condition ? flag : 0;
}

/* A frame with a header of `header_bytes`, which the caller writes next, and a message. What no frame holds fails here,
 * before its length is cut to 16 bits. */
static void start_headed(grille_writer *writer, grille_frame_type type, uint8_t flags, uint32_t stream,
                         size_t header_bytes, const grille_bytes *message) {
    const size_t message_bytes = message != NULL ? GRILLE_MESSAGE_LENGTH_BYTES + message->len : 0;
    const bool fits = header_bytes <= GRILLE_LIMIT_FRAME_PAYLOAD_BYTES &&
                      (message == NULL || message->len <= GRILLE_LIMIT_FRAME_PAYLOAD_BYTES);
    const size_t length = sizeof(uint16_t) + header_bytes + message_bytes;
    grille_frame_start(writer, fits ? length : SIZE_MAX, type, flags, stream);
    grille_write_u16(writer, (uint16_t)header_bytes);
}

void grille_call_frame_write(grille_writer *writer, uint32_t stream, const grille_call_payload *call) {
    uint8_t message_flag = flag_if(call->has_message, GRILLE_FLAG_HAS_MESSAGE);
    uint8_t end_flag = flag_if(call->end_stream, GRILLE_FLAG_END_STREAM);
    start_headed(writer, GRILLE_FRAME_CALL, message_flag | end_flag, stream, grille_call_header_size(&call->header),
                 call->has_message ? &call->message : NULL);
    grille_call_header_write(writer, &call->header);
    if (call->has_message) grille_write_block_u32(writer, call->message);
}

void grille_headers_frame_write(grille_writer *writer, uint32_t stream, const grille_metadata_view *metadata) {
    size_t mark = grille_frame_begin(writer);
    grille_headers_write(writer, metadata);
    grille_frame_end(writer, mark, GRILLE_FRAME_HEADERS, 0, stream);
}

void grille_status_frame_write(grille_writer *writer, uint32_t stream, const grille_status_payload *status) {
    start_headed(writer, GRILLE_FRAME_STATUS, flag_if(status->has_message, GRILLE_FLAG_HAS_MESSAGE), stream,
                 grille_status_header_size(&status->header), status->has_message ? &status->message : NULL);
    grille_status_header_write(writer, &status->header);
    if (status->has_message) grille_write_block_u32(writer, status->message);
}

void grille_data_frame_write(grille_writer *writer, uint32_t stream, const grille_data_payload *data) {
    size_t mark = grille_frame_begin(writer);
    uint8_t begin_flag = flag_if(data->begin, GRILLE_FLAG_BEGIN);
    uint8_t end_flag = flag_if(data->end_stream, GRILLE_FLAG_END_STREAM);
    if (data->begin) grille_write_u32(writer, data->message_bytes);
    grille_write_bytes(writer, data->bytes);
    grille_frame_end(writer, mark, GRILLE_FRAME_DATA, begin_flag | end_flag, stream);
}

void grille_reset_frame_write(grille_writer *writer, uint32_t stream, grille_reset_code code) {
    size_t mark = grille_frame_begin(writer);
    grille_write_u8(writer, (uint8_t)code);
    grille_frame_end(writer, mark, GRILLE_FRAME_RESET, 0, stream);
}

void grille_credit_frame_write(grille_writer *writer, uint32_t stream, uint32_t bytes) {
    size_t mark = grille_frame_begin(writer);
    grille_write_u32(writer, bytes);
    grille_frame_end(writer, mark, GRILLE_FRAME_CREDIT, 0, stream);
}

void grille_ping_frame_write(grille_writer *writer, bool ack, uint64_t token) {
    size_t mark = grille_frame_begin(writer);
    grille_write_u64(writer, token);
    grille_frame_end(writer, mark, GRILLE_FRAME_PING, flag_if(ack, GRILLE_FLAG_ACK), 0);
}

void grille_drain_frame_write(grille_writer *writer, const grille_drain_payload *drain) {
    size_t mark = grille_frame_begin(writer);
    grille_write_u32(writer, drain->last_stream);
    grille_write_u8(writer, (uint8_t)drain->reason);
    grille_frame_end(writer, mark, GRILLE_FRAME_DRAIN, 0, 0);
}
