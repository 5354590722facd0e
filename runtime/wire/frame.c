/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/frame.h"

#include "base/bytes.h"
#include "base/probe.h"

typedef enum stream_rule { CONNECTION_ONLY, STREAM_ONLY, EITHER } stream_rule;

typedef struct frame_rule {
    const char *name;
    uint8_t flags; /* allowed */
    stream_rule stream;
    uint16_t least; /* bytes of payload */
    uint16_t most;
} frame_rule;

#define WHOLE GRILLE_LIMIT_FRAME_PAYLOAD_BYTES

static const frame_rule rules[] = {
    [GRILLE_FRAME_GATE] = {"GATE", 0, CONNECTION_ONLY, 1, WHOLE},
    [GRILLE_FRAME_SETTINGS] = {"SETTINGS", 0, CONNECTION_ONLY, 0, WHOLE},
    [GRILLE_FRAME_CALL] = {"CALL", GRILLE_FLAG_HAS_MESSAGE | GRILLE_FLAG_END_STREAM, STREAM_ONLY, 2, WHOLE},
    [GRILLE_FRAME_HEADERS] = {"HEADERS", 0, STREAM_ONLY, 1, WHOLE},
    [GRILLE_FRAME_DATA] = {"DATA", GRILLE_FLAG_BEGIN | GRILLE_FLAG_END_STREAM, STREAM_ONLY, 0, WHOLE},
    [GRILLE_FRAME_STATUS] = {"STATUS", GRILLE_FLAG_HAS_MESSAGE, STREAM_ONLY, 2, WHOLE},
    [GRILLE_FRAME_RESET] = {"RESET", 0, STREAM_ONLY, 1, 1},
    [GRILLE_FRAME_CREDIT] = {"CREDIT", 0, EITHER, 4, 4},
    [GRILLE_FRAME_PING] = {"PING", GRILLE_FLAG_ACK, CONNECTION_ONLY, 8, 8},
    [GRILLE_FRAME_DRAIN] = {"DRAIN", 0, CONNECTION_ONLY, 5, 5},
};

static const frame_rule *rule_of(uint8_t type) {
    return type < sizeof rules / sizeof rules[0] && rules[type].name != NULL ? &rules[type] : NULL;
}

bool grille_frame_is_known(uint8_t type) {
    return rule_of(type) != NULL;
}

const char *grille_frame_name(uint8_t type) {
    const frame_rule *rule = rule_of(type);
    return rule == NULL ? "UNKNOWN" : rule->name;
}

/* A DATA frame that carries nothing would be work without credit. */
static uint16_t least_payload(const frame_rule *rule, const grille_frame_header *header) {
    if (header->type != GRILLE_FRAME_DATA) return rule->least;
    if ((header->flags & GRILLE_FLAG_BEGIN) != 0) return GRILLE_MESSAGE_LENGTH_BYTES;
    return (header->flags & GRILLE_FLAG_END_STREAM) != 0 ? 0 : 1;
}

grille_reason grille_frame_check(const grille_frame_header *header) {
    const frame_rule *rule = rule_of(header->type);
    if (header->length > GRILLE_LIMIT_FRAME_PAYLOAD_BYTES) return GRILLE_REASON_WIRE_FRAME_TOO_LONG;
    if (rule == NULL) {
        bool ignorable = (header->flags & GRILLE_FLAG_IGNORABLE) != 0;
        return ignorable ? GRILLE_REASON_OK : GRILLE_REASON_WIRE_UNKNOWN_TYPE;
    }
    if ((header->flags & ~rule->flags) != 0) return GRILLE_REASON_WIRE_BAD_FLAGS;
    if (rule->stream == CONNECTION_ONLY && header->stream != 0) return GRILLE_REASON_WIRE_BAD_STREAM;
    if (rule->stream == STREAM_ONLY && header->stream == 0) return GRILLE_REASON_WIRE_BAD_STREAM;
    if (header->length < least_payload(rule, header) || header->length > rule->most) {
        return GRILLE_REASON_WIRE_BAD_PAYLOAD;
    }
    return GRILLE_REASON_OK;
}

