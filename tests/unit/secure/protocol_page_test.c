/* SPDX-License-Identifier: Apache-2.0
 * The whole gate that docs/protocol.md shows was recorded from a real connection: the code reads each of its messages,
 * computes each of its values again and accepts its evidence. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/evidence.h"
#include "base/bytes.h"
#include "base/time.h"
#include "cmocka_all.h"
#include "crypto/pem.h"
#include "forge_session.h"
#include "protocol_page.h"
#include "secure/gate_message.h"
#include "secure/key_schedule.h"
#include "secure/leaf.h"
#include "wire/claims.h"
#include "wire/frame.h"

#define EXAMPLE "### A whole gate"

enum { suite = 0x1301 };

static grille_bytes value(const char *name) {
    return protocol_page_hex(EXAMPLE, name);
}

/* "S_I" and the like. */
static grille_bytes value_of(const char *name, char role) {
    char full[64];
    (void)snprintf(full, sizeof full, "%s_%c", name, role);
    return value(full);
}

static void assert_same(const uint8_t *computed, grille_bytes shown) {
    assert_int_equal(shown.len, GRILLE_GATE_KEY_BYTES);
    assert_memory_equal(computed, shown.data, shown.len);
}

/* The payload of the one GATE frame. */
static grille_bytes payload_of(const char *name, char role) {
    grille_bytes input = value_of(name, role);
    grille_frame_header header;
    grille_bytes payload;
    assert_int_equal(grille_frame_take(&input, &header, &payload), GRILLE_REASON_OK);
    assert_int_equal(header.type, GRILLE_FRAME_GATE);
    assert_int_equal(header.flags, 0);
    assert_int_equal(header.stream, 0);
    assert_int_equal(input.len, 0);
    return payload;
}

/* "(1780315200000 ms since 1970)" */
static grille_wall_ms recorded_at(void) {
    const char *at = strstr(protocol_page_part(EXAMPLE), "(1");
    char *end = NULL;
    assert_non_null(at);
    const grille_wall_ms ms = strtoll(at + 1, &end, 10);
    assert_memory_equal(end, " ms", 3);
    return ms;
}

static void derive_context(uint8_t ctx[GRILLE_GATE_KEY_BYTES]) {
    const grille_gate_transcript transcript = {.suite = suite,
                                               .alpn = grille_bytes_of_text("grille/1"),
                                               .leaf_i = value("certificate_I"),
                                               .leaf_r = value("certificate_R"),
                                               .hello_i = payload_of("frame_HELLO", 'I'),
                                               .hello_r = payload_of("frame_HELLO", 'R')};
    assert_int_equal(grille_gate_context(grille_crypto_wolf(), &transcript, ctx), GRILLE_REASON_OK);
}

static void leaves_are_taken(void **state) {
    (void)state;
    for (const char *role = "IR"; *role != '\0'; role++) {
        const grille_bytes certificate = value_of("certificate", *role);
        grille_bytes spki;
        grille_error error;
        assert_int_equal(grille_leaf_read(certificate, recorded_at(), &spki, &error), GRILLE_REASON_OK);
        assert_true(grille_bytes_equal(spki, value_of("SPKI", *role)));
    }
}

static void messages_have_their_layout(void **state) {
    (void)state;
    for (const char *role = "IR"; *role != '\0'; role++) {
        grille_gate_hello hello;
        grille_gate_evidence evidence;
        grille_claims claims;
        grille_bytes mac;
        assert_int_equal(grille_gate_hello_decode(payload_of("frame_HELLO", *role), &hello), GRILLE_REASON_OK);
        assert_int_equal(hello.flags, 0);
        assert_int_equal(hello.epoch, 0);
        assert_true(grille_gate_hello_offers(&hello, GRILLE_IDENTITY_X509));
        assert_int_equal(grille_gate_evidence_decode(payload_of("frame_EVIDENCE", *role), &evidence), GRILLE_REASON_OK);
        assert_int_equal(evidence.kind, GRILLE_IDENTITY_X509);
        assert_int_equal(grille_claims_decode(evidence.claims, &claims), GRILLE_REASON_OK);
        assert_int_not_equal(claims.build, 0);
        assert_int_equal(grille_gate_confirm_decode(payload_of("frame_CONFIRM", *role), &mac), GRILLE_REASON_OK);
        assert_true(grille_bytes_equal(mac, value_of("Confirm", *role)));
    }
}

