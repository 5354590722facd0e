/* SPDX-License-Identifier: Apache-2.0 */
#include "attacks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attested_world.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "evil_end.h"
#include "forge_session.h"
#include "grille/log.h"

#define PARENT_NAME  "spiffe://acme/parent"
#define INSIDER_NAME "spiffe://acme/insider"

enum { image = 0x11, other_image = 0x22, payload_max = GRILLE_LIMIT_EVIDENCE_BYTES };

static const grille_time_us now_us = 1000000;

/* The genuine enclave, its peers, and what an attacker may bring. */
static struct {
    forge_identity ca;
    forge_identity leafs[2];
    grille_identity *parent;
    grille_identity *insider; /* a caller whom the enclave accepts, and who attacks other callers */
    attested_enclave enclave;
    attested_enclave clone; /* the same image under a root of the same name with another key */
    attested_enclave debug;
    attested_enclave other; /* another image */
    grille_policy *trusts_enclave;
    grille_policy *trusts_callers;
    char last_reason[GRILLE_ERROR_NAME_BYTES];
} world;

static void drop(grille_log_level level, const char *module, const char *line, void *user) {
    (void)module;
    (void)level, (void)line, (void)user;
}

void attacks_begin(void) {
    const forge_template ca = forge_ca("Callers", GRILLE_P256);
    char sets[16384];
    grille_log_set(drop, NULL, GRILLE_LOG_ERROR);
    forge_certificate(&ca, NULL, &world.ca);
    world.parent = attested_world_identity(&world.ca, PARENT_NAME, &world.leafs[0]);
    world.insider = attested_world_identity(&world.ca, INSIDER_NAME, &world.leafs[1]);
    attested_enclave_open(&world.enclave, image, false);
    attested_enclave_open(&world.clone, image, false);
    attested_enclave_open(&world.debug, 0, true);
    attested_enclave_open(&world.other, other_image, false);
    world.trusts_enclave = attested_policy_pinning(&world.enclave);
    (void)snprintf(sets, sizeof sets, "%s%s%s", attested_set_of_image(image),
                   attested_set_of_name(&world.ca, PARENT_NAME), attested_set_of_name(&world.ca, INSIDER_NAME));
    world.trusts_callers = attested_policy_of(&world.enclave, sets);
}

void attacks_end(void) {
    attested_enclave *const enclaves[] = {&world.enclave, &world.clone, &world.debug, &world.other};
    for (size_t i = 0; i < sizeof enclaves / sizeof enclaves[0]; i++)
        attested_enclave_close(enclaves[i]);
    grille_policy_free(world.trusts_enclave);
    grille_policy_free(world.trusts_callers);
    grille_identity_free(world.parent);
    grille_identity_free(world.insider);
    forge_free(&world.leafs[0]);
    forge_free(&world.leafs[1]);
    forge_free(&world.ca);
}

const char *attack_last_reason(void) {
    return world.last_reason;
}

/* ---- ends ---- */

/* A crypto seam whose owner's TLS key the attacker has got hold of. */
static struct {
    grille_crypto crypto;
    uint8_t key[GRILLE_LEAF_KEY_MAX];
    size_t key_len;
} thief;

static grille_reason generate_and_leak(grille_curve curve, grille_private_key **key) {
    const grille_crypto *wolf = grille_crypto_wolf();
    const grille_reason reason = wolf->key_generate(curve, key);
    if (reason != GRILLE_REASON_OK) return reason;
    return wolf->key_export(*key, thief.key, sizeof thief.key, &thief.key_len);
}

static const grille_crypto *leaky_crypto(void) {
    thief.crypto = *grille_crypto_wolf();
    thief.crypto.key_generate = generate_and_leak;
    return &thief.crypto;
}

static void open_side(secure_side *side, grille_secure_role role, const grille_identity *identity,
                      grille_policy *policy) {
    grille_secure_options options = {.role = role,
                                     .crypto = leaky_crypto(),
                                     .identity = identity,
                                     .policy = policy,
                                     .now_us = now_us,
                                     .wall_ms = FORGE_NOW_MS};
    memset(side, 0, sizeof *side);
    grille_budget_init(&side->budget, 1 << 20);
    options.budget = &side->budget;
    assert_int_equal(grille_crypto_wolf()->random(options.nonce, sizeof options.nonce), GRILLE_REASON_OK);
    assert_int_equal(grille_secure_new(&options, &side->secure, &side->error), GRILLE_REASON_OK);
}

