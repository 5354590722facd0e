/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/claims.h"

#include "wire/limits.h"

enum {
    FIELD_BUILD = 1,
    FIELD_POLICY_DIGEST = 2,
    FIELD_LOGS = 3,
    FIELD_METRICS = 4,
    FIELD_REFLECTION = 5,
    FIELD_DEBUG = 6
};

static grille_feature_state read_feature(grille_message_reader *message, const grille_message_field *field) {
    uint32_t state = grille_message_u32(message, field);
    if (state <= GRILLE_FEATURE_STATE_ON) return (grille_feature_state)state;
    grille_message_fail(message, GRILLE_REASON_WIRE_BAD_MESSAGE);
    return GRILLE_FEATURE_STATE_NOT_TOLD;
}

static void read_field(grille_message_reader *message, const grille_message_field *field, grille_claims *claims) {
    switch (field->number) {
    case FIELD_BUILD:
        claims->build = grille_message_u64(message, field);
        break;
    case FIELD_POLICY_DIGEST:
        claims->policy_digest = grille_message_bytes(message, field);
        break;
    case FIELD_LOGS:
        claims->logs = read_feature(message, field);
        break;
    case FIELD_METRICS:
        claims->metrics = read_feature(message, field);
        break;
    case FIELD_REFLECTION:
        claims->reflection = read_feature(message, field);
        break;
    case FIELD_DEBUG:
        claims->debug = read_feature(message, field);
        break;
    default:
        break;
    }
}

grille_reason grille_claims_decode(grille_bytes encoded, grille_claims *claims) {
    grille_message_reader message = grille_message_reader_of(encoded);
    grille_message_field field;
    grille_claims read = {0};
    grille_reason reason = GRILLE_REASON_OK;
    if (encoded.len > GRILLE_LIMIT_CLAIMS_BYTES) return GRILLE_REASON_WIRE_LIMIT;
    while (grille_message_next(&message, &field))
        read_field(&message, &field, &read);
    reason = grille_message_end(&message);
    if (reason != GRILLE_REASON_OK) return reason;
    if (read.policy_digest.len != 0 && read.policy_digest.len != GRILLE_POLICY_DIGEST_BYTES) {
        return GRILLE_REASON_WIRE_BAD_MESSAGE;
    }
    *claims = read;
    return GRILLE_REASON_OK;
}

static void write_feature(grille_writer *writer, uint32_t number, grille_feature_state state) {
    if (state != GRILLE_FEATURE_STATE_NOT_TOLD) grille_message_varint_write(writer, number, (uint64_t)state);
}

void grille_claims_write(grille_writer *writer, const grille_claims *claims) {
    if (claims->build != 0) grille_message_varint_write(writer, FIELD_BUILD, claims->build);
    if (claims->policy_digest.len > 0) {
        grille_message_bytes_write(writer, FIELD_POLICY_DIGEST, claims->policy_digest);
    }
    write_feature(writer, FIELD_LOGS, claims->logs);
    write_feature(writer, FIELD_METRICS, claims->metrics);
    write_feature(writer, FIELD_REFLECTION, claims->reflection);
    write_feature(writer, FIELD_DEBUG, claims->debug);
}
