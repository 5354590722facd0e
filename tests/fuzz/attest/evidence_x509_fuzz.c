/* SPDX-License-Identifier: Apache-2.0
 * Bodies of x509 and psk evidence under fixed policies; every signature is taken for good, and so is the MAC of zeros.
 * An accepted peer has a name or an id that the policy lists. */
#include <stdio.h>
#include <string.h>

#include "accept_any.h"
#include "attest/evidence.h"
#include "base/bytes.h"
#include "no_heap.h"

static const char policy_text[] = "peers:\n- name: fuzz\n  kind: x509\n  names: [a.example]\n  ca: |\n"
                                  "    -----BEGIN CERTIFICATE-----\n"
                                  "    MIIBOjCB4aADAgECAgJLHTAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlmdXp6IHJv\n"
                                  "    b3QwHhcNMjYwNjAxMTEwMDAwWhcNMjYwNjAxMTMwMDAwWjAUMRIwEAYDVQQDDAlm\n"
                                  "    dXp6IHJvb3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATu/AK53mHwFogdIkx0\n"
                                  "    //1qcpw+DRAHFz1KfjEvB/XMgRDBhSJOM5yIqMmYLCqJ63MdtD0VLqyvW69Dnkbz\n"
                                  "    32n4oyMwITAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIBBjAKBggqhkjO\n"
                                  "    PQQDAgNIADBFAiATVn/BZ3LuQVJ9urY6pRqMPks+X2ejz4H+uEo+nBgCaAIhAOmp\n"
                                  "    Qn9qqrGPQqbdnqHY/k0R3+jConBPMjK54NqWzzbv\n"
                                  "    -----END CERTIFICATE-----\n";

#define MAC_BYTES 48

static grille_reason hmac_of_zeros(grille_hash_kind kind, grille_bytes key, const grille_bytes *parts, size_t count,
                                   uint8_t *out) {
    (void)kind, (void)key, (void)parts, (void)count;
    memset(out, 0, MAC_BYTES);
    return GRILLE_REASON_OK;
}

/* A key that is made when the program runs. */
static grille_policy *policy_of_key(void) {
    static const char seed[] = "seed";
    const grille_bytes part = grille_bytes_of_text(seed);
    uint8_t key[GRILLE_SHA256_BYTES];
    char hex[2 * GRILLE_SHA256_BYTES + 1], text[512];
    grille_policy *policy = NULL;
    FUZZ_CHECK(grille_crypto_wolf()->hash(GRILLE_SHA256, &part, 1, key) == GRILLE_REASON_OK);
    grille_hex_encode(grille_bytes_of(key, sizeof key), hex);
    (void)snprintf(text, sizeof text,
                   "peers:\n- name: fuzz\n  kind: psk\n  psk: |\n    grille-psk 1\n    id: parent\n"
                   "    role: initiator\n    key: %s\n",
                   hex);
    FUZZ_CHECK(grille_policy_parse(grille_bytes_of_text(text), "fuzz", NULL, &policy, NULL) == GRILLE_OK);
    return policy;
}

static void judge_psk(const grille_binding *binding, grille_bytes body) {
    static grille_policy *policy;
    grille_crypto crypto = *grille_crypto_wolf();
    grille_peer_identity peer;
    grille_evidence_facts facts;
    grille_error error;
    if (policy == NULL) policy = policy_of_key();
    crypto.hmac = hmac_of_zeros;
    const grille_judge judge = {.policy = policy, .crypto = &crypto, .now_ms = INT64_C(1780315200000)};
    if (grille_evidence_verify(&judge, GRILLE_IDENTITY_PSK, binding, body, &peer, &facts, &error) != GRILLE_REASON_OK) {
        FUZZ_CHECK(error.text[0] != '\0' && peer.kind == 0 && facts.verified_ms == 0);
        return;
    }
    FUZZ_CHECK(strcmp(peer.psk_id, "parent") == 0 && body.len == 1 + 6 + MAC_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static grille_policy *policy;
    static const uint8_t bytes[91];
    const grille_binding binding = {.prover_role = 'I',
                                    .verifier_nonce = grille_bytes_of(bytes, GRILLE_NONCE_BYTES),
                                    .prover_spki = grille_bytes_of(bytes, sizeof bytes),
                                    .verifier_spki = grille_bytes_of(bytes, sizeof bytes)};
    grille_judge judge;
    grille_reason reason;
    grille_peer_identity peer;
    grille_error error;
    judge_psk(&binding, grille_bytes_of(data, size));
    if (policy == NULL) {
        FUZZ_CHECK(grille_policy_parse(grille_bytes_of_text(policy_text), "fuzz", NULL, &policy, &error) == GRILLE_OK);
    }
    judge = (grille_judge){
        .policy = policy, .crypto = crypto_that_accepts_any_signature(), .now_ms = INT64_C(1780315200000)};
    no_heap_begin();
    reason = grille_evidence_verify(&judge, GRILLE_IDENTITY_X509, &binding, grille_bytes_of(data, size), &peer, NULL,
                                    &error);
    no_heap_end();
    if (reason != GRILLE_REASON_OK) {
        FUZZ_CHECK(error.text[0] != '\0' && peer.kind == 0);
        return 0;
    }
    FUZZ_CHECK(strcmp(peer.name, "a.example") == 0 && strcmp(peer.set, "fuzz") == 0);
    return 0;
}
