/* SPDX-License-Identifier: Apache-2.0 */
#include "secure/key_schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/psk.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "key_schedule_vectors.h"

enum { vector_count = sizeof key_schedule_vectors / sizeof key_schedule_vectors[0], value_max = 5000 };

/* Hex of a vector as bytes; each call takes storage of its own, given back by the group's end. */
static grille_bytes decode(const char *hex) {
    static uint8_t storage[32][value_max];
    static size_t next;
    uint8_t *out = storage[next++ % 32];
    size_t len = 0;
    assert_true(grille_hex_decode(hex, strlen(hex), out, value_max, &len));
    return grille_bytes_of(out, len);
}

static void assert_value(const uint8_t *value, const char *expected_hex) {
    const grille_bytes expected = decode(expected_hex);
    assert_int_equal(expected.len, GRILLE_GATE_KEY_BYTES);
    assert_memory_equal(value, expected.data, expected.len);
}

static grille_gate_transcript transcript_of(const key_schedule_vector *vector) {
    return (grille_gate_transcript){.suite = vector->suite,
                                    .alpn = grille_bytes_of_text(vector->alpn),
                                    .leaf_i = decode(vector->leaf_i),
                                    .leaf_r = decode(vector->leaf_r),
                                    .hello_i = decode(vector->hello_i),
                                    .hello_r = decode(vector->hello_r),
                                    .epoch = vector->epoch,
                                    .previous_th = decode(vector->previous_th)};
}

static void derive_context(const key_schedule_vector *vector, uint8_t ctx[GRILLE_GATE_KEY_BYTES]) {
    const grille_gate_transcript transcript = transcript_of(vector);
    assert_int_equal(grille_gate_context(grille_crypto_wolf(), &transcript, ctx), GRILLE_REASON_OK);
}

static void context_is_the_vectors(void **state) {
    (void)state;
    for (size_t i = 0; i < vector_count; i++) {
        uint8_t ctx[GRILLE_GATE_KEY_BYTES];
        derive_context(&key_schedule_vectors[i], ctx);
        assert_value(ctx, key_schedule_vectors[i].ctx);
    }
}

static void check_role(const key_schedule_vector *vector, char role) {
    const grille_crypto *crypto = grille_crypto_wolf();
    const bool is_i = role == 'I';
    const grille_bytes exporter = decode(vector->exporter);
    uint8_t ctx[GRILLE_GATE_KEY_BYTES];
    uint8_t e[GRILLE_GATE_KEY_BYTES];
    uint8_t k[GRILLE_GATE_KEY_BYTES];
    uint8_t b[GRILLE_GATE_KEY_BYTES];
    uint8_t th[GRILLE_GATE_KEY_BYTES];
    uint8_t mac[GRILLE_GATE_KEY_BYTES];
    derive_context(vector, ctx);
    assert_int_equal(grille_gate_evidence_key(crypto, exporter, role, ctx, e), GRILLE_REASON_OK);
    assert_value(e, is_i ? vector->e_i : vector->e_r);
    assert_int_equal(grille_gate_confirm_key(crypto, exporter, role, ctx, k), GRILLE_REASON_OK);
    assert_value(k, is_i ? vector->k_i : vector->k_r);
    assert_int_equal(grille_gate_binder(crypto, role, e, ctx, decode(is_i ? vector->spki_i : vector->spki_r),
                                        decode(is_i ? vector->claims_i : vector->claims_r), b),
                     GRILLE_REASON_OK);
    assert_value(b, is_i ? vector->b_i : vector->b_r);
    assert_int_equal(
        grille_gate_transcript_hash(crypto, ctx, decode(vector->evidence_r), decode(vector->evidence_i), th),
        GRILLE_REASON_OK);
    assert_value(th, vector->th);
    assert_int_equal(grille_gate_confirm(crypto, k, th, mac), GRILLE_REASON_OK);
    assert_value(mac, is_i ? vector->confirm_i : vector->confirm_r);
}

static void keys_binders_and_confirms_are_the_vectors(void **state) {
    (void)state;
    for (size_t i = 0; i < vector_count; i++) {
        check_role(&key_schedule_vectors[i], 'I');
        check_role(&key_schedule_vectors[i], 'R');
    }
}

/* Each field of the transcript, changed or cut by one byte, changes ctx. */
static void context_depends_on_every_field(void **state) {
    const key_schedule_vector *vector = &key_schedule_vectors[1];
    grille_gate_transcript good = transcript_of(vector);
    grille_bytes *const fields[] = {&good.alpn,    &good.leaf_i,  &good.leaf_r,
                                    &good.hello_i, &good.hello_r, &good.previous_th};
    uint8_t ctx[GRILLE_GATE_KEY_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const grille_bytes kept = *fields[i];
        fields[i]->len--;
        assert_int_equal(grille_gate_context(grille_crypto_wolf(), &good, ctx), GRILLE_REASON_OK);
        assert_memory_not_equal(ctx, decode(vector->ctx).data, sizeof ctx);
        *fields[i] = kept;
    }
    good.suite++;
    assert_int_equal(grille_gate_context(grille_crypto_wolf(), &good, ctx), GRILLE_REASON_OK);
    assert_memory_not_equal(ctx, decode(vector->ctx).data, sizeof ctx);
    good.suite--;
    good.epoch++;
    assert_int_equal(grille_gate_context(grille_crypto_wolf(), &good, ctx), GRILLE_REASON_OK);
    assert_memory_not_equal(ctx, decode(vector->ctx).data, sizeof ctx);
}

