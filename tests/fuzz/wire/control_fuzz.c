/* SPDX-License-Identifier: Apache-2.0
 * RESET, CREDIT, PING and DRAIN payloads: each decoder gets the input; what decodes is written again byte for byte. */
#include "fuzz_check.h"
#include "wire/payload.h"

static uint8_t room[64];

/* What the writer holds is one frame with this payload. */
static void check_payload(const grille_writer *writer, grille_bytes payload) {
    grille_bytes input = grille_written(writer);
    grille_bytes again = {0};
    grille_frame_header header;
    FUZZ_CHECK(grille_writer_end(writer) == GRILLE_REASON_OK);
    FUZZ_CHECK(grille_frame_take(&input, &header, &again) == GRILLE_REASON_OK && input.len == 0);
    FUZZ_CHECK(grille_bytes_equal(again, payload));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    grille_bytes payload = grille_bytes_of(data, size);
    grille_writer writer = grille_writer_into(room, sizeof room);
    grille_reset_code code;
    grille_drain_payload drain;
    uint32_t credit = 0;
    uint64_t token = 0;
    if (grille_reset_payload_decode(payload, &code) == GRILLE_REASON_OK) {
        grille_reset_frame_write(&writer, 1, code);
        check_payload(&writer, payload);
    }
    writer = grille_writer_into(room, sizeof room);
    if (grille_credit_payload_decode(payload, &credit) == GRILLE_REASON_OK) {
        FUZZ_CHECK(credit > 0 && credit <= GRILLE_LIMIT_CREDIT_BYTES);
        grille_credit_frame_write(&writer, 0, credit);
        check_payload(&writer, payload);
    }
    writer = grille_writer_into(room, sizeof room);
    if (grille_ping_payload_decode(payload, &token) == GRILLE_REASON_OK) {
        grille_ping_frame_write(&writer, true, token);
        check_payload(&writer, payload);
    }
    writer = grille_writer_into(room, sizeof room);
    if (grille_drain_payload_decode(payload, &drain) == GRILLE_REASON_OK) {
        grille_drain_frame_write(&writer, &drain);
        check_payload(&writer, payload);
    }
    return 0;
}
