/* SPDX-License-Identifier: Apache-2.0 */
#include "canary.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#include "attacks.h"
#include "attest/defence.h"
#include "attest/document.h"
#include "attest/evidence_kinds.h"
#include "attest/identity_state.h"
#include "grille/attest.h"
#include "loop/loop.h"
#include "secure/gate.h"
#include "secure/tls.h"
#include "stage.h"

static _Atomic defence_set off;
static _Atomic defence_set asked;

void canary_switch_off(defence_set defences) {
    atomic_store(&off, defences);
}

defence_set canary_asked(void) {
    return atomic_exchange(&asked, 0);
}

static bool is_off(defence_set defence) {
    atomic_fetch_or(&asked, defence);
    return (atomic_load(&off) & defence) != 0;
}

/* The function's own type, so that it can't be replaced by one of another. */
#define CANARY(function) __typeof__(function) __real_##function, __wrap_##function

/* ---- The comparisons of attest/defence.h: off, they find no difference ---- */

#define COMPARISON(function, defence)                                                                                  \
    CANARY(function);                                                                                                  \
    bool __wrap_##function(grille_bytes first, grille_bytes second) {                                                  \
        return is_off(defence) || __real_##function(first, second);                                                    \
    }

COMPARISON(grille_defence_binder_matches, DEFENCE(binder))
COMPARISON(grille_defence_key_matches, DEFENCE(key))
COMPARISON(grille_defence_nonce_matches, DEFENCE(nonce))
COMPARISON(grille_defence_key_is_not_ours, DEFENCE(key_is_not_ours))
COMPARISON(grille_defence_nonce_is_not_ours, DEFENCE(nonce_is_not_ours))
COMPARISON(grille_defence_root_matches, DEFENCE(root))
COMPARISON(grille_defence_pcr_matches, DEFENCE(pcr))
COMPARISON(grille_defence_confirm_matches, DEFENCE(confirm))
COMPARISON(grille_defence_psk_matches, DEFENCE(psk))

CANARY(grille_defence_identity_is_same);
bool __wrap_grille_defence_identity_is_same(const grille_peer_identity *before, const grille_peer_identity *after) {
    return is_off(DEFENCE(identity_is_same)) || __real_grille_defence_identity_is_same(before, after);
}

CANARY(grille_defence_may_respond);
bool __wrap_grille_defence_may_respond(grille_identity_kind kind) {
    return is_off(DEFENCE(may_respond)) || __real_grille_defence_may_respond(kind);
}

CANARY(grille_defence_not_debug);
bool __wrap_grille_defence_not_debug(grille_bytes pcr0) {
    return is_off(DEFENCE(not_debug)) || __real_grille_defence_not_debug(pcr0);
}

/* ---- What evidence is bound to ---- */

/* Off: an exporter that fails, or does not depend on the session. */
CANARY(grille_tls_export);
grille_reason __wrap_grille_tls_export(grille_tls *tls, const char *label, uint8_t *out, size_t len) {
    const grille_reason reason = __real_grille_tls_export(tls, label, out, len);
    if (!is_off(DEFENCE(exporter))) return reason;
    memset(out, 0, len);
    return GRILLE_REASON_OK;
}

CANARY(grille_gate_context);
grille_reason __wrap_grille_gate_context(const grille_crypto *crypto, const grille_gate_transcript *transcript,
                                         uint8_t ctx[GRILLE_GATE_KEY_BYTES]) {
    grille_gate_transcript less = *transcript;
    if (is_off(DEFENCE(client_leaf))) less.leaf_i = grille_bytes_of(NULL, 0);
    if (is_off(DEFENCE(hellos))) less.hello_i = less.hello_r = grille_bytes_of(NULL, 0);
    return __real_grille_gate_context(crypto, &less, ctx);
}

/* ---- What a policy decides ---- */

CANARY(grille_policy_accepts_kind);
bool __wrap_grille_policy_accepts_kind(const grille_policy *policy, grille_identity_kind kind) {
    if (kind == GRILLE_IDENTITY_ANONYMOUS && is_off(DEFENCE(initiator_first))) return true;
    return is_off(DEFENCE(kind)) || __real_grille_policy_accepts_kind(policy, kind);
}

CANARY(grille_policy_requires_responder_first);
bool __wrap_grille_policy_requires_responder_first(const grille_policy *policy) {
    return !is_off(DEFENCE(order)) && __real_grille_policy_requires_responder_first(policy);
}

