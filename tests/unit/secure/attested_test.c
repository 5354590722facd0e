/* SPDX-License-Identifier: Apache-2.0
 * Whole channels with real evidence. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "attested_world.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "forge_psk.h"
#include "forge_session.h"
#include "secure_pair.h"

static attested_world world;

static int setup(void **state) {
    (void)state;
    attested_world_init(&world);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    attested_world_deinit(&world);
    return 0;
}

static secure_pair *open_pair(secure_pair_options options) {
    secure_pair *pair = calloc(1, sizeof *pair);
    assert_non_null(pair);
    options.wall_ms = FORGE_NOW_MS;
    assert_int_equal(secure_pair_open(pair, &options), GRILLE_REASON_OK);
    secure_pair_run(pair);
    return pair;
}

static void assert_open(const secure_pair *pair) {
    assert_string_equal(grille_secure_failure(pair->initiator.secure)->text, "");
    assert_string_equal(grille_secure_failure(pair->responder.secure)->text, "");
    assert_int_equal(grille_secure_get_state(pair->initiator.secure), GRILLE_SECURE_OPEN);
    assert_int_equal(grille_secure_get_state(pair->responder.secure), GRILLE_SECURE_OPEN);
}

static void x509_with_x509(void **state) {
    const secure_pair_options options = {.initiator_identity = world.initiator,
                                         .initiator_policy = world.trusts_responder,
                                         .responder_identity = world.responder,
                                         .responder_policy = world.trusts_initiator};
    secure_pair *pair = open_pair(options);
    (void)state;
    assert_open(pair);
    assert_string_equal(grille_secure_peer(pair->responder.secure)->name, ATTESTED_WORLD_INITIATOR_NAME);
    assert_string_equal(grille_secure_peer(pair->initiator.secure)->name, ATTESTED_WORLD_RESPONDER_NAME);
    assert_int_equal(grille_secure_write(pair->initiator.secure, grille_bytes_of_text("call")), GRILLE_REASON_OK);
    secure_pair_run(pair);
    assert_memory_equal(pair->responder.read, "call", 4);
    secure_pair_close(pair);
    free(pair);
}

static void with_an_enclave(const attested_enclave *enclave, bool enclave_responds) {
    grille_policy *trusts_enclave = attested_policy_pinning(enclave);
    const secure_pair_options options = {.initiator_identity = enclave_responds ? world.initiator : enclave->identity,
                                         .initiator_policy = enclave_responds ? trusts_enclave : world.trusts_responder,
                                         .responder_identity = enclave_responds ? enclave->identity : world.responder,
                                         .responder_policy =
                                             enclave_responds ? world.trusts_initiator : trusts_enclave};
    secure_pair *pair = open_pair(options);
    const grille_peer_identity *peer = NULL;
    assert_open(pair);
    peer = grille_secure_peer(enclave_responds ? pair->initiator.secure : pair->responder.secure);
    assert_int_equal(peer->kind, GRILLE_IDENTITY_NITRO);
    assert_int_equal(peer->epoch, 0);
    assert_true(peer->insecure);
    assert_int_equal(peer->pcrs[0][0], enclave->image);
    print_message("handshake and gate with a document: %d bytes to the responder, %d back\n", (int)pair->carried[0],
                  (int)pair->carried[1]);
    secure_pair_close(pair);
    grille_policy_free(trusts_enclave);
    free(pair);
}

static void an_enclave_in_either_role(void **state) {
    attested_enclave enclave;
    (void)state;
    attested_enclave_open(&enclave, 0x11, false);
    with_an_enclave(&enclave, true);
    with_an_enclave(&enclave, false);
    attested_enclave_close(&enclave);
}

static void check_refused(secure_pair_options options, grille_secure_role refuser, grille_reason expected) {
    secure_pair *pair = open_pair(options);
    secure_side *refusing = refuser == GRILLE_INITIATOR ? &pair->initiator : &pair->responder;
    secure_side *refused = refuser == GRILLE_INITIATOR ? &pair->responder : &pair->initiator;
    if (refusing->last != expected)
        fail_msg("%s (%s), expected %s", grille_reason_name(refusing->last),
                 grille_secure_failure(refusing->secure)->text, grille_reason_name(expected));
    assert_int_equal(refused->last, GRILLE_REASON_GATE_REFUSED_BY_PEER);
    assert_int_equal(pair->initiator.read_len + pair->responder.read_len, 0);
    secure_pair_close(pair);
    free(pair);
}

/* A CA of the same name with another key, and a certificate that claims to be the peer's. */
static void a_cloned_ca_in_either_direction(void **state) {
    const forge_template about = forge_ca("Test CA", GRILLE_P256);
    forge_identity clone;
    forge_identity leafs[2];
    grille_identity *initiator = NULL;
    grille_identity *responder = NULL;
    secure_pair_options options = {.initiator_identity = world.initiator,
                                   .initiator_policy = world.trusts_responder,
                                   .responder_identity = world.responder,
                                   .responder_policy = world.trusts_initiator};
    (void)state;
    forge_certificate(&about, NULL, &clone);
    initiator = attested_world_identity(&clone, ATTESTED_WORLD_INITIATOR_NAME, &leafs[0]);
    responder = attested_world_identity(&clone, ATTESTED_WORLD_RESPONDER_NAME, &leafs[1]);
    options.initiator_identity = initiator;
    check_refused(options, GRILLE_RESPONDER, GRILLE_REASON_ATTEST_CERT_SIGNATURE);
    options.initiator_identity = world.initiator;
    options.responder_identity = responder;
    check_refused(options, GRILLE_INITIATOR, GRILLE_REASON_ATTEST_CERT_SIGNATURE);
    grille_identity_free(initiator);
    grille_identity_free(responder);
    forge_free(&leafs[0]);
    forge_free(&leafs[1]);
    forge_free(&clone);
}

