/* SPDX-License-Identifier: Apache-2.0
 * Goal: whoever opens channels to an enclave in a flood, and goes away, keeps its application neither from randomness
 * nor from documents; who stays is served. With real ends of channels, whose NSM answers when the test says so. */
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "attested_world.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "crypto/pem.h"
#include "nsm/managed.h"
#include "nsm/simulated.h"
#include "scripted_nsm.h"
#include "secure_pair.h"

enum { FLOOD = 24, IMAGE = 0x42 };

static attested_world world;
static attested_enclave enclave; /* its identity is on `managed` */
static scripted_nsm scripted;
static grille_nsm *simulated, *managed;
static grille_policy *trusts_enclave;
static atomic_int proved;
static secure_pair *pairs[FLOOD];
static char log_copy[SCRIPTED_LOG_MAX];

static grille_wall_ms fixed_clock(void *user) {
    (void)user;
    return FORGE_NOW_MS;
}

static void open_enclave(const grille_nsm_managed_options *managed_options) {
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    grille_nsm_simulated_pcr pcr = {.index = 0};
    grille_error error;
    size_t len = 0;
    memset(pcr.value, IMAGE, sizeof pcr.value);
    options.now = fixed_clock;
    options.pcrs = &pcr;
    options.pcr_count = 1;
    assert_int_equal(GRILLE_REASON_OK, grille_nsm_open_simulated_insecure(&options, &simulated, &error));
    memset(&enclave, 0, sizeof enclave);
    enclave.image = IMAGE;
    assert_int_equal(GRILLE_REASON_OK, grille_pem_write(GRILLE_PEM_CERTIFICATE, grille_nsm_simulated_root(simulated),
                                                        enclave.root_pem, sizeof enclave.root_pem - 1, &len));
    scripted_nsm_init(&scripted, false);
    scripted.inner = simulated;
    assert_int_equal(GRILLE_REASON_OK, grille_nsm_manage(&scripted.nsm, managed_options, &managed, &error));
    assert_int_equal(GRILLE_OK, grille_identity_from_nsm(managed, &enclave.identity, &error));
    trusts_enclave = attested_policy_pinning(&enclave);
    atomic_store(&proved, 0);
    scripted_nsm_gate(&scripted);
}

static void close_enclave(void) {
    grille_identity_free(enclave.identity);
    assert_int_equal(1, scripted.closed);
    scripted_nsm_deinit(&scripted);
    simulated->functions->close(simulated);
    grille_policy_free(trusts_enclave);
}

static void on_proved(void *user) {
    (void)user;
    atomic_fetch_add(&proved, 1);
}

/* A parent opens a channel, up to where the enclave needs a document. */
static secure_pair *open_pair(void) {
    const secure_pair_options options = {.initiator_identity = world.initiator,
                                         .initiator_policy = trusts_enclave,
                                         .responder_identity = enclave.identity,
                                         .responder_policy = world.trusts_initiator,
                                         .wall_ms = FORGE_NOW_MS,
                                         .on_proved = on_proved};
    secure_pair *pair = calloc(1, sizeof *pair);
    assert_non_null(pair);
    assert_int_equal(GRILLE_REASON_OK, secure_pair_open(pair, &options));
    secure_pair_run(pair);
    return pair;
}

static void close_pair(secure_pair **pair) {
    secure_pair_close(*pair);
    free(*pair);
    *pair = NULL;
}

/* Until both ends are open. */
static void finish(secure_pair *pair) {
    while (grille_secure_get_state(pair->responder.secure) == GRILLE_SECURE_GATE) {
        secure_pair_run(pair);
        sched_yield();
    }
    assert_string_equal("", grille_secure_failure(pair->responder.secure)->text);
    assert_string_equal("", grille_secure_failure(pair->initiator.secure)->text);
    assert_int_equal(GRILLE_SECURE_OPEN, grille_secure_get_state(pair->responder.secure));
    assert_int_equal(GRILLE_SECURE_OPEN, grille_secure_get_state(pair->initiator.secure));
}

static grille_nsm_counters counters(void) {
    grille_nsm_counters now;
    grille_nsm_get_counters(managed, &now);
    return now;
}

static void *ask_randomness(void *argument) {
    uint8_t out[64];
    grille_error error;
    *(grille_reason *)argument = managed->functions->random(managed, out, sizeof out, &error);
    return NULL;
}

