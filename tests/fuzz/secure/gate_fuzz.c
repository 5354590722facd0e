/* SPDX-License-Identifier: Apache-2.0
 * The gate by itself: the first byte chooses role, order and epoch, then payloads with their u16 length before each.
 * Evidence of any content is accepted. */
#include <stdio.h>
#include <string.h>

#include "attest/defence.h"
#include "base/bytes.h"
#include "base/reader.h"
#include "fake_evidence.h"
#include "secure/gate.h"
#include "tests/fuzz/crypto/fuzz_check.h"

bool __wrap_grille_defence_confirm_matches(grille_bytes received, grille_bytes expected);
bool __wrap_grille_defence_confirm_matches(grille_bytes received, grille_bytes expected) {
    return received.len == expected.len;
}

static const uint8_t own_nonce[GRILLE_GATE_NONCE_BYTES] = {1};
static const uint8_t exporter[GRILLE_GATE_KEY_BYTES] = {2};

static void play(grille_gate *gate, grille_reader *reader) {
    grille_reason reason = GRILLE_REASON_OK;
    while (reason == GRILLE_REASON_OK && !reader->failed && reader->left > 0 && !grille_gate_is_open(gate)) {
        grille_error error = {0};
        if (grille_gate_expects(gate) != 0)
            reason = grille_gate_take(gate, grille_read_block_u16(reader), &error);
        else
            reason = grille_gate_work(gate, 0, &error);
        FUZZ_CHECK((reason == GRILLE_REASON_OK) == (error.text[0] == '\0'));
        FUZZ_CHECK(grille_gate_outgoing(gate).len <= 3 * (8 + GRILLE_LIMIT_FRAME_PAYLOAD_BYTES));
    }
    if (reason != GRILLE_REASON_OK) {
        FUZZ_CHECK(!grille_gate_is_open(gate) && grille_gate_peer(gate) == NULL);
        FUZZ_CHECK(grille_gate_take(gate, grille_bytes_of(NULL, 0), NULL) != GRILLE_REASON_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    grille_reader reader = grille_reader_of(grille_bytes_of(data, size));
    const uint8_t choice = grille_read_u8(&reader);
    grille_identity identity = {.kind = (choice & 2) != 0 ? GRILLE_IDENTITY_NITRO : GRILLE_IDENTITY_X509};
    grille_policy policy = {.accepted_kinds = (1u << GRILLE_IDENTITY_NITRO | 1u << GRILLE_IDENTITY_X509),
                            .responder_first = (choice & 4) != 0,
                            .any_evidence = true};
    const grille_peer_identity before = {.kind = GRILLE_IDENTITY_X509};
    const bool later = (choice & 8) != 0;
    grille_budget budget;
    grille_gate gate;
    const grille_gate_options options = {.role = (choice & 1) != 0 ? GRILLE_RESPONDER : GRILLE_INITIATOR,
                                         .crypto = grille_crypto_wolf(),
                                         .identity = &identity,
                                         .policy = &policy,
                                         .budget = &budget,
                                         .nonce = grille_bytes_of(own_nonce, sizeof own_nonce),
                                         .epoch = later ? 7 : 0,
                                         .previous_th = grille_bytes_of(exporter, later ? sizeof exporter : 0),
                                         .before = later ? &before : NULL,
                                         .proof_is_tried_again = later,
                                         .exporter = grille_bytes_of(exporter, sizeof exporter),
                                         .alpn = grille_bytes_of_text("grille/1"),
                                         .own_leaf = grille_bytes_of_text("own leaf"),
                                         .peer_leaf = grille_bytes_of_text("peer leaf"),
                                         .own_spki = grille_bytes_of_text("own key"),
                                         .peer_spki = grille_bytes_of_text("peer key")};
    grille_budget_init(&budget, 100000);
    if (grille_gate_init(&gate, &options, NULL) == GRILLE_REASON_OK) play(&gate, &reader);
    grille_gate_deinit(&gate);
    FUZZ_CHECK(budget.used_bytes == 0);
    return 0;
}