static void another_name_of_the_same_ca(void **state) {
    secure_pair_options options = {.initiator_identity = world.responder,
                                   .initiator_policy = world.trusts_responder,
                                   .responder_identity = world.responder,
                                   .responder_policy = world.trusts_initiator};
    (void)state;
    check_refused(options, GRILLE_RESPONDER, GRILLE_REASON_ATTEST_CERT_NAME);
}

static void an_enclave_of_another_image_or_root(void **state) {
    attested_enclave enclave;
    attested_enclave other;
    grille_policy *trusts_enclave = NULL;
    grille_policy *trusts_other_image = NULL;
    secure_pair_options options = {.initiator_identity = world.initiator, .responder_policy = world.trusts_initiator};
    (void)state;
    attested_enclave_open(&enclave, 0x11, false);
    attested_enclave_open(&other, 0x11, false);
    trusts_enclave = attested_policy_pinning(&enclave);
    trusts_other_image = attested_policy_of(&enclave, attested_set_of_image(0x12));
    options.initiator_policy = trusts_other_image;
    options.responder_identity = enclave.identity;
    check_refused(options, GRILLE_INITIATOR, GRILLE_REASON_ATTEST_PCR_MISMATCH);
    options.initiator_policy = trusts_enclave;
    options.responder_identity = other.identity;
    check_refused(options, GRILLE_INITIATOR, GRILLE_REASON_ATTEST_ROOT_MISMATCH);
    grille_policy_free(trusts_enclave);
    grille_policy_free(trusts_other_image);
    attested_enclave_close(&enclave);
    attested_enclave_close(&other);
}

/* YAML of sets. */
#define SELF    "  - {name: self, kind: nitro, peer: self}\n"
#define ANYBODY "  - {name: anybody, kind: anonymous, may_call: [/a.B/C]}\n"

/* Each policy has the root of the other one's NSM; `top` stands above both. */
static secure_pair *open_enclaves(const attested_enclave *initiator, const attested_enclave *responder, const char *top,
                                  const char *responder_sets) {
    grille_policy *policies[] = {
        forge_policy("%sinsecure_development_root: %speers:\n" SELF, top, forge_yaml_block(responder->root_pem, 2)),
        forge_policy("%sinsecure_development_root: %speers:\n%s", top, forge_yaml_block(initiator->root_pem, 2),
                     responder_sets)};
    const secure_pair_options options = {.initiator_identity = initiator->identity,
                                         .initiator_policy = policies[0],
                                         .responder_identity = responder->identity,
                                         .responder_policy = policies[1]};
    secure_pair *pair = open_pair(options);
    grille_policy_free(policies[0]);
    grille_policy_free(policies[1]);
    return pair;
}