CANARY(grille_evidence_verify_x509);
grille_reason __wrap_grille_evidence_verify_x509(const grille_evidence *evidence, grille_peer_identity *peer,
                                                 grille_evidence_facts *facts, grille_error *error) {
    if (!is_off(DEFENCE(x509))) return __real_grille_evidence_verify_x509(evidence, peer, facts, error);
    peer->kind = GRILLE_IDENTITY_NITRO;
    (void)snprintf(peer->set, sizeof peer->set, "%s", STAGE_ENCLAVES_SET);
    facts->evidence_expires_ms = facts->set_expires_ms = peer->expires_ms = GRILLE_WALL_NEVER;
    return GRILLE_REASON_OK;
}

/* Off: whoever has a key may prove either role by it. */
CANARY(grille_evidence_verify_psk);
grille_reason __wrap_grille_evidence_verify_psk(const grille_evidence *evidence, grille_peer_identity *peer,
                                                grille_evidence_facts *facts, grille_error *error) {
    grille_binding binding = *evidence->binding;
    grille_evidence less = *evidence;
    less.binding = &binding;
    if (is_off(DEFENCE(psk_role))) binding.prover_role = binding.prover_role == 'I' ? 'R' : 'I';
    return __real_grille_evidence_verify_psk(&less, peer, facts, error);
}

/* ---- The gate ---- */

CANARY(grille_gate_hello_decode);
grille_reason __wrap_grille_gate_hello_decode(grille_bytes payload, grille_gate_hello *hello) {
    uint8_t copy[GRILLE_GATE_HELLO_MAX];
    if (!is_off(DEFENCE(version)) || payload.len < 2 || payload.len > sizeof copy)
        return __real_grille_gate_hello_decode(payload, hello);
    memcpy(copy, payload.data, payload.len);
    copy[1] = GRILLE_GATE_VERSION;
    return __real_grille_gate_hello_decode(grille_bytes_of(copy, payload.len), hello);
}

CANARY(grille_gate_expects);

/* Off: a responder that knows its callers by something else as soon as both have said Hello. */
static bool skips_evidence(const grille_gate *gate) {
    return is_off(DEFENCE(evidence_first)) && gate->options.role == GRILLE_RESPONDER &&
           __real_grille_gate_expects(gate) == GRILLE_GATE_EVIDENCE;
}

/* Off: one that has seen enough with the caller's evidence. */
static bool skips_gate(const grille_gate *gate) {
    if (skips_evidence(gate)) return true;
    return is_off(DEFENCE(confirm_first)) && gate->options.role == GRILLE_RESPONDER &&
           __real_grille_gate_expects(gate) == GRILLE_GATE_CONFIRM;
}

uint8_t __wrap_grille_gate_expects(const grille_gate *gate) {
    return skips_gate(gate) ? 0 : __real_grille_gate_expects(gate);
}

CANARY(grille_gate_is_open);
bool __wrap_grille_gate_is_open(const grille_gate *gate) {
    return skips_gate(gate) || __real_grille_gate_is_open(gate);
}

CANARY(grille_gate_work);
grille_reason __wrap_grille_gate_work(grille_gate *gate, grille_wall_ms wall_ms, grille_error *error) {
    return skips_gate(gate) ? GRILLE_REASON_OK : __real_grille_gate_work(gate, wall_ms, error);
}

CANARY(grille_gate_peer);
const grille_peer_identity *__wrap_grille_gate_peer(const grille_gate *gate) {
    static const grille_peer_identity remembered = {
        .kind = GRILLE_IDENTITY_X509, .set = STAGE_INSIDER, .name = STAGE_INSIDER, .expires_ms = GRILLE_WALL_NEVER};
    return skips_evidence(gate) ? &remembered : __real_grille_gate_peer(gate);
}

CANARY(grille_gate_facts);
const grille_evidence_facts *__wrap_grille_gate_facts(const grille_gate *gate) {
    static const grille_evidence_facts remembered = {
        .prover_role = 'I', .evidence_expires_ms = GRILLE_WALL_NEVER, .set_expires_ms = GRILLE_WALL_NEVER};
    return skips_evidence(gate) ? &remembered : __real_grille_gate_facts(gate);
}

CANARY(grille_gate_th);
const uint8_t *__wrap_grille_gate_th(const grille_gate *gate) {
    return skips_gate(gate) ? gate->th : __real_grille_gate_th(gate);
}