static evil_end *open_evil(grille_tls_role role, const grille_leaf *leaf) {
    return evil_end_new(&(evil_options){.role = role, .leaf = leaf, .wall_ms = FORGE_NOW_MS});
}

static void pump(evil_end *evil, secure_side *side) {
    evil_end_pump(evil, side, now_us, FORGE_NOW_MS);
}

/* The leaf that was made last, with the key that leaked. */
static grille_leaf stolen_leaf(grille_bytes certificate, grille_bytes spki) {
    grille_leaf leaf = {.certificate_len = certificate.len, .spki_len = spki.len, .key_len = thief.key_len};
    memcpy(leaf.certificate, certificate.data, certificate.len);
    memcpy(leaf.spki, spki.data, spki.len);
    memcpy(leaf.key, thief.key, thief.key_len);
    return leaf;
}

/* ---- messages ---- */

typedef struct message {
    uint8_t bytes[payload_max];
    size_t len;
} message;

static grille_bytes view(const message *m) {
    return grille_bytes_of(m->bytes, m->len);
}

/* The next GATE payload that the side sent, if there is one. */
static bool take(evil_end *evil, message *m) {
    return evil_end_take_gate(evil, m->bytes, sizeof m->bytes, &m->len);
}

static void send(evil_end *evil, const message *m) {
    evil_end_send_gate(evil, view(m));
}

static message hello(uint8_t flags, const uint8_t *nonce, uint8_t kind) {
    message m;
    m.len = evil_hello(flags, 0, nonce, kind, m.bytes);
    return m;
}

static message evidence_of(const evil_end *evil, const evil_hellos *hellos, char role,
                           const grille_identity *identity) {
    const grille_binding binding = evil_end_binding(evil, hellos, role, grille_bytes_of(NULL, 0));
    uint8_t body[payload_max];
    size_t len = 0;
    message m;
    assert_int_equal(grille_evidence_prove(identity, grille_crypto_wolf(), &binding, body, sizeof body - 6, &len, NULL),
                     GRILLE_REASON_OK);
    m.len = evil_evidence((uint8_t)grille_identity_get_kind(identity), grille_bytes_of(NULL, 0),
                          grille_bytes_of(body, len), m.bytes, sizeof m.bytes);
    return m;
}

static message confirm_of(const evil_end *evil, const evil_hellos *hellos, char role, const message *evidence_r,
                          const message *evidence_i) {
    message m;
    m.len = evil_end_confirm(evil, hellos, role, view(evidence_r), view(evidence_i), m.bytes);
    return m;
}

/* Ends a victim: true when it took the attacker for its peer. */
static bool conclude(secure_side *victim) {
    const bool opened = grille_secure_get_state(victim->secure) == GRILLE_SECURE_OPEN;
    (void)snprintf(world.last_reason, sizeof world.last_reason, "%s",
                   opened ? "" : grille_secure_failure(victim->secure)->name);
    grille_secure_free(victim->secure);
    assert_int_equal(victim->budget.used_bytes, 0);
    return opened;
}

/* ---- relays: the attacker ends TLS on both sides and has a genuine enclave behind it ---- */

/* Gets the enclave's evidence for a Hello, as an accepted caller: both Hellos and the evidence, as they were sent. */
static void milk_enclave(evil_end *to_enclave, secure_side *enclave, const message *hello_i, message *hello_r,
                         message *evidence_r) {
    evil_hellos hellos;
    message mine;
    message confirm;
    send(to_enclave, hello_i);
    pump(to_enclave, enclave);
    assert_true(take(to_enclave, hello_r));
    hellos = (evil_hellos){view(hello_i), view(hello_r)};
    mine = evidence_of(to_enclave, &hellos, 'I', world.insider);
    send(to_enclave, &mine);
    pump(to_enclave, enclave);
    assert_true(take(to_enclave, evidence_r));
    assert_true(take(to_enclave, &confirm));
}