/* What attest/ signs and puts into documents, from the same binder. */
static void prefixes_are_the_vectors(void **state) {
    (void)state;
    for (size_t i = 0; i < vector_count; i++) {
        const char *const user_data[] = {key_schedule_vectors[i].nitro_user_data_i,
                                         key_schedule_vectors[i].nitro_user_data_r};
        const char *const binder[] = {key_schedule_vectors[i].b_i, key_schedule_vectors[i].b_r};
        for (int role = 0; role < 2; role++) {
            uint8_t expected[sizeof GRILLE_ATTEST_CHANNEL_PREFIX + GRILLE_BINDER_BYTES];
            const grille_bytes decoded = decode(user_data[role]);
            const size_t prefix_len = sizeof GRILLE_ATTEST_CHANNEL_PREFIX - 1;
            memcpy(expected, GRILLE_ATTEST_CHANNEL_PREFIX, prefix_len);
            expected[prefix_len] = (uint8_t) "IR"[role];
            memcpy(expected + prefix_len + 1, decode(binder[role]).data, GRILLE_BINDER_BYTES);
            assert_int_equal(decoded.len, sizeof expected);
            assert_memory_equal(decoded.data, expected, sizeof expected);
        }
    }
}

/* What an x509 leaf's key signs, from the same binder. */
static void signed_bytes_are_the_vectors(void **state) {
    static const char context[] = "grille x509 evidence";
    (void)state;
    for (size_t i = 0; i < vector_count; i++) {
        const key_schedule_vector *vector = &key_schedule_vectors[i];
        const char *const binder[] = {vector->b_i, vector->b_r};
        const char *const to_sign[] = {vector->x509_signed_i, vector->x509_signed_r};
        for (int role = 0; role < 2; role++) {
            uint8_t input[64 + sizeof context + 1 + GRILLE_BINDER_BYTES];
            const grille_bytes expected = decode(to_sign[role]);
            memset(input, 0x20, 64);
            memcpy(input + 64, context, sizeof context); /* its terminator is the zero byte */
            input[64 + sizeof context] = (uint8_t) "IR"[role];
            memcpy(input + 64 + sizeof context + 1, decode(binder[role]).data, GRILLE_BINDER_BYTES);
            assert_int_equal(expected.len, sizeof input);
            assert_memory_equal(expected.data, input, sizeof input);
        }
    }
}

/* psk's MAC by the code that makes and judges evidence, from the same binder. */
static void psk_macs_are_the_vectors(void **state) {
    (void)state;
    for (size_t i = 0; i < vector_count; i++) {
        const key_schedule_vector *vector = &key_schedule_vectors[i];
        const char *const binder[] = {vector->b_i, vector->b_r};
        const char *const macs[] = {vector->psk_mac_i, vector->psk_mac_r};
        const char *const roles[] = {"initiator", "responder"};
        for (int role = 0; role < 2; role++) {
            grille_binding binding = {.prover_role = "IR"[role]};
            uint8_t mac[GRILLE_PSK_MAC_BYTES];
            grille_psk psk;
            char text[256];
            (void)snprintf(text, sizeof text, "grille-psk 1\nid: vector\nrole: %s\nkey: %s\n", roles[role],
                           vector->psk);
            assert_int_equal(grille_psk_read(grille_crypto_wolf(), grille_bytes_of_text(text), "vector", &psk, NULL),
                             GRILLE_REASON_OK);
            memcpy(binding.binder, decode(binder[role]).data, sizeof binding.binder);
            assert_int_equal(grille_psk_mac(grille_crypto_wolf(), psk.mac_key, &binding, mac), GRILLE_REASON_OK);
            assert_value(mac, macs[role]);
        }
    }
}

static grille_reason failing_hash(grille_hash_kind kind, const grille_bytes *parts, size_t count, uint8_t *out) {
    (void)kind, (void)parts, (void)count, (void)out;
    return GRILLE_REASON_CRYPTO_FAILED;
}

static void a_failing_hash_is_reported(void **state) {
    grille_crypto crypto = *grille_crypto_wolf();
    const grille_gate_transcript transcript = transcript_of(&key_schedule_vectors[0]);
    uint8_t out[GRILLE_GATE_KEY_BYTES] = {0};
    (void)state;
    crypto.hash = failing_hash;
    assert_int_equal(grille_gate_context(&crypto, &transcript, out), GRILLE_REASON_CRYPTO_FAILED);
    assert_int_equal(grille_gate_binder(&crypto, 'I', out, out, transcript.leaf_i, transcript.alpn, out),
                     GRILLE_REASON_CRYPTO_FAILED);
    assert_int_equal(grille_gate_transcript_hash(&crypto, out, transcript.leaf_i, transcript.leaf_r, out),
                     GRILLE_REASON_CRYPTO_FAILED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(context_is_the_vectors),         cmocka_unit_test(keys_binders_and_confirms_are_the_vectors),
        cmocka_unit_test(context_depends_on_every_field), cmocka_unit_test(prefixes_are_the_vectors),
        cmocka_unit_test(signed_bytes_are_the_vectors),   cmocka_unit_test(psk_macs_are_the_vectors),
        cmocka_unit_test(a_failing_hash_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