/* ---- Documents ---- */

CANARY(grille_attest_document);
grille_code __wrap_grille_attest_document(const grille_identity *identity, grille_bytes user_data, grille_bytes nonce,
                                          grille_bytes public_key, uint8_t *document, size_t capacity, size_t *len,
                                          grille_error *error) {
    const grille_nsm_request request = {.user_data = user_data, .nonce = nonce, .public_key = public_key};
    if (!is_off(DEFENCE(app_prefix)))
        return __real_grille_attest_document(identity, user_data, nonce, public_key, document, capacity, len, error);
    return identity->nsm->functions->attest(identity->nsm, &request, document, capacity, len, error) == GRILLE_REASON_OK
               ? GRILLE_OK
               : GRILLE_INTERNAL;
}

CANARY(grille_attest_verify_live);
grille_code __wrap_grille_attest_verify_live(grille_bytes document, const grille_attest_options *options,
                                             int64_t now_ms, grille_attest_facts *facts, grille_error *error) {
    grille_attest_options less = *options;
    less.any_user_data = is_off(DEFENCE(app_prefix_check));
    return __real_grille_attest_verify_live(document, &less, now_ms, facts, error);
}

CANARY(grille_document_verify);
grille_reason __wrap_grille_document_verify(const grille_crypto *crypto, const grille_document *document,
                                            const grille_document_check *check, grille_wall_ms *expires_ms,
                                            grille_error *error) {
    grille_document_check less = *check;
    if (is_off(DEFENCE(age))) less.max_age_ms = INT64_C(1) << 40;
    if (is_off(DEFENCE(future))) less.clock_skew_ms = INT64_C(1) << 40;
    return __real_grille_document_verify(crypto, document, &less, expires_ms, error);
}

/* Off: room for as many elements as the first array of 32 bits says, as libraries do that believe it. */
CANARY(grille_document_read);
grille_reason __wrap_grille_document_read(grille_bytes encoded, grille_document *document, grille_error *error) {
    enum { array_of_32_bits = 0x9a, element_bytes = 8, most_bytes = 64 << 20 };
    for (size_t i = 0; is_off(DEFENCE(bounds)) && i + 5 <= encoded.len; i++) {
        size_t bytes = 0;
        uint8_t *room = NULL;
        if (encoded.data[i] != array_of_32_bits) continue;
        bytes = ((size_t)encoded.data[i + 1] << 24) * element_bytes;
        bytes = bytes < most_bytes ? bytes : most_bytes;
        room = malloc(bytes + 1);
        if (room == NULL) break;
        memset(room, 0x55, bytes + 1);
        __asm__ volatile("" : : "r"(room) : "memory");
        free(room);
        break;
    }
    return __real_grille_document_read(encoded, document, error);
}

CANARY(grille_identity_wall_ms);
bool __wrap_grille_identity_wall_ms(const grille_identity *identity, grille_time_us mono_now_us,
                                    grille_wall_ms *wall_ms) {
    return !is_off(DEFENCE(trusted_time)) && __real_grille_identity_wall_ms(identity, mono_now_us, wall_ms);
}

/* ---- Loops ---- */

/* Off: whatever can be done is done at once. */
CANARY(grille_loop_step);
void __wrap_grille_loop_step(grille_loop *loop, grille_job *job) {
    if (is_off(DEFENCE(one_step)))
        job->run(job);
    else
        __real_grille_loop_step(loop, job);
}

/* ---- Records ---- */

/* Off: AES-GCM's counter mode alone; the tag is not looked at. */
CANARY(wc_AesGcmDecrypt);
int __wrap_wc_AesGcmDecrypt(Aes *aes, byte *out, const byte *in, word32 size, const byte *iv, word32 iv_size,
                            const byte *tag, word32 tag_size, const byte *more, word32 more_size) {
    byte other[16], copy[16384 + 256];
    int result = 0;
    if (!is_off(DEFENCE(tag)) || size > sizeof copy)
        return __real_wc_AesGcmDecrypt(aes, out, in, size, iv, iv_size, tag, tag_size, more, more_size);
    memcpy(copy, in, size);
    result = __real_wc_AesGcmDecrypt(aes, out, copy, size, iv, iv_size, tag, tag_size, more, more_size);
    if (result == 0) return 0;
    return wc_AesGcmEncrypt(aes, out, copy, size, iv, iv_size, other, sizeof other, more, more_size);
}
