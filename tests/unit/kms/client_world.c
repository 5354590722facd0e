/* SPDX-License-Identifier: Apache-2.0 */
#include "client_world.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "cmocka_all.h"
#include "kms/http.h"
#include "nsm/simulated.h"
#include "oaep_forge.h"

/* ---- The NSM ---- */

static grille_nsm *inner;
static const grille_nsm_functions *inner_functions;
static grille_nsm_functions functions;
static atomic_bool nsm_fails;
static grille_identity *identity;

static grille_wall_ms then(void *user) {
    (void)user;
    return HTTPS_NOW_MS;
}

static grille_reason attest(grille_nsm *nsm, const grille_nsm_request *request, uint8_t *document, size_t capacity,
                            size_t *len, grille_error *error) {
    if (atomic_load(&nsm_fails)) return grille_error_set(error, GRILLE_REASON_NSM_FAILED, "Attestation: InternalError");
    return inner_functions->attest(nsm, request, document, capacity, len, error);
}

/* In place of the linked NSM. */
grille_reason grille_nsm_open(const char *path, grille_nsm **nsm, grille_error *error) {
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    (void)path;
    options.now = then;
    assert_int_equal(GRILLE_REASON_OK, grille_nsm_open_simulated_insecure(&options, &inner, error));
    inner_functions = inner->functions;
    functions = *inner_functions;
    functions.attest = attest;
    inner->functions = &functions;
    *nsm = inner;
    return GRILLE_REASON_OK;
}

bool grille_nsm_is_device(void) {
    return false;
}

grille_identity *client_world_identity(void) {
    grille_error error;
    if (identity == NULL) assert_int_equal(GRILLE_OK, grille_identity_open_nsm(NULL, &identity, &error));
    return identity;
}

grille_bytes client_world_nsm_root(void) {
    return grille_nsm_simulated_root(inner);
}

void client_world_nsm_fails(bool fails) {
    atomic_store(&nsm_fails, fails);
}

/* ---- RSA keys, made once ---- */

enum { pool_size = 1 };

static struct {
    oaep_forge_stream stream;
    grille_rsa_private_key *key;
} pool[pool_size];
static atomic_int next_key, keys_living;
static grille_rsa_private pooled;

static grille_reason generate(grille_rsa_random random, grille_rsa_private_key **key) {
    (void)random;
    *key = pool[atomic_fetch_add(&next_key, 1) % pool_size].key;
    atomic_fetch_add(&keys_living, 1);
    return GRILLE_REASON_OK;
}

static void let_go(grille_rsa_private_key *key) {
    if (key != NULL) atomic_fetch_sub(&keys_living, 1);
}

int client_world_keys_living(void) {
    return atomic_load(&keys_living);
}

static void fill_pool(void) {
    if (pool[0].key != NULL) return;
    for (unsigned i = 0; i < pool_size; i++)
        pool[i].key = oaep_forge_key(&pool[i].stream, 7 + i);
    pooled = *grille_rsa_private_wolf();
    pooled.generate = generate;
    pooled.free = let_go;
}

void client_world_down(void) {
    for (unsigned i = 0; i < pool_size; i++)
        grille_rsa_private_wolf()->free(pool[i].key);
    grille_identity_free(identity);
}

/* ---- Time ---- */

static _Atomic uint64_t skipped_us;

static grille_time_us now_us(void) {
    return grille_clock_us() + atomic_load(&skipped_us);
}

void client_world_skip_ms(client_world *world, uint64_t ms) {
    atomic_fetch_add(&skipped_us, ms * 1000);
    grille_loop_post(&world->kms->loop, &world->kms->poke);
}

/* ---- HTTP without TLS ---- */

typedef struct plain_exchange {
    grille_http_answer answer;
    grille_bytes left;
} plain_exchange;

static grille_reason plain_new(const grille_kms_exchange_options *options, grille_kms_exchange **exchange,
                               grille_error *error) {
    plain_exchange *made = calloc(1, sizeof *made);
    (void)error;
    assert_non_null(made);
    assert_true(options->anchor_count == 1 && options->wall_now_ms >= HTTPS_NOW_MS);
    assert_string_equal(HTTPS_NAME, options->host);
    grille_http_answer_begin(&made->answer, options->answer, options->answer_capacity);
    made->left = options->request;
    *exchange = (grille_kms_exchange *)(void *)made;
    return GRILLE_REASON_OK;
}

static void plain_free(grille_kms_exchange *exchange) {
    free(exchange);
}

