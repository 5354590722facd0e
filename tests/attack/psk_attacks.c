/* SPDX-License-Identifier: Apache-2.0
 * Pre-shared keys, and peers who prove nothing. */
#include <stdio.h>
#include <string.h>

#include "attacks.h"
#include "cmocka_all.h"
#include "middle.h"

/* All is forwarded; the server is to take the attacker for the caller. */
static bool mac_of_another_session(void) {
    middle m;
    bool succeeded = false;
    memset(&m, 0, sizeof m);
    middle_catch_caller(&m, on_stage.keyed, on_stage.trusts_enclave);
    middle_reach_server(&m, stage_enclaves_server());
    middle_meet_caller(&m, NULL);
    middle_meet_server(&m, NULL);
    if (middle_forward(m.to_caller, m.to_server, BAD_PEER_HELLO) &&
        middle_forward(m.to_server, m.to_caller, BAD_PEER_HELLO) &&
        middle_forward(m.to_caller, m.to_server, BAD_PEER_EVIDENCE))
        middle_confirm(m.to_server);
    succeeded = middle_calls(&m);
    middle_end(&m);
    return succeeded;
}

/* What a thief of a caller's key shows in place of the enclave that it calls: a MAC under the role that the key has. */
static void prove_with_callers_key(bad_peer *to) {
    const evil_hellos hellos = bad_gate_hellos(to);
    grille_binding binding = evil_end_binding(to->evil, &hellos, 'R', grille_bytes_of(NULL, 0));
    uint8_t body[512];
    size_t len = 0;
    binding.prover_role = 'I';
    assert_int_equal(
        grille_evidence_prove(on_stage.keyed, grille_crypto_wolf(), &binding, body, sizeof body, &len, NULL),
        GRILLE_REASON_OK);
    to->own_len[BAD_PEER_EVIDENCE] =
        evil_evidence(GRILLE_IDENTITY_PSK, grille_bytes_of(NULL, 0), grille_bytes_of(body, len),
                      to->own[BAD_PEER_EVIDENCE], sizeof to->own[BAD_PEER_EVIDENCE]);
    middle_say(to, BAD_PEER_EVIDENCE);
}

static bool has_hello(const bad_peer *peer) {
    return peer->peer_len[BAD_PEER_HELLO] > 0;
}

/* An enclave with one policy for those who call it and those whom it calls. */
static bool callers_key_as_responder(void) {
    static const uint8_t nonce[GRILLE_NONCE_BYTES] = {0x21};
    middle m;
    bool succeeded = false;
    memset(&m, 0, sizeof m);
    middle_catch_caller(&m, on_stage.enclave.identity, on_stage.trusts_callers);
    middle_meet_caller(&m, NULL);
    middle_hello(m.to_caller, 0, nonce, GRILLE_IDENTITY_PSK);
    if (bad_peer_until(m.to_caller, has_hello, BAD_PEER_PATIENCE_MS)) {
        prove_with_callers_key(m.to_caller);
        middle_confirm(m.to_caller);
    }
    succeeded = middle_reads_call(&m);
    middle_end(&m);
    return succeeded;
}

/* One that lets anybody call it, and calls somebody who proves nothing. */
static bool anonymous_responder(void) {
    static const uint8_t nonce[GRILLE_NONCE_BYTES] = {0x22};
    char sets[4096];
    grille_policy *policy = NULL;
    grille_identity *nobody = NULL;
    middle m;
    bool succeeded = false;
    (void)snprintf(sets, sizeof sets, "%s  - name: anybody\n    kind: anonymous\n    may_call: [\"/test.Victim/Do\"]\n",
                   attested_set_of_image(STAGE_IMAGE));
    policy = stage_policy("", sets);
    assert_int_equal(grille_identity_new_anonymous(&nobody, NULL), GRILLE_OK);
    memset(&m, 0, sizeof m);
    middle_catch_caller(&m, on_stage.enclave.identity, policy);
    middle_meet_caller(&m, NULL);
    middle_hello(m.to_caller, 0, nonce, GRILLE_IDENTITY_ANONYMOUS);
    m.to_caller->identity = nobody;
    if (bad_gate_evidence(m.to_caller, "empty", nobody, grille_bytes_of(NULL, 0))) middle_confirm(m.to_caller);
    succeeded = middle_reads_call(&m);
    middle_end(&m);
    grille_identity_free(nobody);
    grille_policy_free(policy);
    return succeeded;
}

static const attack attacks[] = {
    {"psk: a MAC of another session", DEFENCE(psk), "ATTEST-PSK-MISMATCH", mac_of_another_session},
    {"psk: a caller's stolen key, to answer with", DEFENCE(psk_role), "ATTEST-PSK-MISMATCH", callers_key_as_responder},
    {"downgrade of the kind: a responder without evidence", DEFENCE(may_respond), "ATTEST-KIND-REFUSED",
     anonymous_responder},
};
const attack_list psk_attacks = {attacks, sizeof attacks / sizeof attacks[0]};
