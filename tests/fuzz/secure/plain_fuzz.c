/* SPDX-License-Identifier: Apache-2.0
 * A real end after TLS, fed with plaintext, through its gate and later epochs: the first byte chooses role and kind,
 * then records with their u16 length before each; a length of 0x8000 and more is no record but time that passes, one of
 * 0xc000 and more something that the owner does. Evidence of any content is accepted. */
#include <string.h>

#include "attest/defence.h"
#include "base/bytes.h"
#include "base/reader.h"
#include "evil_end.h"
#include "fake_evidence.h"
#include "tests/fuzz/crypto/fuzz_check.h"
#include "wire/frame.h"

bool __wrap_grille_defence_confirm_matches(grille_bytes received, grille_bytes expected);
bool __wrap_grille_defence_confirm_matches(grille_bytes received, grille_bytes expected) {
    return received.len == expected.len;
}

typedef struct bed {
    evil_end *evil;
    secure_side *side;
    grille_policy policies[2];
    grille_identity identity;
    grille_time_us now_us;
    unsigned replaced;
} bed;

static grille_wall_ms wall_ms(const bed *b) {
    return SECURE_PAIR_WALL_MS + (grille_wall_ms)(b->now_us / 1000);
}

/* As the session does: GATE frames go back, the others stay. */
static void hand_back(bed *b) {
    secure_side *side = b->side;
    grille_bytes rest = grille_bytes_of(side->read, side->read_len);
    grille_bytes payload;
    grille_frame_header header;
    while (rest.len > 0 && grille_frame_take(&rest, &header, &payload) == GRILLE_REASON_OK) {
        const grille_secure_state before = grille_secure_get_state(side->secure);
        const bool was_open = before == GRILLE_SECURE_OPEN;
        if (header.type != GRILLE_FRAME_GATE) continue;
        FUZZ_CHECK((grille_secure_gate_frame(side->secure, payload, b->now_us, wall_ms(b)) == GRILLE_REASON_OK) ==
                   (was_open && grille_secure_get_state(side->secure) == GRILLE_SECURE_OPEN));
    }
    if (rest.len > 0) memmove(side->read, rest.data, rest.len);
    side->read_len = rest.len;
}

static void settle(bed *b) {
    evil_end_pump(b->evil, b->side, b->now_us, wall_ms(b));
    hand_back(b);
    secure_side_run(b->side, b->now_us, wall_ms(b));
    evil_end_pump(b->evil, b->side, b->now_us, wall_ms(b));
    if (grille_secure_get_state(b->side->secure) != GRILLE_SECURE_OPEN) return;
    FUZZ_CHECK(grille_secure_failure(b->side->secure)->text[0] == '\0');
    FUZZ_CHECK(grille_secure_peer(b->side->secure) != NULL);
}

static void act(bed *b, size_t what) {
    grille_secure *secure = b->side->secure;
    grille_reason reason = GRILLE_REASON_OK;
    switch (what & 3) {
    case 0:
        reason = grille_secure_reattest(secure, b->now_us, wall_ms(b));
        break;
    case 1:
        b->replaced++;
        b->policies[b->replaced % 2].again_answer = (what & 4) != 0 ? GRILLE_REASON_ATTEST_PCR_MISMATCH : 0;
        reason = grille_secure_replace_policy(secure, &b->policies[b->replaced % 2], grille_bytes_of_text("claims"),
                                              wall_ms(b));
        break;
    case 2:
        b->identity.prove_answer = (what & 4) != 0 ? GRILLE_REASON_NSM_FAILED : GRILLE_REASON_OK;
        grille_secure_replace_identity(secure, &b->identity);
        break;
    default:
        grille_secure_trim(secure);
    }
    if (reason != GRILLE_REASON_OK && reason != GRILLE_REASON_GATE_TOO_SOON)
        FUZZ_CHECK(grille_secure_get_state(secure) != GRILLE_SECURE_OPEN);
}

static void play(bed *b, grille_reader *reader) {
    while (!reader->failed && reader->left > 0 && evil_end_failure(b->evil) == GRILLE_REASON_OK) {
        const size_t wanted = grille_read_u16(reader);
        if (b->side->read_len > sizeof b->side->read / 2) return;
        if (wanted >= 0xc000) {
            act(b, wanted);
        } else if (wanted >= 0x8000) {
            b->now_us += (grille_time_us)(wanted - 0x8000) * 1000000;
        } else {
            const grille_bytes record = grille_read_bytes(reader, wanted < reader->left ? wanted : reader->left);
            if (record.len == 0) continue;
            evil_end_write(b->evil, record);
        }
        settle(b);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static secure_side side;
    grille_reader reader = grille_reader_of(grille_bytes_of(data, size));
    const uint8_t choice = grille_read_u8(&reader);
    const bool responder = (choice & 1) != 0;
    bed b = {.side = &side,
             .identity = {.kind = (choice & 2) != 0 ? GRILLE_IDENTITY_NITRO : GRILLE_IDENTITY_X509},
             .policies = {{.any_evidence = true, .reattest_ms = 3600000}, {.any_evidence = true}}};
    const grille_secure_options options = {.role = responder ? GRILLE_RESPONDER : GRILLE_INITIATOR,
                                           .crypto = grille_crypto_wolf(),
                                           .identity = &b.identity,
                                           .policy = &b.policies[0],
                                           .nonce = {1},
                                           .budget = &side.budget,
                                           .wall_ms = SECURE_PAIR_WALL_MS};
    const evil_options peer = {.role = responder ? GRILLE_TLS_CLIENT : GRILLE_TLS_SERVER,
                               .wall_ms = SECURE_PAIR_WALL_MS};
    for (int i = 0; i < 2; i++)
        b.policies[i].accepted_kinds = 1u << GRILLE_IDENTITY_NITRO | 1u << GRILLE_IDENTITY_X509;
    b.evil = evil_end_new(&peer);
    side = (secure_side){.secure = NULL};
    grille_budget_init(&side.budget, 300000);
    FUZZ_CHECK(grille_secure_new(&options, &side.secure, &side.error) == GRILLE_REASON_OK);
    settle(&b);
    FUZZ_CHECK(evil_end_is_up(b.evil));
    play(&b, &reader);
    if (grille_secure_get_state(side.secure) == GRILLE_SECURE_FAILED)
        FUZZ_CHECK(grille_secure_failure(side.secure)->text[0] != '\0');
    evil_end_free(b.evil);
    grille_secure_free(side.secure);
    FUZZ_CHECK(side.budget.used_bytes == 0);
    FUZZ_CHECK(b.policies[0].references == 0 && b.policies[1].references == 0);
    return 0;
}