static void check_enclaves(const attested_enclave *initiator, const attested_enclave *responder, const char *top,
                           const char *responder_sets, grille_reason initiators, grille_reason responders) {
    secure_pair *pair = open_enclaves(initiator, responder, top, responder_sets);
    if (initiators == GRILLE_REASON_OK && responders == GRILLE_REASON_OK) {
        assert_open(pair);
        assert_string_equal(grille_secure_peer(pair->initiator.secure)->set, "self");
        assert_string_equal(grille_secure_peer(pair->responder.secure)->set, "self");
        assert_int_equal(grille_secure_peer(pair->responder.secure)->pcrs[0][0], initiator->image);
    } else {
        assert_int_equal(pair->initiator.last, initiators);
        assert_int_equal(pair->responder.last, responders);
    }
    secure_pair_close(pair);
    free(pair);
}

/* Both prove by documents, both compare with themselves. With ANYBODY the responder proves first, else the initiator.
 */
static void enclaves_of_one_image_in_both_orders(void **state) {
    attested_enclave enclaves[2], other;
    (void)state;
    attested_enclave_open(&enclaves[0], 0x11, false);
    attested_enclave_open(&enclaves[1], 0x11, false);
    attested_enclave_open(&other, 0x12, false);
    for (int swapped = 0; swapped < 2; swapped++) {
        const attested_enclave *i = &enclaves[swapped], *r = &enclaves[1 - swapped];
        check_enclaves(i, r, "", SELF, GRILLE_REASON_OK, GRILLE_REASON_OK);
        check_enclaves(i, r, "", SELF ANYBODY, GRILLE_REASON_OK, GRILLE_REASON_OK);
    }
    check_enclaves(&other, &enclaves[0], "", SELF, GRILLE_REASON_GATE_REFUSED_BY_PEER,
                   GRILLE_REASON_ATTEST_PCR_MISMATCH);
    check_enclaves(&other, &enclaves[0], "", SELF ANYBODY, GRILLE_REASON_ATTEST_PCR_MISMATCH,
                   GRILLE_REASON_GATE_REFUSED_BY_PEER);
    attested_enclave_close(&enclaves[0]);
    attested_enclave_close(&enclaves[1]);
    attested_enclave_close(&other);
}

static void debug_enclaves_are_no_selves_without_leave(void **state) {
    attested_enclave enclaves[2];
    (void)state;
    attested_enclave_open(&enclaves[0], 0, true);
    attested_enclave_open(&enclaves[1], 0, true);
    check_enclaves(&enclaves[0], &enclaves[1], "", SELF, GRILLE_REASON_GATE_REFUSED_BY_PEER,
                   GRILLE_REASON_ATTEST_DEBUG);
    check_enclaves(&enclaves[0], &enclaves[1], "insecure_allow_debug: true\n", SELF, GRILLE_REASON_OK,
                   GRILLE_REASON_OK);
    attested_enclave_close(&enclaves[0]);
    attested_enclave_close(&enclaves[1]);
}

static grille_policy *policy_of_key(const char *text) {
    return forge_policy("peers:\n- name: keyed\n  kind: psk\n  psk: %s", forge_yaml_block(text, 4));
}