/* Shows the victim, a parent, the given Hello and evidence of the enclave, and a Confirm of this connection. */
static bool impersonate(evil_end *to_victim, secure_side *victim, const message *hello_i, const message *hello_r,
                        const message *evidence_r) {
    const evil_hellos hellos = {view(hello_i), view(hello_r)};
    message evidence_i;
    message confirm;
    send(to_victim, hello_r);
    pump(to_victim, victim);
    if (take(to_victim, &evidence_i)) { /* the enclave's order: the victim proves first */
        send(to_victim, evidence_r);
        confirm = confirm_of(to_victim, &hellos, 'R', evidence_r, &evidence_i);
        send(to_victim, &confirm);
        pump(to_victim, victim);
    }
    return conclude(victim);
}

static bool relay(bool with_the_enclaves_key) {
    secure_side enclave;
    secure_side victim;
    evil_end *to_enclave = NULL;
    evil_end *to_victim = NULL;
    grille_leaf leaf;
    message hello_i;
    message hello_r;
    message evidence_r;
    bool succeeded = false;
    open_side(&enclave, GRILLE_RESPONDER, world.enclave.identity, world.trusts_callers);
    to_enclave = open_evil(GRILLE_TLS_CLIENT, NULL);
    pump(to_enclave, &enclave);
    leaf = stolen_leaf(evil_end_peer_leaf(to_enclave), evil_end_peer_spki(to_enclave));
    open_side(&victim, GRILLE_INITIATOR, world.parent, world.trusts_enclave);
    to_victim = open_evil(GRILLE_TLS_SERVER, with_the_enclaves_key ? &leaf : NULL);
    pump(to_victim, &victim);
    assert_true(take(to_victim, &hello_i));
    milk_enclave(to_enclave, &enclave, &hello_i, &hello_r, &evidence_r);
    succeeded = impersonate(to_victim, &victim, &hello_i, &hello_r, &evidence_r);
    evil_end_free(to_victim);
    evil_end_free(to_enclave);
    grille_secure_free(enclave.secure);
    return succeeded;
}

static bool relay_with_own_leafs(void) {
    return relay(false);
}

static bool relay_with_the_enclaves_leaf_key(void) {
    return relay(true);
}

/* What one side of a relay has shown so far. */
typedef struct shown {
    message hello;
    message evidence;
} shown;

/* Forwards what the side behind `from` has sent, byte for byte; its Confirm is dropped. */
static bool forward(evil_end *from, evil_end *to, shown *by) {
    message m;
    if (!take(from, &m)) return false;
    if (m.bytes[0] == GRILLE_GATE_HELLO) by->hello = m;
    if (m.bytes[0] == GRILLE_GATE_EVIDENCE) by->evidence = m;
    if (m.bytes[0] != GRILLE_GATE_CONFIRM && m.bytes[0] != GRILLE_GATE_REFUSED) send(to, &m);
    return true;
}

/* Nobody whom either side accepts is between them: all is forwarded both ways, only the Confirms are made anew. */
static bool relay_everything(const grille_identity *initiator, const grille_identity *responder) {
    secure_side i;
    secure_side r;
    evil_end *to_i = open_evil(GRILLE_TLS_SERVER, NULL);
    evil_end *to_r = open_evil(GRILLE_TLS_CLIENT, NULL);
    static shown by_i;
    static shown by_r;
    evil_hellos hellos;
    bool moved = true;
    bool both = false;
    memset(&by_i, 0, sizeof by_i);
    memset(&by_r, 0, sizeof by_r);
    open_side(&i, GRILLE_INITIATOR, initiator, world.trusts_callers);
    open_side(&r, GRILLE_RESPONDER, responder, world.trusts_callers);
    while (moved) {
        pump(to_i, &i);
        pump(to_r, &r);
        moved = forward(to_i, to_r, &by_i);
        moved = forward(to_r, to_i, &by_r) || moved;
    }
    hellos = (evil_hellos){view(&by_i.hello), view(&by_r.hello)};
    if (by_i.evidence.len > 0 && by_r.evidence.len > 0) {
        const message confirm_r = confirm_of(to_i, &hellos, 'R', &by_r.evidence, &by_i.evidence);
        const message confirm_i = confirm_of(to_r, &hellos, 'I', &by_r.evidence, &by_i.evidence);
        send(to_i, &confirm_r);
        pump(to_i, &i);
        send(to_r, &confirm_i);
        pump(to_r, &r);
    }
    both = grille_secure_get_state(i.secure) == GRILLE_SECURE_OPEN &&
           grille_secure_get_state(r.secure) == GRILLE_SECURE_OPEN;
    evil_end_free(to_i);
    evil_end_free(to_r);
    /* The side that judged first tells why; the other was refused or left waiting. */
    if (grille_secure_failure(i.secure)->code != GRILLE_OK && grille_secure_failure(r.secure)->code == GRILLE_OK) {
        grille_secure_free(r.secure);
        return conclude(&i) && both;
    }
    grille_secure_free(i.secure);
    return conclude(&r) && both;
}

