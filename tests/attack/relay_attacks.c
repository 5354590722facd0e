/* SPDX-License-Identifier: Apache-2.0
 * Relays: the attacker ends TLS on both sides and has a genuine enclave behind it. */
#include <string.h>

#include "attacks.h"
#include "cmocka_all.h"
#include "middle.h"

/* Both ends are caught before either's TLS begins, so that each can be met with the other's stolen key. */
static void stand_between(middle *m, const grille_identity *caller, grille_policy *callers_policy) {
    memset(m, 0, sizeof *m);
    middle_catch_caller(m, caller, callers_policy);
    middle_reach_server(m, stage_enclaves_server());
}

/* The enclave's evidence, got in the insider's own name, shown to the parent with a Confirm of this session. */
static bool show_enclaves_evidence(middle *m) {
    bool succeeded = false;
    if (middle_forward(m->to_caller, m->to_server, BAD_PEER_HELLO) &&
        middle_forward(m->to_server, m->to_caller, BAD_PEER_HELLO) && middle_prove(m->to_server, on_stage.insider) &&
        middle_forward(m->to_server, m->to_caller, BAD_PEER_EVIDENCE))
        middle_confirm(m->to_caller);
    succeeded = middle_reads_call(m);
    middle_end(m);
    return succeeded;
}

static bool with_own_leafs(void) {
    middle m;
    stand_between(&m, on_stage.parent, on_stage.trusts_enclave);
    middle_meet_caller(&m, NULL);
    middle_meet_server(&m, NULL);
    return show_enclaves_evidence(&m);
}

static bool with_the_enclaves_leaf(void) {
    middle m;
    stand_between(&m, on_stage.parent, on_stage.trusts_enclave);
    middle_meet_caller(&m, &m.servers_leaf);
    middle_meet_server(&m, NULL);
    return show_enclaves_evidence(&m);
}

static bool with_both_leafs_and_no_exporter(void) {
    middle m;
    bool succeeded = false;
    stage_break_exporter(true);
    stand_between(&m, on_stage.parent, on_stage.trusts_enclave);
    middle_meet_caller(&m, &m.servers_leaf);
    middle_meet_server(&m, &m.callers_leaf);
    succeeded = show_enclaves_evidence(&m);
    stage_break_exporter(false);
    return succeeded;
}

/* All is forwarded both ways, only the Confirms are made anew; the server is to take the attacker for the caller. */
static bool forward_everything(middle *m) {
    bool succeeded = false;
    if (middle_forward(m->to_caller, m->to_server, BAD_PEER_HELLO) &&
        middle_forward(m->to_server, m->to_caller, BAD_PEER_HELLO) &&
        middle_forward(m->to_caller, m->to_server, BAD_PEER_EVIDENCE) &&
        middle_forward(m->to_server, m->to_caller, BAD_PEER_EVIDENCE))
        middle_confirm(m->to_server);
    succeeded = middle_calls(m);
    middle_end(m);
    return succeeded;
}

static bool between_enclaves(void) {
    middle m;
    stand_between(&m, on_stage.twin.identity, on_stage.trusts_callers);
    middle_meet_caller(&m, NULL);
    middle_meet_server(&m, NULL);
    return forward_everything(&m);
}

static bool x509_with_both_leafs(void) {
    middle m;
    stand_between(&m, on_stage.parent, on_stage.trusts_enclave);
    middle_meet_caller(&m, &m.servers_leaf);
    middle_meet_server(&m, &m.callers_leaf);
    return forward_everything(&m);
}

/* Another certificate over the caller's own key. */
static bool spliced_certificate(void) {
    middle m;
    grille_leaf spliced;
    stand_between(&m, on_stage.parent, on_stage.trusts_enclave);
    spliced = stage_leaf_over(&m.callers_leaf);
    middle_meet_caller(&m, &m.servers_leaf);
    middle_meet_server(&m, &spliced);
    return forward_everything(&m);
}

/* The caller's Hello offers more than it said. */
static bool altered_hello(void) {
    enum { at_kind_count = 1 + 1 + 1 + 4 + GRILLE_GATE_NONCE_BYTES };
    middle m;
    bool succeeded = false;
    stand_between(&m, on_stage.parent, on_stage.trusts_enclave);
    middle_meet_caller(&m, &m.servers_leaf);
    middle_meet_server(&m, &m.callers_leaf);
    assert_true(middle_keep(m.to_caller, m.to_server, BAD_PEER_HELLO));
    m.to_server->own[BAD_PEER_HELLO][at_kind_count]++;
    m.to_server->own[BAD_PEER_HELLO][m.to_server->own_len[BAD_PEER_HELLO]++] = GRILLE_IDENTITY_NITRO;
    middle_say(m.to_server, BAD_PEER_HELLO);
    if (middle_forward(m.to_server, m.to_caller, BAD_PEER_HELLO) &&
        middle_forward(m.to_caller, m.to_server, BAD_PEER_EVIDENCE))
        middle_confirm(m.to_server);
    succeeded = middle_calls(&m);
    middle_end(&m);
    return succeeded;
}

static const attack attacks[] = {
    {"relay with TLS keys of its own", DEFENCE(binder) | DEFENCE(key), "ATTEST-BINDER-MISMATCH", with_own_leafs},
    {"diversion: the same with the enclave's stolen TLS key", DEFENCE(binder), "ATTEST-BINDER-MISMATCH",
     with_the_enclaves_leaf},
    {"a TLS exporter that fails, taken for zeros, and both stolen TLS keys", DEFENCE(exporter), "TLS-FAILED",
     with_both_leafs_and_no_exporter},
    {"relay between two enclaves, all forwarded byte for byte", DEFENCE(binder) | DEFENCE(key),
     "ATTEST-BINDER-MISMATCH", between_enclaves},
    {"relay of x509 evidence with both stolen TLS keys", DEFENCE(exporter), "ATTEST-X509-SIGNATURE",
     x509_with_both_leafs},
    {"splicing another client certificate over the stolen key", DEFENCE(exporter) | DEFENCE(client_leaf),
     "ATTEST-X509-SIGNATURE", spliced_certificate},
    {"downgrade: an altered Hello, with both stolen TLS keys", DEFENCE(exporter) | DEFENCE(hellos),
     "ATTEST-X509-SIGNATURE", altered_hello},
};
const attack_list relay_attacks = {attacks, sizeof attacks / sizeof attacks[0]};
