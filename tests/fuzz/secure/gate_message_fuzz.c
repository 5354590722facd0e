/* SPDX-License-Identifier: Apache-2.0
 * The gate's messages. What decodes is written again and is the same bytes. */
#include <string.h>

#include "base/bytes.h"
#include "secure/gate_message.h"
#include "tests/fuzz/crypto/fuzz_check.h"

static void check_same(const grille_writer *writer, grille_bytes payload) {
    FUZZ_CHECK(grille_writer_end(writer) == GRILLE_REASON_OK);
    FUZZ_CHECK(grille_bytes_equal(grille_written(writer), payload));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t room[65536];
    const grille_bytes payload = grille_bytes_of(data, size);
    grille_writer writer = grille_writer_into(room, sizeof room);
    grille_gate_hello hello;
    grille_gate_evidence evidence;
    grille_bytes mac;
    int decoded = 0;
    if (grille_gate_hello_decode(payload, &hello) == GRILLE_REASON_OK) {
        grille_gate_hello_write(&writer, &hello);
        decoded++;
    }
    if (grille_gate_evidence_decode(payload, &evidence) == GRILLE_REASON_OK) {
        grille_gate_evidence_write(&writer, &evidence);
        decoded++;
    }
    if (grille_gate_confirm_decode(payload, &mac) == GRILLE_REASON_OK) {
        grille_gate_confirm_write(&writer, mac.data);
        decoded++;
    }
    if (grille_gate_empty_decode(payload, GRILLE_GATE_REFUSED) == GRILLE_REASON_OK) {
        grille_gate_empty_write(&writer, GRILLE_GATE_REFUSED);
        decoded++;
    }
    if (grille_gate_empty_decode(payload, GRILLE_GATE_REQUEST) == GRILLE_REASON_OK) {
        grille_gate_empty_write(&writer, GRILLE_GATE_REQUEST);
        decoded++;
    }
    FUZZ_CHECK(decoded <= 1);
    if (decoded == 1) {
        FUZZ_CHECK(size <= grille_gate_payload_max(data[0]));
        check_same(&writer, payload);
    }
    return 0;
}