/* The inverse of grille_frame_header_write. */
static grille_frame_header header_of(uint64_t bits) {
    return (grille_frame_header){.length = (uint16_t)(bits >> 48),
                                 .type = (uint8_t)(bits >> 40),
                                 .flags = (uint8_t)(bits >> 32),
                                 .stream = (uint32_t)bits};
}

grille_reason grille_frame_header_decode(grille_bytes input, grille_frame_header *header) {
    grille_reader reader = grille_reader_of(input);
    const uint64_t bits = grille_read_u64(&reader);
    if (input.len < GRILLE_FRAME_HEADER_BYTES) return GRILLE_REASON_MORE;
    *header = header_of(bits);
    return grille_frame_check(header);
}

grille_reason grille_frame_take(grille_bytes *input, grille_frame_header *header, grille_bytes *payload) {
    grille_reader reader = grille_reader_of(*input);
    grille_reason reason = grille_frame_header_decode(*input, header);
    if (reason != GRILLE_REASON_OK) return reason;
    if (input->len - GRILLE_FRAME_HEADER_BYTES < header->length) return GRILLE_REASON_MORE;
    (void)grille_read_u64(&reader);
    *payload = grille_read_bytes(&reader, header->length);
    *input = grille_read_rest(&reader);
    return GRILLE_REASON_OK;
}

void grille_frame_header_write(grille_writer *writer, const grille_frame_header *header) {
    uint64_t bits =
        (uint64_t)header->length << 48 | (uint64_t)header->type << 40 | (uint64_t)header->flags << 32 | header->stream;
    grille_write_u64(writer, bits);
}

void grille_frame_start(grille_writer *writer, size_t length, grille_frame_type type, uint8_t flags, uint32_t stream) {
    const grille_frame_header header = {
        .length = (uint16_t)length, .type = (uint8_t)type, .flags = flags, .stream = stream};
    const grille_reason reason =
        length > GRILLE_LIMIT_FRAME_PAYLOAD_BYTES ? GRILLE_REASON_WIRE_FRAME_TOO_LONG : grille_frame_check(&header);
    if (reason != GRILLE_REASON_OK) grille_writer_fail(writer, reason);
    GRILLE_PROBE_FRAME_OUT(header.type, header.stream, header.length);
    grille_frame_header_write(writer, &header);
}

size_t grille_frame_begin(grille_writer *writer) {
    size_t mark = grille_written(writer).len;
    grille_write_zeros(writer, GRILLE_FRAME_HEADER_BYTES);
    return mark;
}

void grille_frame_end(grille_writer *writer, size_t mark, grille_frame_type type, uint8_t flags, uint32_t stream) {
    uint8_t bytes[GRILLE_FRAME_HEADER_BYTES];
    grille_writer header_writer = grille_writer_into(bytes, sizeof bytes);
    grille_frame_header header = {.type = (uint8_t)type, .flags = flags, .stream = stream};
    size_t payload_bytes = 0;
    grille_reason reason = GRILLE_REASON_OK;
    if (grille_writer_end(writer) != GRILLE_REASON_OK) return;
    payload_bytes = grille_written(writer).len - mark - GRILLE_FRAME_HEADER_BYTES;
    if (payload_bytes > GRILLE_LIMIT_FRAME_PAYLOAD_BYTES) {
        grille_writer_fail(writer, GRILLE_REASON_WIRE_FRAME_TOO_LONG);
        return;
    }
    header.length = (uint16_t)payload_bytes;
    reason = grille_frame_check(&header);
    if (reason != GRILLE_REASON_OK) grille_writer_fail(writer, reason);
    GRILLE_PROBE_FRAME_OUT(header.type, header.stream, header.length);
    grille_frame_header_write(&header_writer, &header);
    grille_write_over(writer, mark, grille_written(&header_writer));
}