static bool relay_between_enclaves(void) {
    return relay_everything(world.enclave.identity, world.enclave.identity);
}

bool attack_relay_of_x509_evidence(void) {
    return relay_everything(world.parent, world.insider);
}

/* ---- replays ---- */

static bool replay(bool with_the_old_key) {
    secure_side enclave;
    secure_side victim;
    evil_end *to_enclave = open_evil(GRILLE_TLS_CLIENT, NULL);
    evil_end *to_victim = NULL;
    grille_leaf leaf;
    static const uint8_t old_nonce[GRILLE_GATE_NONCE_BYTES] = {1, 2, 3};
    const message old_hello = hello(0, old_nonce, GRILLE_IDENTITY_X509);
    message hello_i, hello_r, evidence_r;
    bool succeeded = false;
    open_side(&enclave, GRILLE_RESPONDER, world.enclave.identity, world.trusts_callers);
    pump(to_enclave, &enclave);
    leaf = stolen_leaf(evil_end_peer_leaf(to_enclave), evil_end_peer_spki(to_enclave));
    milk_enclave(to_enclave, &enclave, &old_hello, &hello_r, &evidence_r);
    evil_end_free(to_enclave);
    grille_secure_free(enclave.secure);

    open_side(&victim, GRILLE_INITIATOR, world.parent, world.trusts_enclave);
    to_victim = open_evil(GRILLE_TLS_SERVER, with_the_old_key ? &leaf : NULL);
    pump(to_victim, &victim);
    assert_true(take(to_victim, &hello_i));
    succeeded = impersonate(to_victim, &victim, &hello_i, &hello_r, &evidence_r);
    evil_end_free(to_victim);
    return succeeded;
}

static bool replay_of_a_document(void) {
    return replay(false);
}

static bool replay_with_the_old_leaf_key(void) {
    return replay(true);
}

/* ---- reflections: an enclave that trusts its own image gets its own evidence back ---- */

static grille_reason import_leaked(grille_curve curve, grille_private_key **key) {
    (void)curve;
    return grille_crypto_wolf()->key_import(grille_bytes_of(thief.key, thief.key_len), key);
}

/* A certificate of the attacker's own over the key that leaked last. */
static grille_leaf leaf_over_leaked_key(void) {
    grille_crypto crypto = *grille_crypto_wolf();
    grille_leaf leaf;
    crypto.key_generate = import_leaked;
    assert_int_equal(grille_leaf_make(&crypto, FORGE_NOW_MS, &leaf), GRILLE_REASON_OK);
    return leaf;
}

static bool reflection(bool with_its_key, bool with_its_nonce) {
    static const uint8_t other_nonce[GRILLE_GATE_NONCE_BYTES] = {9, 9, 9};
    secure_side victim;
    evil_end *evil = NULL;
    grille_leaf leaf;
    message hello_i, hello_r, evidence, confirm;
    evil_hellos hellos;
    bool succeeded = false;
    open_side(&victim, GRILLE_INITIATOR, world.enclave.identity, world.trusts_callers);
    leaf = leaf_over_leaked_key();
    evil = open_evil(GRILLE_TLS_SERVER, with_its_key ? &leaf : NULL);
    pump(evil, &victim);
    if (take(evil, &hello_i) && hello_i.bytes[0] == GRILLE_GATE_HELLO) {
        hello_r =
            hello(GRILLE_GATE_INITIATOR_FIRST, with_its_nonce ? hello_i.bytes + 7 : other_nonce, GRILLE_IDENTITY_NITRO);
        hellos = (evil_hellos){view(&hello_i), view(&hello_r)};
        send(evil, &hello_r);
        pump(evil, &victim);
        if (take(evil, &evidence) && evidence.bytes[0] == GRILLE_GATE_EVIDENCE) {
            send(evil, &evidence);
            confirm = confirm_of(evil, &hellos, 'R', &evidence, &evidence);
            send(evil, &confirm);
            pump(evil, &victim);
        }
    }
    succeeded = conclude(&victim);
    evil_end_free(evil);
    return succeeded;
}

