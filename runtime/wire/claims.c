/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/claims.h"

#include "wire/limits.h"

enum { FIELD_BUILD = 1, FIELD_POLICY_DIGEST = 2 };

grille_reason grille_claims_decode(grille_bytes encoded, grille_claims *claims) {
    grille_message_reader message = grille_message_reader_of(encoded);
    grille_message_field field;
    grille_claims read = {0};
    grille_reason reason = GRILLE_REASON_OK;
    if (encoded.len > GRILLE_LIMIT_CLAIMS_BYTES) return GRILLE_REASON_WIRE_LIMIT;
    while (grille_message_next(&message, &field)) {
        if (field.number == FIELD_BUILD) read.build = grille_message_u64(&message, &field);
        if (field.number == FIELD_POLICY_DIGEST) read.policy_digest = grille_message_bytes(&message, &field);
    }
    reason = grille_message_end(&message);
    if (reason != GRILLE_REASON_OK) return reason;
    if (read.policy_digest.len != 0 && read.policy_digest.len != GRILLE_POLICY_DIGEST_BYTES) {
        return GRILLE_REASON_WIRE_BAD_MESSAGE;
    }
    *claims = read;
    return GRILLE_REASON_OK;
}

void grille_claims_write(grille_writer *writer, const grille_claims *claims) {
    if (claims->build != 0) grille_message_varint_write(writer, FIELD_BUILD, claims->build);
    if (claims->policy_digest.len > 0) {
        grille_message_bytes_write(writer, FIELD_POLICY_DIGEST, claims->policy_digest);
    }
}