static void every_value_again(void **state) {
    const grille_crypto *crypto = grille_crypto_wolf();
    uint8_t ctx[GRILLE_GATE_KEY_BYTES], th[GRILLE_GATE_KEY_BYTES], key[GRILLE_GATE_KEY_BYTES];
    uint8_t made[GRILLE_GATE_KEY_BYTES];
    (void)state;
    derive_context(ctx);
    assert_same(ctx, value("ctx"));
    assert_int_equal(grille_gate_transcript_hash(crypto, ctx, payload_of("frame_EVIDENCE", 'R'),
                                                 payload_of("frame_EVIDENCE", 'I'), th),
                     GRILLE_REASON_OK);
    assert_same(th, value("TH"));
    for (const char *role = "IR"; *role != '\0'; role++) {
        grille_gate_evidence evidence;
        assert_int_equal(grille_gate_evidence_decode(payload_of("frame_EVIDENCE", *role), &evidence), GRILLE_REASON_OK);
        assert_int_equal(grille_gate_evidence_key(crypto, value("S"), *role, ctx, key), GRILLE_REASON_OK);
        assert_same(key, value_of("E", *role));
        assert_int_equal(grille_gate_binder(crypto, *role, key, ctx, value_of("SPKI", *role), evidence.claims, made),
                         GRILLE_REASON_OK);
        assert_same(made, value_of("B", *role));
        assert_int_equal(grille_gate_confirm_key(crypto, value("S"), *role, ctx, key), GRILLE_REASON_OK);
        assert_same(key, value_of("K", *role));
        assert_int_equal(grille_gate_confirm(crypto, key, th, made), GRILLE_REASON_OK);
        assert_same(made, value_of("Confirm", *role));
    }
}

/* A policy that accepts this name under this CA. */
static grille_policy *policy_of(grille_bytes ca, const char *name) {
    static char pem[4096];
    size_t len = 0;
    assert_int_equal(grille_pem_write(GRILLE_PEM_CERTIFICATE, ca, pem, sizeof pem - 1, &len), GRILLE_REASON_OK);
    pem[len] = '\0';
    return forge_policy("peers:\n  - name: peer\n    kind: x509\n    ca: %s    names: [\"%s\"]\n",
                        forge_yaml_block(pem, 6), name);
}

static grille_reason verify(char role, const char *name, const char *binder_name) {
    const char other = role == 'I' ? 'R' : 'I';
    grille_policy *policy = policy_of(value_of("CA", role), name);
    grille_gate_evidence evidence;
    grille_gate_hello hello;
    grille_peer_identity peer;
    grille_error error;
    assert_int_equal(grille_gate_evidence_decode(payload_of("frame_EVIDENCE", role), &evidence), GRILLE_REASON_OK);
    assert_int_equal(grille_gate_hello_decode(payload_of("frame_HELLO", other), &hello), GRILLE_REASON_OK);
    grille_binding binding = {.prover_role = role,
                              .verifier_nonce = grille_bytes_of(hello.nonce, sizeof hello.nonce),
                              .prover_spki = value_of("SPKI", role),
                              .verifier_spki = value_of("SPKI", other),
                              .claims = evidence.claims};
    memcpy(binding.binder, value(binder_name).data, sizeof binding.binder);
    const grille_judge judge = {.policy = policy, .crypto = grille_crypto_wolf(), .now_ms = recorded_at()};
    const grille_reason reason =
        grille_evidence_verify(&judge, GRILLE_IDENTITY_X509, &binding, evidence.body, &peer, NULL, &error);
    grille_policy_free(policy);
    return reason;
}

static void evidence_is_accepted(void **state) {
    (void)state;
    assert_int_equal(verify('I', "spiffe://interop/parent", "B_I"), GRILLE_REASON_OK);
    assert_int_equal(verify('R', "spiffe://interop/gateway", "B_R"), GRILLE_REASON_OK);
    assert_int_equal(verify('I', "spiffe://interop/gateway", "B_I"), GRILLE_REASON_ATTEST_CERT_NAME);
    assert_int_equal(verify('R', "spiffe://interop/gateway", "B_I"), GRILLE_REASON_ATTEST_X509_SIGNATURE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(leaves_are_taken, protocol_page_free),
        cmocka_unit_test_teardown(messages_have_their_layout, protocol_page_free),
        cmocka_unit_test_teardown(every_value_again, protocol_page_free),
        cmocka_unit_test_teardown(evidence_is_accepted, protocol_page_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