/* One key for each role; and a key against a certificate. */
static void keys_in_either_role(void **state) {
    const char *parent = forge_psk_text("parent", "initiator", 1);
    const char *gateway = forge_psk_text("gateway", "responder", 2);
    grille_identity *opens = forge_psk_identity(parent), *answers = forge_psk_identity(gateway);
    grille_policy *trusts_opens = policy_of_key(parent), *trusts_answers = policy_of_key(gateway);
    secure_pair_options options = {.initiator_identity = opens,
                                   .initiator_policy = trusts_answers,
                                   .responder_identity = answers,
                                   .responder_policy = trusts_opens};
    secure_pair *pair = open_pair(options);
    (void)state;
    assert_open(pair);
    assert_string_equal(grille_secure_peer(pair->responder.secure)->psk_id, "parent");
    assert_string_equal(grille_secure_peer(pair->initiator.secure)->psk_id, "gateway");
    print_message("handshake and gate with keys: %d bytes to the responder, %d back\n", (int)pair->carried[0],
                  (int)pair->carried[1]);
    secure_pair_close(pair);
    free(pair);
    options.initiator_policy = trusts_opens; /* lists a key of initiators only */
    check_refused(options, GRILLE_INITIATOR, GRILLE_REASON_ATTEST_PSK_MISMATCH);
    options.initiator_policy = world.trusts_responder;
    options.responder_identity = world.responder;
    pair = open_pair(options);
    assert_open(pair);
    secure_pair_close(pair);
    free(pair);
    grille_identity_free(opens);
    grille_identity_free(answers);
    grille_policy_free(trusts_opens);
    grille_policy_free(trusts_answers);
}

static void nobody_in_particular(void **state) {
    grille_identity *nobody = NULL;
    grille_policy *trusts_anybody = forge_policy("peers:\n" ANYBODY);
    secure_pair_options options = {.initiator_policy = world.trusts_responder,
                                   .responder_identity = world.responder,
                                   .responder_policy = trusts_anybody};
    secure_pair *pair = NULL;
    (void)state;
    assert_int_equal(grille_identity_new_anonymous(&nobody, NULL), GRILLE_OK);
    options.initiator_identity = nobody;
    pair = open_pair(options);
    assert_open(pair);
    assert_int_equal(grille_secure_peer(pair->responder.secure)->kind, GRILLE_IDENTITY_ANONYMOUS);
    assert_string_equal(grille_secure_peer(pair->responder.secure)->set, "anybody");
    secure_pair_close(pair);
    free(pair);
    options.responder_policy = world.trusts_initiator;
    check_refused(options, GRILLE_RESPONDER, GRILLE_REASON_ATTEST_KIND_REFUSED);
    grille_identity_free(nobody);
    grille_policy_free(trusts_anybody);
}

/* ---- Later epochs ---- */

/* Until the NSM's thread has told. */
typedef struct proved {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int told;
} proved;