static bool reflection_with_the_victims_key(void) {
    return reflection(true, true);
}

static bool reflection_of_hello_and_evidence(void) {
    return reflection(false, true);
}

static bool reflection_of_evidence(void) {
    return reflection(false, false);
}

/* ---- impostors: a responder that does everything right but be the one ---- */

static bool impostor(const grille_identity *identity, grille_policy *victims_policy, bool spoil_confirm) {
    static const uint8_t nonce[GRILLE_GATE_NONCE_BYTES] = {5};
    secure_side victim;
    evil_end *evil = open_evil(GRILLE_TLS_SERVER, NULL);
    const message hello_r = hello(0, nonce, GRILLE_IDENTITY_NITRO);
    message hello_i, evidence_r, evidence_i, confirm;
    evil_hellos hellos;
    bool succeeded = false;
    open_side(&victim, GRILLE_INITIATOR, world.parent, victims_policy);
    pump(evil, &victim);
    assert_true(take(evil, &hello_i));
    hellos = (evil_hellos){view(&hello_i), view(&hello_r)};
    send(evil, &hello_r);
    evidence_r = evidence_of(evil, &hellos, 'R', identity);
    send(evil, &evidence_r);
    pump(evil, &victim);
    if (take(evil, &evidence_i) && evidence_i.bytes[0] == GRILLE_GATE_EVIDENCE) {
        confirm = confirm_of(evil, &hellos, 'R', &evidence_r, spoil_confirm ? &evidence_r : &evidence_i);
        send(evil, &confirm);
        pump(evil, &victim);
    }
    succeeded = conclude(&victim);
    evil_end_free(evil);
    return succeeded;
}

static bool cloned_root(void) {
    return impostor(world.clone.identity, world.trusts_enclave, false);
}

static bool impostor_under_its_own_root(const attested_enclave *enclave) {
    grille_policy *policy = attested_policy_of(enclave, attested_set_of_image(image));
    const bool succeeded = impostor(enclave->identity, policy, false);
    grille_policy_free(policy);
    return succeeded;
}

static bool debug_enclave(void) {
    return impostor_under_its_own_root(&world.debug);
}

static bool another_image(void) {
    return impostor_under_its_own_root(&world.other);
}

static bool confirm_of_another_transcript(void) {
    return impostor(world.enclave.identity, world.trusts_enclave, true);
}

const attack attacks[] = {
    {"relay, own TLS leafs on both sides, a genuine enclave behind", defence_binder | defence_key, relay_with_own_leafs,
     "ATTEST-BINDER-MISMATCH"},
    {"relay by somebody who holds the enclave's TLS leaf key", defence_binder, relay_with_the_enclaves_leaf_key,
     "ATTEST-BINDER-MISMATCH"},
    {"relay between two enclaves, all forwarded byte for byte", defence_binder | defence_key, relay_between_enclaves,
     "ATTEST-BINDER-MISMATCH"},
    {"replay of a document", defence_nonce | defence_binder | defence_key, replay_of_a_document,
     "ATTEST-NONCE-MISMATCH"},
    {"replay by somebody who holds the old TLS leaf key", defence_nonce | defence_binder, replay_with_the_old_leaf_key,
     "ATTEST-NONCE-MISMATCH"},
    {"reflection by somebody who holds the victim's TLS leaf key",
     defence_key_is_not_ours | defence_nonce_is_not_ours | defence_binder, reflection_with_the_victims_key,
     "GATE-REFLECTED"},
    {"reflection of Hello and evidence", defence_nonce_is_not_ours | defence_binder | defence_key,
     reflection_of_hello_and_evidence, "GATE-REFLECTED"},
    {"reflection of evidence", defence_nonce | defence_binder | defence_key, reflection_of_evidence,
     "ATTEST-NONCE-MISMATCH"},
    {"cloned root", defence_root, cloned_root, "ATTEST-ROOT-MISMATCH"},
    {"debug enclave", defence_not_debug | defence_pcr, debug_enclave, "ATTEST-DEBUG"},
    {"enclave of another image", defence_pcr, another_image, "ATTEST-PCR-MISMATCH"},
    {"Confirm of another transcript", defence_confirm, confirm_of_another_transcript, "GATE-CONFIRM"},
};
const size_t attack_count = sizeof attacks / sizeof attacks[0];
