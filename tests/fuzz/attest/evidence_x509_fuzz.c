/* SPDX-License-Identifier: Apache-2.0
 * x509 evidence under a fixed policy; every signature is taken for good. An accepted peer has a name that the policy
 * lists. */
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