static grille_reason plain_result(const plain_exchange *exchange, grille_reason reason,
                                  grille_kms_exchange_result *result, grille_error *error) {
    *result = (grille_kms_exchange_result){exchange->answer.status, grille_written(&exchange->answer.body)};
    return reason == GRILLE_REASON_OK || reason == GRILLE_REASON_MORE ? reason : grille_error_default(error, reason);
}

static grille_reason plain_feed(grille_kms_exchange *exchange, grille_bytes bytes, grille_time_us at_us,
                                grille_kms_exchange_result *result, grille_error *error) {
    plain_exchange *plain = (plain_exchange *)(void *)exchange;
    (void)at_us;
    return plain_result(plain, grille_http_answer_take(&plain->answer, bytes), result, error);
}

static grille_reason plain_ended(grille_kms_exchange *exchange, grille_kms_exchange_result *result,
                                 grille_error *error) {
    (void)exchange;
    (void)result;
    return grille_error_set(error, GRILLE_REASON_KMS_CUT_SHORT, "the connection ended");
}

static grille_bytes plain_outgoing(const grille_kms_exchange *exchange) {
    return ((const plain_exchange *)(const void *)exchange)->left;
}

static void plain_sent(grille_kms_exchange *exchange, size_t len) {
    plain_exchange *plain = (plain_exchange *)(void *)exchange;
    plain->left = grille_bytes_of(plain->left.data + len, plain->left.len - len);
}

/* ---- The world ---- */

void client_world_init(client_world *world, bool tls) {
    *world = (client_world){.service_options = {.tls = tls}, .key_arns = {KEY_SERVICE_ARN, KEY_SERVICE_SECOND}};
    fill_pool();
    world->seams = grille_kms_seams_default();
    if (!tls) {
        world->seams.rsa_private = &pooled;
        world->seams.now_us = now_us;
        world->seams.exchange_new = plain_new;
        world->seams.exchange_free = plain_free;
        world->seams.exchange_feed = plain_feed;
        world->seams.exchange_ended = plain_ended;
        world->seams.exchange_outgoing = plain_outgoing;
        world->seams.exchange_sent = plain_sent;
    }
    world->options = grille_kms_options_default();
    world->options.identity = client_world_identity();
    world->options.region = KEY_SERVICE_REGION;
    world->options.host = HTTPS_NAME;
    world->options.key_arns = world->key_arns;
    world->options.key_arn_count = 2;
    world->options.first_backoff_ms = 1;
    world->options.longest_backoff_ms = 5;
    world->options.timeout_ms = 600000;
    world->options.attempt_timeout_ms = 300000;
    world->options.connect_timeout_ms = 300000;
}

void client_world_cheap_keys(client_world *world) {
    world->seams.rsa_private = &pooled;
}

void client_world_prepare(client_world *world) {
    if (world->service == NULL) world->service = key_service_start(&world->service_options);
    if (world->options.egress == NULL && !world->by_channel)
        world->options.egress = key_service_address(world->service);
    if (world->options.ca_pem.len == 0) world->options.ca_pem = grille_bytes_of_text(key_service_ca(world->service));
}

void client_world_open_poor(client_world *world) {
    client_world_prepare(world);
    if (grille_kms_open_with(&world->options, &world->seams, &world->kms, &world->error) != GRILLE_OK)
        fail_msg("%s: %s", world->error.name, world->error.text);
}

void client_world_feed(client_world *world, const char *token, int64_t expiry_ms) {
    const grille_kms_credentials credentials = {.access_key_id = grille_bytes_of_text(KEY_SERVICE_ID),
                                                .secret_access_key = grille_bytes_of_text(KEY_SERVICE_SECRET),
                                                .session_token = grille_bytes_of_text(token),
                                                .expiry_ms = expiry_ms};
    if (grille_kms_set_credentials(world->kms, &credentials, &world->error) != GRILLE_OK)
        fail_msg("%s: %s", world->error.name, world->error.text);
}

void client_world_open(client_world *world) {
    client_world_open_poor(world);
    client_world_feed(world, KEY_SERVICE_TOKEN, HTTPS_NOW_MS + HTTPS_HOUR_MS);
}

void client_world_end(client_world *world) {
    grille_kms_close(world->kms);
    if (world->service != NULL) key_service_stop(world->service);
    assert_int_equal(0, client_world_keys_living());
    client_world_nsm_fails(false);
}

grille_bytes client_world_wrapped(const char *text) {
    static _Thread_local char wrapped[8192];
    (void)snprintf(wrapped, sizeof wrapped, "wrapped:%s", text);
    return grille_bytes_of_text(wrapped);
}
