/* SPDX-License-Identifier: Apache-2.0
 * A real end after TLS, fed with plaintext: the first byte chooses role and kind, then records with their u16 length
 * before each. Evidence of any content is accepted. */
#include "attest/defence.h"
#include "base/bytes.h"
#include "base/reader.h"
#include "evil_end.h"
#include "fake_evidence.h"
#include "tests/fuzz/crypto/fuzz_check.h"

bool __wrap_grille_defence_confirm_matches(grille_bytes received, grille_bytes expected);
bool __wrap_grille_defence_confirm_matches(grille_bytes received, grille_bytes expected) {
    return received.len == expected.len;
}

static void play(evil_end *evil, secure_side *side, grille_reader *reader) {
    while (!reader->failed && reader->left > 0 && evil_end_failure(evil) == GRILLE_REASON_OK) {
        const size_t wanted = grille_read_u16(reader);
        const grille_bytes record = grille_read_bytes(reader, wanted < reader->left ? wanted : reader->left);
        if (side->read_len > sizeof side->read / 2) return;
        if (record.len == 0) continue;
        evil_end_write(evil, record);
        evil_end_pump(evil, side, 0, SECURE_PAIR_WALL_MS);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static secure_side side;
    grille_reader reader = grille_reader_of(grille_bytes_of(data, size));
    const uint8_t choice = grille_read_u8(&reader);
    const bool responder = (choice & 1) != 0;
    grille_identity identity = {.kind = (choice & 2) != 0 ? GRILLE_IDENTITY_NITRO : GRILLE_IDENTITY_X509};
    grille_policy policy = {.accepted_kinds = (1u << GRILLE_IDENTITY_NITRO | 1u << GRILLE_IDENTITY_X509),
                            .any_evidence = true};
    const grille_secure_options options = {.role = responder ? GRILLE_RESPONDER : GRILLE_INITIATOR,
                                           .crypto = grille_crypto_wolf(),
                                           .identity = &identity,
                                           .policy = &policy,
                                           .nonce = {1},
                                           .budget = &side.budget,
                                           .wall_ms = SECURE_PAIR_WALL_MS};
    const evil_options peer = {.role = responder ? GRILLE_TLS_CLIENT : GRILLE_TLS_SERVER,
                               .wall_ms = SECURE_PAIR_WALL_MS};
    evil_end *evil = evil_end_new(&peer);
    side = (secure_side){.secure = NULL};
    grille_budget_init(&side.budget, 300000);
    FUZZ_CHECK(grille_secure_new(&options, &side.secure, &side.error) == GRILLE_REASON_OK);
    evil_end_pump(evil, &side, 0, SECURE_PAIR_WALL_MS);
    FUZZ_CHECK(evil_end_is_up(evil));
    play(evil, &side, &reader);
    if (grille_secure_get_state(side.secure) == GRILLE_SECURE_FAILED)
        FUZZ_CHECK(grille_secure_failure(side.secure)->text[0] != '\0');
    evil_end_free(evil);
    grille_secure_free(side.secure);
    FUZZ_CHECK(side.budget.used_bytes == 0);
    return 0;
}
