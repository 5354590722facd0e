/* SPDX-License-Identifier: Apache-2.0
 * Goal: evidence of a nitro identity is made by the NSM's thread while its caller goes on, and a proof that is freed
 * tells nobody; other kinds are finished at once. */
#include <pthread.h>
#include <string.h>

#include "attest/evidence.h"
#include "attest/identity_state.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "forge_session.h"
#include "nsm/managed.h"
#include "scripted_nsm.h"

typedef struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int told;
} waiter;

static void tell(void *user) {
    waiter *w = user;
    pthread_mutex_lock(&w->lock);
    w->told++;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

static void wait_told(waiter *w) {
    pthread_mutex_lock(&w->lock);
    while (w->told == 0)
        pthread_cond_wait(&w->changed, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

#define WAITER                                                                                                         \
    { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER }

typedef struct proof_world {
    scripted_nsm scripted;
    grille_identity *identity;
    forge_session session;
    int entered; /* operations that making the identity took */
} proof_world;

static void open_world(proof_world *world) {
    grille_error error;
    char log[SCRIPTED_LOG_MAX];
    scripted_nsm_init(&world->scripted, false);
    assert_int_equal(GRILLE_OK, grille_identity_from_nsm(&world->scripted.nsm, &world->identity, &error));
    assert_true(grille_nsm_is_managed(world->identity->nsm));
    world->entered = (int)strlen(scripted_nsm_log(&world->scripted, log));
    forge_session_init(&world->session, 'R', 1);
}

static void close_world(proof_world *world) {
    scripted_nsm_open(&world->scripted);
    grille_identity_free(world->identity);
    assert_int_equal(1, world->scripted.closed);
    scripted_nsm_deinit(&world->scripted);
}

static grille_proof *start(proof_world *world, waiter *w) {
    grille_error error;
    grille_proof *proof = NULL;
    assert_int_equal(GRILLE_REASON_OK, grille_evidence_prove_later(world->identity, grille_crypto_wolf(),
                                                                   &world->session.binding, tell, w, &proof, &error));
    assert_non_null(proof);
    return proof;
}

static void gate(proof_world *world) {
    pthread_mutex_lock(&world->scripted.lock);
    world->scripted.gated = true;
    pthread_mutex_unlock(&world->scripted.lock);
}

/* The same body as grille_evidence_prove makes, which waits for it. */
static void a_document_is_made_by_the_nsms_thread(void **state) {
    proof_world world;
    waiter w = WAITER;
    grille_error error;
    uint8_t body[GRILLE_LIMIT_EVIDENCE_BYTES], here[GRILLE_LIMIT_EVIDENCE_BYTES];
    size_t len = 1, here_len = 0;
    grille_proof *proof = NULL;
    (void)state;
    open_world(&world);
    gate(&world);
    proof = start(&world, &w);
    scripted_nsm_wait_entered(&world.scripted, world.entered + 1);
    assert_int_equal(GRILLE_REASON_MORE, grille_proof_take(proof, body, sizeof body, &len, &error));
    assert_int_equal(0, len);
    assert_int_equal(0, w.told);
    scripted_nsm_open(&world.scripted);
    wait_told(&w);
    assert_int_equal(GRILLE_REASON_OK, grille_proof_take(proof, body, sizeof body, &len, &error));
    assert_int_equal(GRILLE_REASON_OK,
                     grille_evidence_prove(world.identity, grille_crypto_wolf(), &world.session.binding, here,
                                           sizeof here, &here_len, &error));
    assert_int_equal(here_len, len);
    assert_memory_equal(here, body, len);
    /* Once more, and into less room. */
    assert_int_equal(GRILLE_REASON_OK, grille_proof_take(proof, body, len, &len, &error));
    assert_int_equal(GRILLE_REASON_NO_SPACE, grille_proof_take(proof, body, len - 1, &len, &error));
    assert_int_equal(0, len);
    grille_proof_free(proof);
    assert_int_equal(1, w.told);
    close_world(&world);
}

static void what_the_nsm_fails_with_is_told(void **state) {
    proof_world world;
    waiter w = WAITER;
    grille_error error;
    uint8_t body[16];
    size_t len = 1;
    grille_proof *proof = NULL;
    (void)state;
    open_world(&world);
    scripted_nsm_fail(&world.scripted, GRILLE_REASON_NSM_FAILED);
    proof = start(&world, &w);
    wait_told(&w);
    assert_int_equal(GRILLE_REASON_NSM_FAILED, grille_proof_take(proof, body, sizeof body, &len, &error));
    assert_int_equal(0, len);
    assert_string_equal("NSM-FAILED", error.name);
    assert_int_not_equal('\0', error.text[0]);
    grille_proof_free(proof);
    close_world(&world);
}

/* Waiting in the queue, and while the device works on it. */
static void a_freed_proof_tells_nobody(void **state) {
    proof_world world;
    waiter w[2] = {WAITER, WAITER};
    grille_proof *proofs[2];
    char log[SCRIPTED_LOG_MAX];
    (void)state;
    open_world(&world);
    gate(&world);
    proofs[0] = start(&world, &w[0]);
    scripted_nsm_wait_entered(&world.scripted, world.entered + 1);
    proofs[1] = start(&world, &w[1]);
    grille_proof_free(proofs[1]);
    grille_proof_free(proofs[0]);
    grille_proof_free(NULL);
    scripted_nsm_open(&world.scripted);
    scripted_nsm_wait_finished(&world.scripted, world.entered + 1);
    assert_int_equal(0, w[0].told + w[1].told);
    /* Served behind both: the one that waited was never asked for. */
    proofs[0] = start(&world, &w[0]);
    wait_told(&w[0]);
    grille_proof_free(proofs[0]);
    assert_int_equal(world.entered + 2, strlen(scripted_nsm_log(&world.scripted, log)));
    close_world(&world);
}

static void a_proof_outlives_its_nsm(void **state) {
    proof_world world;
    waiter w[2] = {WAITER, WAITER};
    grille_proof *proofs[2];
    grille_error error;
    uint8_t body[GRILLE_LIMIT_EVIDENCE_BYTES];
    size_t len = 0;
    (void)state;
    open_world(&world);
    proofs[0] = start(&world, &w[0]);
    wait_told(&w[0]);
    close_world(&world);
    assert_int_equal(GRILLE_REASON_OK, grille_proof_take(proofs[0], body, sizeof body, &len, &error));
    assert_true(len > 0);
    grille_proof_free(proofs[0]);
}

/* No NSM with a thread: finished when the call returns, and nobody is told. */
static void without_a_thread_it_is_finished_at_once(void **state) {
    scripted_nsm scripted;
    forge_session session;
    waiter w = WAITER;
    grille_error error;
    grille_identity bare = {.kind = GRILLE_IDENTITY_NITRO, .nsm = &scripted.nsm};
    uint8_t body[GRILLE_LIMIT_EVIDENCE_BYTES];
    size_t len = 0;
    grille_proof *proof = NULL;
    (void)state;
    scripted_nsm_init(&scripted, false);
    forge_session_init(&session, 'R', 1);
    assert_int_equal(GRILLE_REASON_OK, grille_evidence_prove_later(&bare, grille_crypto_wolf(), &session.binding, tell,
                                                                   &w, &proof, &error));
    assert_int_equal(GRILLE_REASON_OK, grille_proof_take(proof, body, sizeof body, &len, &error));
    assert_true(len > 0);
    assert_int_equal(0, w.told);
    grille_proof_free(proof);
    scripted_nsm_fail(&scripted, GRILLE_REASON_NSM_FAILED);
    assert_int_equal(GRILLE_REASON_NSM_FAILED, grille_evidence_prove_later(&bare, grille_crypto_wolf(),
                                                                           &session.binding, tell, &w, &proof, &error));
    assert_null(proof);
    assert_string_equal("NSM-FAILED", error.name);
    scripted_nsm_deinit(&scripted);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_made_by_the_nsms_thread),
        cmocka_unit_test(what_the_nsm_fails_with_is_told),
        cmocka_unit_test(a_freed_proof_tells_nobody),
        cmocka_unit_test(a_proof_outlives_its_nsm),
        cmocka_unit_test(without_a_thread_it_is_finished_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
