/* SPDX-License-Identifier: Apache-2.0
 * What attackers can make a victim spend, and how old what it takes may be. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attacks.h"
#include "cmocka_all.h"
#include "middle.h"

/* ---- Clocks ---- */

/* The genuine enclave, whose clock is off. */
bool attack_by_clock(int64_t off_ms) {
    stage_server *server = stage_enclaves_server();
    const unsigned ran = atomic_load(&server->ran);
    victim_channel caller;
    grille_error error = {0};
    atomic_store(&on_stage.enclave.clock_off_ms, off_ms);
    victim_channel_open(NULL, server->address, on_stage.parent, on_stage.trusts_enclave, 0, &caller);
    victim_channel_call(&caller, 1, STAGE_SECRET);
    if (grille_channel_wait_ready(caller.channel, BAD_PEER_PATIENCE_MS, &error) != GRILLE_OK)
        middle_set_reason(error.name);
    for (unsigned ms = 0; atomic_load(&caller.ended) == 0 && ms < BAD_PEER_PATIENCE_MS; ms++)
        (void)usleep(1000);
    victim_channel_close(&caller);
    atomic_store(&on_stage.enclave.clock_off_ms, 0);
    return atomic_load(&server->ran) != ran;
}

static bool stale_document(void) {
    return attack_by_clock(-ATTACK_MAX_AGE_MS - 1);
}

static bool document_of_the_future(void) {
    return attack_by_clock(ATTACK_MAX_SKEW_MS + 1);
}

/* The parent sets the enclave's clock back to when a certificate was valid; the NSM's it can't. */
static bool expired_certificate(void) {
    enum { back_ms = 90 * 60000 };
    middle m;
    bool succeeded = false;
    stage_set_clock(on_stage.now_ms - back_ms);
    atomic_store(&on_stage.enclave.clock_off_ms, back_ms);
    memset(&m, 0, sizeof m);
    middle_reach_server(&m, stage_enclaves_server());
    middle_meet_server(&m, NULL);
    assert_true(bad_gate_hello(m.to_server, ""));
    if (middle_prove(m.to_server, on_stage.expired)) middle_confirm(m.to_server);
    succeeded = middle_calls(&m);
    middle_end(&m);
    stage_set_clock(on_stage.now_ms);
    atomic_store(&on_stage.enclave.clock_off_ms, 0);
    return succeeded;
}

/* ---- Memory ---- */

/* Most memory that this process has had in use since it was last asked, in KiB (proc(5): clear_refs, VmHWM). */
static long most_kib(void) {
    char line[256];
    long kib = -1;
    FILE *status = fopen("/proc/self/status", "r");
    const int clear = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    assert_non_null(status);
    while (fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0) kib = strtol(line + 6, NULL, 10);
    (void)fclose(status);
    assert_true(clear >= 0);
    assert_int_equal(write(clear, "5", 1), 1);
    (void)close(clear);
    assert_true(kib > 0);
    return kib;
}

/* Five bytes that say 2^28 elements follow; and a document of the real shape that nests and counts as deep as it can.
 */
static bool bomb(void) {
    static const uint8_t nonce[GRILLE_NONCE_BYTES] = {3};
    static const uint8_t bytes[] = {0x84, 0x44, 0xa1, 0x01, 0x38, 0x22, 0xa0, 0x9a, 0x10, 0x00, 0x00, 0x00};
    enum { spent_kib = 32 * 1024 };
    long before = 0;
    middle m;
    memset(&m, 0, sizeof m);
    middle_catch_caller(&m, on_stage.parent, on_stage.trusts_enclave);
    middle_meet_caller(&m, NULL);
    middle_hello(m.to_caller, 0, nonce, GRILLE_IDENTITY_NITRO);
    m.to_caller->own_len[BAD_PEER_EVIDENCE] =
        evil_evidence(GRILLE_IDENTITY_NITRO, grille_bytes_of(NULL, 0), grille_bytes_of(bytes, sizeof bytes),
                      m.to_caller->own[BAD_PEER_EVIDENCE], GRILLE_LIMIT_EVIDENCE_BYTES);
    (void)most_kib();
    before = most_kib();
    middle_say(m.to_caller, BAD_PEER_EVIDENCE);
    assert_false(middle_reads_call(&m));
    middle_end(&m);
    return most_kib() - before > spent_kib;
}

/* ---- The NSM ---- */

/* Strangers who go as far as they get without proving anything; the NSM's work for them is what they want. */
static bool half_handshakes(void) {
    enum { strangers = 16 };
    const unsigned before = atomic_load(&on_stage.enclave.documents);
    for (unsigned i = 0; i < strangers; i++) {
        middle m;
        memset(&m, 0, sizeof m);
        middle_reach_server(&m, stage_enclaves_server());
        middle_meet_server(&m, NULL);
        assert_true(bad_gate_hello(m.to_server, ""));
        (void)bad_gate_evidence(m.to_server, "noise", on_stage.insider, grille_bytes_of(NULL, 0));
        (void)bad_peer_until(m.to_server, NULL, BAD_PEER_PATIENCE_MS);
        middle_set_reason("");
        middle_end(&m);
    }
    return atomic_load(&on_stage.enclave.documents) - before >= strangers;
}

static const attack attacks[] = {
    {"stale document, rightly bound", DEFENCE(age), "ATTEST-DOCUMENT-STALE", stale_document},
    {"document of the future, rightly bound", DEFENCE(future), "ATTEST-DOCUMENT-FUTURE", document_of_the_future},
    {"an enclave's clock set back to when a certificate was valid", DEFENCE(trusted_time), "ATTEST-CERT-EXPIRED",
     expired_certificate},
    {"a document that claims 2^28 elements", DEFENCE(bounds), "ATTEST-COSE-STRUCTURE", bomb},
    {"half handshakes that exhaust the NSM", DEFENCE(initiator_first), "ATTEST-X509-BODY", half_handshakes},
};
const attack_list resource_attacks = {attacks, sizeof attacks / sizeof attacks[0]};