static void *ask_document(void *argument) {
    static uint8_t document[GRILLE_ATTEST_DOCUMENT_MAX];
    const grille_bytes none = grille_bytes_of(NULL, 0);
    grille_error error;
    size_t len = 0;
    *(grille_code *)argument = grille_attest_document(enclave.identity, grille_bytes_of_text("mine"), none, none,
                                                      document, sizeof document, &len, &error);
    return NULL;
}

static void half_handshakes_hold_up_the_application_by_one_document(void **state) {
    pthread_t randomness, document;
    grille_reason random_reason = GRILLE_REASON_MORE;
    grille_code document_code = GRILLE_AGAIN;
    int before = 0;
    (void)state;
    open_enclave(NULL);
    before = scripted.entered;
    for (size_t i = 0; i < FLOOD; i++)
        pairs[i] = open_pair();
    scripted_nsm_wait_entered(&scripted, before + 1);
    assert_int_equal(FLOOD - 1, counters().channel_depth);
    assert_int_equal(0, pthread_create(&randomness, NULL, ask_randomness, &random_reason));
    while (counters().application_depth != 1)
        sched_yield();
    assert_int_equal(0, pthread_create(&document, NULL, ask_document, &document_code));
    while (counters().application_depth != 2)
        sched_yield();
    for (size_t i = 0; i < FLOOD; i += 2)
        close_pair(&pairs[i]); /* the first one's document is being made */
    assert_int_equal(1, counters().forgotten);
    assert_int_equal(FLOOD / 2 - 1, counters().cancelled);

    scripted_nsm_permit(&scripted, 2);
    assert_int_equal(0, pthread_join(randomness, NULL));
    assert_int_equal(GRILLE_REASON_OK, random_reason);
    assert_int_equal('R', scripted_nsm_log(&scripted, log_copy)[before + 1]);
    scripted_nsm_permit(&scripted, 2);
    assert_int_equal(0, pthread_join(document, NULL));
    assert_int_equal(GRILLE_OK, document_code);

    scripted_nsm_open(&scripted);
    for (size_t i = 1; i < FLOOD; i += 2) {
        finish(pairs[i]);
        close_pair(&pairs[i]);
    }
    assert_int_equal(FLOOD / 2, atomic_load(&proved));
    assert_int_equal(FLOOD / 2 + 1, counters().channel_documents);
    close_enclave();
}

/* Whoever comes when the queue is full is turned away; the others are not. */
static void a_full_queue_turns_the_next_one_away(void **state) {
    const grille_nsm_managed_options options = {.queue_length = 3};
    secure_pair *refused = NULL;
    int before = 0;
    (void)state;
    open_enclave(&options);
    before = scripted.entered;
    pairs[0] = open_pair();
    scripted_nsm_wait_entered(&scripted, before + 1);
    for (size_t i = 1; i < 4; i++)
        pairs[i] = open_pair();
    refused = open_pair();
    assert_int_equal(GRILLE_SECURE_FAILED, grille_secure_get_state(refused->responder.secure));
    assert_string_equal("NSM-BUSY", grille_secure_failure(refused->responder.secure)->name);
    assert_int_equal(1, counters().refused);
    close_pair(&refused);
    scripted_nsm_open(&scripted);
    for (size_t i = 0; i < 4; i++) {
        finish(pairs[i]);
        close_pair(&pairs[i]);
    }
    close_enclave();
}

/* The identity goes while channels wait for its NSM: they fail, and nobody is told afterwards. */
static void what_waits_for_a_document_may_be_closed_at_any_time(void **state) {
    int before = 0;
    (void)state;
    open_enclave(NULL);
    before = scripted.entered;
    for (size_t i = 0; i < 6; i++)
        pairs[i] = open_pair();
    scripted_nsm_wait_entered(&scripted, before + 1);
    for (size_t i = 0; i < 6; i++)
        close_pair(&pairs[i]);
    scripted_nsm_open(&scripted);
    close_enclave();
    assert_int_equal(0, atomic_load(&proved));
}

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_handshakes_hold_up_the_application_by_one_document),
        cmocka_unit_test(a_full_queue_turns_the_next_one_away),
        cmocka_unit_test(what_waits_for_a_document_may_be_closed_at_any_time),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
