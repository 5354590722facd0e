/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/defence.h"

#include <string.h>

#include "attest/evidence.h"
#include "base/bytes.h"
#include "cmocka_all.h"

typedef bool compare_fn(grille_bytes left, grille_bytes right);

static void comparisons_are_exact_and_empty_never_matches(void **state) {
    static compare_fn *const comparisons[] = {grille_defence_binder_matches, grille_defence_key_matches,
                                              grille_defence_nonce_matches,  grille_defence_root_matches,
                                              grille_defence_pcr_matches,    grille_defence_confirm_matches,
                                              grille_defence_psk_matches};
    const grille_bytes empty = grille_bytes_of(NULL, 0);
    (void)state;
    for (size_t c = 0; c < sizeof comparisons / sizeof comparisons[0]; c++) {
        uint8_t left[48], right[48];
        grille_bytes l = grille_bytes_of(left, sizeof left), r = grille_bytes_of(right, sizeof right);
        memset(left, 0x5a, sizeof left);
        memset(right, 0x5a, sizeof right);
        assert_true(comparisons[c](l, r));
        for (size_t i = 0; i < sizeof left * 8; i++) {
            right[i / 8] ^= (uint8_t)(1u << i % 8);
            assert_false(comparisons[c](l, r));
            right[i / 8] ^= (uint8_t)(1u << i % 8);
        }
        assert_false(comparisons[c](grille_bytes_of(left, 47), r));
        assert_false(comparisons[c](l, grille_bytes_of(right, 47)));
        assert_false(comparisons[c](empty, r));
        assert_false(comparisons[c](l, empty));
        assert_false(comparisons[c](empty, empty));
    }
}

static void a_key_of_ours_or_none_is_refused(void **state) {
    const grille_bytes ours = grille_bytes_of_text("ours"), theirs = grille_bytes_of_text("they");
    (void)state;
    assert_true(grille_defence_key_is_not_ours(theirs, ours));
    assert_false(grille_defence_key_is_not_ours(ours, ours));
    assert_false(grille_defence_key_is_not_ours(grille_bytes_of(NULL, 0), ours));
}

static void only_a_pcr_with_a_bit_set_is_not_debug(void **state) {
    uint8_t pcr[48] = {0};
    (void)state;
    assert_false(grille_defence_not_debug(grille_bytes_of(NULL, 0)));
    assert_false(grille_defence_not_debug(grille_bytes_of(pcr, sizeof pcr)));
    for (size_t i = 0; i < sizeof pcr; i++) {
        pcr[i] = 0x01;
        assert_true(grille_defence_not_debug(grille_bytes_of(pcr, sizeof pcr)));
        pcr[i] = 0;
    }
}

/* Sets one byte of a peer, far from the first one of its field. */
static grille_peer_identity changed(const grille_peer_identity *peer, size_t offset) {
    grille_peer_identity other = *peer;
    ((uint8_t *)&other)[offset] ^= 1;
    return other;
}

static grille_peer_identity some_peer(grille_identity_kind kind) {
    grille_peer_identity peer = {.kind = kind, .epoch = 3, .set = "set", .pcr_mask = 0xffff};
    if (kind == GRILLE_IDENTITY_NITRO) strcpy(peer.module_id, "i-0123456789abcdef0-enc0123456789abcdef");
    if (kind == GRILLE_IDENTITY_X509) {
        strcpy(peer.subject, "parent-7");
        strcpy(peer.name, "spiffe://acme/parent");
    }
    if (kind == GRILLE_IDENTITY_PSK) strcpy(peer.psk_id, "parent");
    for (size_t i = 0; i < 20; i++)
        memset(peer.pcrs[i], (int)(0xa0 + i), GRILLE_PCR_BYTES);
    return peer;
}

static grille_reason same(const grille_peer_identity *before, const grille_peer_identity *after) {
    grille_error error;
    const grille_reason reason = grille_evidence_same_identity(before, after, &error);
    assert_int_equal(reason == GRILLE_REASON_OK, grille_defence_identity_is_same(before, after));
    if (reason == GRILLE_REASON_OK) return reason;
    assert_string_equal("ATTEST-IDENTITY-CHANGED", error.name);
    assert_non_null(strstr(error.text, "differs: observed"));
    return reason;
}

#define AT(field) offsetof(grille_peer_identity, field)

static void an_identity_is_its_names_and_measurements(void **state) {
    static const struct {
        size_t offset;
        bool matters;
    } rows[] = {
        {AT(module_id[0]), true},
        {AT(module_id[38]), true},
        {AT(subject[0]), true},
        {AT(subject[255]), true},
        {AT(name[7]), true},
        {AT(psk_id[0]), true},
        {AT(psk_id[6]), true},
        {AT(pcr_mask), true},
        {AT(pcrs[0][0]), true},
        {AT(pcrs[8][47]), true},
        {AT(pcrs[15][47]), true},
        /* what an application may extend, and what a later epoch has anew */
        {AT(pcrs[16][0]), false},
        {AT(pcrs[31][47]), false},
        {AT(epoch), false},
        {AT(document_time_ms), false},
        {AT(expires_ms), false},
        {AT(set[0]), false},
        {AT(build), false},
        {AT(policy_digest[0]), false},
    };
    (void)state;
    for (int kind = GRILLE_IDENTITY_NITRO; kind <= GRILLE_IDENTITY_ANONYMOUS; kind++) {
        const grille_peer_identity peer = some_peer((grille_identity_kind)kind);
        assert_int_equal(GRILLE_REASON_OK, same(&peer, &peer));
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            const grille_peer_identity other = changed(&peer, rows[i].offset);
            if ((same(&peer, &other) != GRILLE_REASON_OK) != rows[i].matters) fail_msg("kind %d, row %zu", kind, i);
        }
        for (int other_kind = GRILLE_IDENTITY_NITRO; other_kind <= GRILLE_IDENTITY_ANONYMOUS; other_kind++) {
            const grille_peer_identity other = some_peer((grille_identity_kind)other_kind);
            assert_int_equal(kind == other_kind ? GRILLE_REASON_OK : GRILLE_REASON_ATTEST_IDENTITY_CHANGED,
                             same(&peer, &other));
        }
    }
}

static void a_change_above_pcr_15_in_the_mask_is_none(void **state) {
    grille_peer_identity peer = some_peer(GRILLE_IDENTITY_NITRO), later = peer;
    (void)state;
    later.pcr_mask |= UINT32_C(1) << 16;
    assert_int_equal(GRILLE_REASON_OK, same(&peer, &later));
    later.pcr_mask &= ~(UINT32_C(1) << 15);
    assert_int_equal(GRILLE_REASON_ATTEST_IDENTITY_CHANGED, same(&peer, &later));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparisons_are_exact_and_empty_never_matches),
        cmocka_unit_test(a_key_of_ours_or_none_is_refused),
        cmocka_unit_test(an_identity_is_its_names_and_measurements),
        cmocka_unit_test(a_change_above_pcr_15_in_the_mask_is_none),
        cmocka_unit_test(only_a_pcr_with_a_bit_set_is_not_debug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