static void on_proved(void *user) {
    proved *p = user;
    pthread_mutex_lock(&p->lock);
    p->told++;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static void wait_proved(proved *p, int told) {
    pthread_mutex_lock(&p->lock);
    while (p->told < told)
        pthread_cond_wait(&p->changed, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

static void reattest(secure_pair *pair, bool by_responder) {
    grille_secure *asks = (by_responder ? &pair->responder : &pair->initiator)->secure;
    assert_int_equal(grille_secure_reattest(asks, pair->now_us, pair->wall_ms), GRILLE_REASON_OK);
    secure_pair_run_frames(pair);
}

static void assert_epoch(const secure_pair *pair, uint32_t epoch) {
    assert_open(pair);
    assert_int_equal(grille_secure_peer(pair->initiator.secure)->epoch, epoch);
    assert_int_equal(grille_secure_peer(pair->responder.secure)->epoch, epoch);
}

static void epochs_between_parents(void **state) {
    const secure_pair_options options = {.initiator_identity = world.initiator,
                                         .initiator_policy = world.trusts_responder,
                                         .responder_identity = world.responder,
                                         .responder_policy = world.trusts_initiator};
    secure_pair *pair = open_pair(options);
    (void)state;
    reattest(pair, false);
    assert_epoch(pair, 1);
    reattest(pair, true);
    assert_epoch(pair, 2);
    assert_string_equal(grille_secure_peer(pair->responder.secure)->name, ATTESTED_WORLD_INITIATOR_NAME);
    secure_pair_close(pair);
    assert_int_equal(pair->initiator.budget.used_bytes + pair->responder.budget.used_bytes, 0);
    free(pair);
}

/* Its documents are made by its NSM's thread, in the first gate and later. */
static void epochs_of_an_enclave(void **state) {
    (void)state;
    for (int responds = 0; responds < 2; responds++) {
        proved told = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
        attested_enclave enclave;
        grille_policy *trusts_enclave = NULL;
        secure_pair_options options = {
            .initiator_identity = world.initiator, .on_proved = on_proved, .on_proved_user = &told};
        secure_pair *pair = NULL;
        attested_enclave_open(&enclave, 0x11, false);
        trusts_enclave = attested_policy_pinning(&enclave);
        options.initiator_identity = responds ? world.initiator : enclave.identity;
        options.initiator_policy = responds ? trusts_enclave : world.trusts_responder;
        options.responder_identity = responds ? enclave.identity : world.responder;
        options.responder_policy = responds ? world.trusts_initiator : trusts_enclave;
        pair = open_pair(options);
        wait_proved(&told, 1);
        secure_pair_run(pair);
        assert_epoch(pair, 0);
        reattest(pair, true);
        wait_proved(&told, 2);
        secure_pair_run_frames(pair);
        assert_epoch(pair, 1);
        assert_int_equal(grille_secure_peer(responds ? pair->initiator.secure : pair->responder.secure)->pcrs[0][0],
                         0x11);
        /* The NSM's clock stands still: its next document is too old. */
        pair->now_us += 600000000;
        pair->wall_ms += 600000;
        reattest(pair, false);
        wait_proved(&told, 3);
        secure_pair_run_frames(pair);
        assert_int_equal((responds ? &pair->initiator : &pair->responder)->last, GRILLE_REASON_ATTEST_DOCUMENT_STALE);
        assert_int_equal((responds ? &pair->responder : &pair->initiator)->last, GRILLE_REASON_GATE_REFUSED_BY_PEER);
        secure_pair_close(pair);
        free(pair);
        grille_policy_free(trusts_enclave);
        attested_enclave_close(&enclave);
    }
}

/* psk proves itself again, a caller without a name needs nothing for it. */
static void epochs_of_the_other_kinds(void **state) {
    const char *const keys[] = {forge_psk_file("i.psk", forge_psk_text("caller", "initiator", 1)),
                                forge_psk_file("r.psk", forge_psk_text("gateway", "responder", 2))};
    grille_policy *trusts_caller = NULL;
    grille_policy *trusts_gateway = NULL;
    grille_policy *trusts_anybody = forge_policy("peers:\n  - {name: a, kind: anonymous, may_call: [/a.B/C]}\n");
    grille_identity *caller = NULL;
    grille_identity *gateway = NULL;
    grille_identity *nobody = NULL;
    secure_pair *pair = NULL;
    (void)state;
    trusts_caller = forge_policy("peers:\n  - {name: c, kind: psk, psk: %s}\n", keys[0]);
    trusts_gateway = forge_policy("peers:\n  - {name: g, kind: psk, psk: %s}\n", keys[1]);
    caller = forge_psk_identity(forge_psk_text("caller", "initiator", 1));
    gateway = forge_psk_identity(forge_psk_text("gateway", "responder", 2));
    assert_int_equal(grille_identity_new_anonymous(&nobody, NULL), GRILLE_OK);
    for (int named = 0; named < 2; named++) {
        const secure_pair_options options = {.initiator_identity = named ? caller : nobody,
                                             .initiator_policy = trusts_gateway,
                                             .responder_identity = gateway,
                                             .responder_policy = named ? trusts_caller : trusts_anybody};
        pair = open_pair(options);
        reattest(pair, false);
        assert_epoch(pair, 1);
        reattest(pair, true);
        assert_epoch(pair, 2);
        assert_string_equal(grille_secure_peer(pair->initiator.secure)->psk_id, "gateway");
        assert_string_equal(grille_secure_peer(pair->responder.secure)->psk_id, named ? "caller" : "");
        secure_pair_close(pair);
        free(pair);
    }
    grille_identity_free(caller);
    grille_identity_free(gateway);
    grille_identity_free(nobody);
    grille_policy_free(trusts_caller);
    grille_policy_free(trusts_gateway);
    grille_policy_free(trusts_anybody);
}

/* A certificate that the policy accepts too, but of somebody else. */
static void another_parent_in_a_later_epoch(void **state) {
    forge_identity leaf;
    char sets[8192];
    grille_identity *other = attested_world_identity(&world.ca, ATTESTED_WORLD_RESPONDER_NAME, &leaf);
    grille_policy *trusts_both = NULL;
    secure_pair_options options = {.initiator_identity = world.initiator,
                                   .initiator_policy = world.trusts_responder,
                                   .responder_identity = world.responder};
    secure_pair *pair = NULL;
    (void)state;
    (void)snprintf(sets, sizeof sets, "%s%s", attested_set_of_name(&world.ca, ATTESTED_WORLD_INITIATOR_NAME),
                   attested_set_of_name(&world.ca, ATTESTED_WORLD_RESPONDER_NAME));
    trusts_both = attested_policy_of(NULL, sets);
    options.responder_policy = trusts_both;
    pair = open_pair(options);
    assert_open(pair);
    grille_secure_replace_identity(pair->initiator.secure, other);
    reattest(pair, false);
    assert_int_equal(pair->responder.last, GRILLE_REASON_ATTEST_IDENTITY_CHANGED);
    assert_int_equal(pair->initiator.last, GRILLE_REASON_GATE_REFUSED_BY_PEER);
    secure_pair_close(pair);
    free(pair);
    grille_policy_free(trusts_both);
    grille_identity_free(other);
    forge_free(&leaf);
}

/* Another policy judges from what the evidence left, without asking the peer. */
static void another_policy_judges_the_peer_again(void **state) {
    const forge_template about = forge_ca("Another CA", GRILLE_P256);
    const secure_pair_options options = {.initiator_identity = world.initiator,
                                         .initiator_policy = world.trusts_responder,
                                         .responder_identity = world.responder,
                                         .responder_policy = world.trusts_initiator};
    secure_pair *pair = open_pair(options);
    forge_identity ca;
    grille_policy *trusts_nobody_here = NULL;
    const grille_error *why = NULL;
    (void)state;
    forge_certificate(&about, NULL, &ca);
    trusts_nobody_here = attested_world_policy(&ca, ATTESTED_WORLD_INITIATOR_NAME);
    assert_int_equal(grille_secure_replace_policy(pair->responder.secure, trusts_nobody_here, grille_bytes_of_text(""),
                                                  pair->wall_ms),
                     GRILLE_REASON_OK);
    assert_int_equal(grille_secure_verdict(pair->responder.secure, &why), GRILLE_REASON_ATTEST_CERT_UNKNOWN_ISSUER);
    assert_int_not_equal(why->text[0], '\0');
    secure_pair_run_frames(pair);
    assert_open(pair);
    assert_int_equal(grille_secure_replace_policy(pair->responder.secure, world.trusts_initiator,
                                                  grille_bytes_of_text(""), pair->wall_ms),
                     GRILLE_REASON_OK);
    assert_int_equal(grille_secure_verdict(pair->responder.secure, &why), GRILLE_REASON_OK);
    reattest(pair, true);
    assert_epoch(pair, 1);
    secure_pair_close(pair);
    free(pair);
    grille_policy_free(trusts_nobody_here);
    forge_free(&ca);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x509_with_x509),
        cmocka_unit_test(an_enclave_in_either_role),
        cmocka_unit_test(enclaves_of_one_image_in_both_orders),
        cmocka_unit_test(debug_enclaves_are_no_selves_without_leave),
        cmocka_unit_test(keys_in_either_role),
        cmocka_unit_test(nobody_in_particular),
        cmocka_unit_test(a_cloned_ca_in_either_direction),
        cmocka_unit_test(another_name_of_the_same_ca),
        cmocka_unit_test(an_enclave_of_another_image_or_root),
        cmocka_unit_test(epochs_between_parents),
        cmocka_unit_test(epochs_of_an_enclave),
        cmocka_unit_test(epochs_of_the_other_kinds),
        cmocka_unit_test(another_parent_in_a_later_epoch),
        cmocka_unit_test(another_policy_judges_the_peer_again),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
