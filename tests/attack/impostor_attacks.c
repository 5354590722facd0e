/* SPDX-License-Identifier: Apache-2.0
 * Impostors: somebody else answers at the enclave's address, or calls in a caller's name, and does everything right but
 * be the one. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attacks.h"
#include "cmocka_all.h"
#include "middle.h"

/* Another server listens where the caller dials; the call that its handler is told is lost to it. */
static bool swap_address(const stage_enclave *enclave, grille_policy *policy) {
    stage_server server;
    victim_channel caller;
    grille_error error = {0};
    bool succeeded = false;
    stage_server_start(&server, enclave, NULL);
    victim_channel_open(NULL, server.address, on_stage.parent, policy, 0, &caller);
    victim_channel_call(&caller, 1, STAGE_SECRET);
    if (grille_channel_wait_ready(caller.channel, BAD_PEER_PATIENCE_MS, &error) == GRILLE_OK) {
        for (unsigned ms = 0; atomic_load(&caller.ended) == 0 && ms < BAD_PEER_PATIENCE_MS; ms++)
            (void)usleep(1000);
        assert_int_equal(atomic_load(&caller.done[GRILLE_OK]), 1);
        assert_string_equal(server.last_text, STAGE_SECRET);
        succeeded = true;
    } else {
        assert_int_equal(atomic_load(&server.ran), 0);
        middle_set_reason(error.name);
    }
    victim_channel_close(&caller);
    stage_server_stop(&server);
    return succeeded;
}

static bool cloned_root(void) {
    return swap_address(&on_stage.clone, on_stage.trusts_enclave);
}

static bool debug_enclave(void) {
    return swap_address(&on_stage.debug, on_stage.trusts_enclave);
}

static bool another_image(void) {
    return swap_address(&on_stage.other, on_stage.trusts_enclave);
}

static bool cuckoo(unsigned pcr) {
    grille_policy *policy = stage_policy("", stage_set_with_pcr(&on_stage.enclave, pcr));
    const bool succeeded = swap_address(&on_stage.twin, policy);
    grille_policy_free(policy);
    return succeeded;
}

static bool cuckoo_by_image(void) {
    return cuckoo(0);
}

static bool cuckoo_by_role(void) {
    return cuckoo(3);
}

static bool cuckoo_by_instance(void) {
    return cuckoo(4);
}

static bool cuckoo_by_signer(void) {
    return cuckoo(8);
}

/* ---- The parent's long-term key is stolen ---- */

static bool thief_calls_the_enclave(void) {
    middle m;
    bool succeeded = false;
    memset(&m, 0, sizeof m);
    middle_reach_server(&m, stage_enclaves_server());
    middle_meet_server(&m, NULL);
    assert_true(bad_gate_hello(m.to_server, ""));
    assert_true(middle_prove(m.to_server, on_stage.parent));
    middle_confirm(m.to_server);
    succeeded = middle_calls(&m) && strcmp(m.server->last_peer, STAGE_PARENT) == 0;
    middle_end(&m);
    return succeeded;
}

static bool thief_answers_the_parent(void) {
    static const uint8_t nonce[GRILLE_NONCE_BYTES] = {4};
    middle m;
    bool succeeded = false;
    memset(&m, 0, sizeof m);
    middle_catch_caller(&m, on_stage.parent, on_stage.trusts_enclave);
    middle_meet_caller(&m, NULL);
    middle_hello(m.to_caller, 0, nonce, GRILLE_IDENTITY_X509);
    if (middle_prove(m.to_caller, on_stage.parent)) middle_confirm(m.to_caller);
    succeeded = middle_reads_call(&m);
    middle_end(&m);
    return succeeded;
}

/* ---- Downgrades ---- */

static bool older_version(void) {
    static const uint8_t nonce[GRILLE_NONCE_BYTES] = {6};
    middle m;
    bool succeeded = false;
    memset(&m, 0, sizeof m);
    middle_reach_server(&m, stage_enclaves_server());
    middle_meet_server(&m, NULL);
    m.to_server->own_len[BAD_PEER_HELLO] =
        evil_hello(0, 0, nonce, GRILLE_IDENTITY_X509, m.to_server->own[BAD_PEER_HELLO]);
    m.to_server->own[BAD_PEER_HELLO][1] = GRILLE_GATE_VERSION - 1;
    middle_say(m.to_server, BAD_PEER_HELLO);
    if (middle_prove(m.to_server, on_stage.insider)) middle_confirm(m.to_server);
    succeeded = middle_calls(&m);
    middle_end(&m);
    return succeeded;
}

static bool saw_evidence(const bad_peer *peer) {
    return peer->seen.gate[GRILLE_GATE_EVIDENCE] > 0;
}

/* Whoever answers wants to know who calls, and shows nothing. */
static bool other_order(void) {
    static const uint8_t nonce[GRILLE_NONCE_BYTES] = {5};
    grille_policy *policy = stage_policy("evidence_order: responder_first\n", attested_set_of_image(STAGE_IMAGE));
    middle m;
    bool succeeded = false;
    memset(&m, 0, sizeof m);
    middle_catch_caller(&m, on_stage.parent, policy);
    middle_meet_caller(&m, NULL);
    middle_hello(m.to_caller, GRILLE_GATE_INITIATOR_FIRST, nonce, GRILLE_IDENTITY_NITRO);
    succeeded = bad_peer_until(m.to_caller, saw_evidence, BAD_PEER_PATIENCE_MS);
    if (!succeeded) assert_false(middle_reads_call(&m));
    middle_end(&m);
    grille_policy_free(policy);
    return succeeded;
}

static const attack attacks[] = {
    {"cloned root", DEFENCE(root), "ATTEST-ROOT-MISMATCH", cloned_root},
    {"debug enclave", DEFENCE(not_debug) | DEFENCE(pcr), "ATTEST-DEBUG", debug_enclave},
    {"another image at the enclave's address", DEFENCE(pcr), "ATTEST-PCR-MISMATCH", another_image},
    {"cuckoo: another machine, a policy with PCR0 alone", NO_DEFENCE, "", cuckoo_by_image},
    {"cuckoo, a policy with PCR3 (role)", DEFENCE(pcr), "ATTEST-PCR-MISMATCH", cuckoo_by_role},
    {"cuckoo, a policy with PCR4 (instance)", DEFENCE(pcr), "ATTEST-PCR-MISMATCH", cuckoo_by_instance},
    {"cuckoo, a policy with PCR8 (signer)", DEFENCE(pcr), "ATTEST-PCR-MISMATCH", cuckoo_by_signer},
    {"KCI: the parent's stolen x509 key, to call in its name", NO_DEFENCE, "", thief_calls_the_enclave},
    {"KCI: the parent's stolen x509 key, to answer it as the enclave", DEFENCE(kind) | DEFENCE(x509),
     "ATTEST-KIND-REFUSED", thief_answers_the_parent},
    {"downgrade of the gate's version", DEFENCE(version), "GATE-VERSION", older_version},
    {"downgrade of the order: the caller's identity first", DEFENCE(order), "ATTEST-ORDER", other_order},
};
const attack_list impostor_attacks = {attacks, sizeof attacks / sizeof attacks[0]};
