/* SPDX-License-Identifier: Apache-2.0
 * Goal: all parts together. TLS to a service of OpenSSL's, real RSA keys, both ways out; a service that can't prove who
 * it is gets no request, and what goes to one passes as no other evidence. */
#include <string.h>

#include "attest/key_service.h"
#include "base/bytes.h"
#include "client_tests.h"
#include "client_world.h"
#include "cmocka_all.h"
#include "grille/attest.h"
#include "relay/relay.h"
#include "tests/unit/egress/egress_world.h"
#include "tests/unit/loop/support.h"

static client_world world;
static grille_kms_reply reply;

static int setup(void **state) {
    (void)state;
    client_world_init(&world, true);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    grille_kms_reply_free(&reply);
    client_world_end(&world);
    return 0;
}

static void expect_good(grille_code code) {
    if (code != GRILLE_OK) fail_msg("%s: %s", reply.error.name, reply.error.text);
    assert_int_equal(1, reply.attempts);
}

static void a_whole_way_with_keys_of_its_own(void **state) {
    (void)state;
    world.service_options.certificate = (https_options){.leaf = HTTPS_RSA_2048};
    world.options.uses_per_key = 2;
    world.options.keys_ahead = 0;
    client_world_open(&world);
    expect_good(grille_kms_decrypt(world.kms, client_world_wrapped("a secret"), NULL, &reply));
    assert_true(grille_bytes_equal(grille_bytes_of_text("a secret"), reply.plaintext));
    grille_kms_reply_free(&reply);
    expect_good(grille_kms_generate_data_key(world.kms, 32, NULL, &reply));
    assert_int_equal(32, reply.plaintext.len);
    grille_kms_reply_free(&reply);
    expect_good(grille_kms_generate_random(world.kms, 100, NULL, &reply));
    assert_int_equal(100, reply.plaintext.len);
    assert_int_equal(2, key_service_most_uses(world.service)); /* the third request had another key */
}

/* ---- Services that are not the service ---- */

static void expect_refused(const char *name) {
    assert_int_equal(GRILLE_UNAUTHENTICATED, grille_kms_decrypt(world.kms, client_world_wrapped("x"), NULL, &reply));
    assert_string_equal(name, reply.error.name);
    assert_int_equal(1, reply.attempts); /* never again */
    assert_int_equal(0, reply.status);
    assert_int_equal(0, key_service_requests(world.service));
}

static void a_service_of_another_root(void **state) {
    (void)state;
    world.service_options.certificate.other_root = true;
    client_world_cheap_keys(&world);
    client_world_open(&world);
    expect_refused("ATTEST-CERT-SIGNATURE");
}

static void a_service_of_another_name(void **state) {
    (void)state;
    world.service_options.certificate.name = "kms.eu-west-2.example";
    client_world_cheap_keys(&world);
    client_world_open(&world);
    expect_refused("ATTEST-CERT-NAME");
}

/* By the NSM's time: the machine's clock is another. */
static void a_service_whose_certificate_has_expired(void **state) {
    (void)state;
    world.service_options.certificate.moved_ms = -2 * HTTPS_HOUR_MS;
    client_world_cheap_keys(&world);
    client_world_open(&world);
    expect_refused("ATTEST-CERT-EXPIRED");
}

/* ---- Many ---- */

typedef struct told {
    pthread_mutex_t lock;
    pthread_cond_t came;
    int count, good;
    char why[GRILLE_ERROR_TEXT_BYTES];
} told;

typedef struct asked {
    told *to;
    char text[16];
} asked;

static void on_done(const grille_kms_reply *got, void *user) {
    asked *own = user;
    told *to = own->to;
    (void)pthread_mutex_lock(&to->lock);
    to->count++;
    if (got->code == GRILLE_OK && grille_bytes_equal(grille_bytes_of_text(own->text), got->plaintext)) {
        to->good++;
    } else {
        memcpy(to->why, got->error.text, sizeof to->why);
    }
    (void)pthread_cond_broadcast(&to->came);
    (void)pthread_mutex_unlock(&to->lock);
}

static void wait_for(told *to, int count) {
    (void)pthread_mutex_lock(&to->lock);
    while (to->count < count)
        (void)pthread_cond_wait(&to->came, &to->lock);
    (void)pthread_mutex_unlock(&to->lock);
}

static void ask(int count) {
    static asked each[100];
    told to = {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};
    for (int i = 0; i < count; i++) {
        each[i].to = &to;
        (void)snprintf(each[i].text, sizeof each[i].text, "secret %d", i);
        assert_int_equal(GRILLE_OK, grille_kms_decrypt_async(world.kms, client_world_wrapped(each[i].text), NULL,
                                                             on_done, &each[i], &world.error));
    }
    wait_for(&to, count);
    if (to.good != count) fail_msg("%d came back well: %s", to.good, to.why);
    assert_int_equal(count, key_service_requests(world.service));
}

static void *run_relay(void *user) {
    grille_error error;
    if (relay_run(user, &error) != GRILLE_REASON_OK) fail_msg("%s", error.text);
    return NULL;
}

static void a_hundred_through_a_relay(void **state) {
    relay_options options = relay_options_default();
    relay_counters counters;
    relay *way = NULL;
    pthread_t thread;
    char address[64];
    (void)state;
    options.rate = 1000;
    world.options.max_in_flight = 100;
    client_world_cheap_keys(&world);
    world.service = key_service_start(&world.service_options);
    make_abstract(address);
    assert_int_equal(GRILLE_REASON_OK, relay_new(&options, &way, &world.error));
    if (relay_add(way, address, key_service_address(world.service), &world.error) != GRILLE_REASON_OK)
        fail_msg("%s", world.error.text);
    assert_int_equal(0, pthread_create(&thread, NULL, run_relay, way));
    world.options.egress = address;
    client_world_open(&world);
    ask(100);
    grille_kms_close(world.kms);
    world.kms = NULL;
    relay_stop(way);
    assert_int_equal(0, pthread_join(thread, NULL));
    relay_get_counters(way, &counters);
    assert_int_equal(100, counters.accepted);
    assert_int_equal(0, counters.target_failures);
    relay_free(way);
}

static grille_egress_service *allow_service(uint16_t port) {
    grille_egress_options options = grille_egress_options_default();
    grille_egress_service *service = NULL;
    grille_error error;
    char by_name[64], by_address[64];
    const char *allow[] = {by_name, by_address};
    (void)snprintf(by_name, sizeof by_name, "tcp:localhost:%u", port);
    (void)snprintf(by_address, sizeof by_address, "tcp:127.0.0.1:%u", port);
    options.allow = allow;
    options.allow_count = 2;
    if (grille_egress_service_new(&options, &service, &error) != GRILLE_OK) fail_msg("%s", error.text);
    return service;
}

static void begin_by_channel(egress_world *parent, grille_egress_service **egress, bool forbids) {
    world.service_options.tcp = true;
    world.service_options.certificate.name = "localhost";
    world.service = key_service_start(&world.service_options);
    *egress = allow_service(key_service_port(world.service));
    egress_world_init(parent, &(egress_world_options){.service = *egress, .parent_forbids = forbids});
    world.by_channel = true;
    world.options.host = "localhost";
    world.options.port = key_service_port(world.service);
    client_world_cheap_keys(&world);
    client_world_open(&world);
}

static void many_by_reverse_calls(void **state) {
    egress_world parent;
    grille_egress_service *egress = NULL;
    grille_egress_counters counters = {.size = sizeof counters};
    grille_kms_state now;
    (void)state;
    world.options.max_in_flight = 100;
    begin_by_channel(&parent, &egress, false);
    assert_int_equal(GRILLE_OK, grille_kms_set_egress_channel(world.kms, parent.way, &world.error));
    grille_kms_get_state(world.kms, &now);
    assert_true(now.has_egress);
    ask(30);
    grille_egress_get_counters(egress, &counters);
    assert_int_equal(30, counters.accepted);
    assert_int_equal(0, counters.refused);
    grille_kms_close(world.kms);
    world.kms = NULL;
    egress_world_deinit(&parent);
    grille_egress_service_free(egress);
}

/* Calls wait for a way; one that the parent does not allow is a refusal. */
static void ways_out_come_late_and_are_refused(void **state) {
    egress_world parent;
    grille_egress_service *egress = NULL;
    (void)state;
    world.options.timeout_ms = 300;
    begin_by_channel(&parent, &egress, false);
    assert_int_equal(GRILLE_DEADLINE_EXCEEDED, grille_kms_generate_random(world.kms, 1, NULL, &reply));
    assert_non_null(strstr(reply.error.text, "no egress channel was set"));
    grille_kms_close(world.kms);
    world.options.port = 443;
    world.options.timeout_ms = 600000;
    client_world_open(&world);
    assert_int_equal(GRILLE_OK, grille_kms_set_egress_channel(world.kms, parent.way, &world.error));
    assert_int_equal(GRILLE_PERMISSION_DENIED, grille_kms_generate_random(world.kms, 1, NULL, &reply));
    assert_string_equal("EGRESS-REFUSED", reply.error.name);
    assert_int_equal(1, reply.attempts);
    grille_kms_close(world.kms);
    world.kms = NULL;
    egress_world_deinit(&parent);
    grille_egress_service_free(egress);
}

/* The parent's end goes while calls are under way, and another one comes: nothing is lost. */
static void another_parent_takes_over(void **state) {
    egress_world first, second;
    grille_egress_service *egress = NULL;
    asked own = {.text = "secret"};
    told to = {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};
    grille_kms_state now = {.attempts = 0};
    (void)state;
    world.options.max_attempts = 1000;
    begin_by_channel(&first, &egress, false);
    egress_world_init(&second, &(egress_world_options){.service = egress});
    egress_world_lose_parent(&first);
    assert_int_equal(GRILLE_OK, grille_kms_set_egress_channel(world.kms, first.way, &world.error));
    own.to = &to;
    assert_int_equal(GRILLE_OK, grille_kms_decrypt_async(world.kms, client_world_wrapped(own.text), NULL, on_done, &own,
                                                         &world.error));
    while (now.attempts < 3)
        grille_kms_get_state(world.kms, &now);
    assert_int_equal(0, key_service_requests(world.service));
    assert_int_equal(GRILLE_OK, grille_kms_set_egress_channel(world.kms, second.way, &world.error));
    wait_for(&to, 1);
    if (to.good != 1) fail_msg("%s", to.why);
    grille_kms_close(world.kms);
    world.kms = NULL;
    egress_world_deinit(&first);
    egress_world_deinit(&second);
    grille_egress_service_free(egress);
}

/* ---- Documents ---- */

/* A key service's document is nobody's answer to a question, and no application's. */
static void documents_pass_as_nothing_else(void **state) {
    static const uint8_t key[] = {1, 2, 3};
    uint8_t document[GRILLE_ATTEST_DOCUMENT_MAX];
    grille_attest_options options = grille_attest_options_default();
    grille_attest_facts facts;
    grille_error error;
    size_t len = 0;
    (void)state;
    assert_int_equal(GRILLE_REASON_OK,
                     grille_key_service_document(client_world_identity(), grille_bytes_of(key, sizeof key), document,
                                                 sizeof document, &len, &error));
    options.insecure_development_root = client_world_nsm_root();
    options.insecure_without_nonce = true;
    assert_int_equal(GRILLE_UNAUTHENTICATED,
                     grille_attest_verify_live(grille_bytes_of(document, len), &options, HTTPS_NOW_MS, &facts, &error));
    assert_string_equal("ATTEST-PREFIX-MISMATCH", error.name);
    options.any_user_data = true; /* else it is a good one */
    assert_int_equal(GRILLE_OK,
                     grille_attest_verify_live(grille_bytes_of(document, len), &options, HTTPS_NOW_MS, &facts, &error));
    assert_true(grille_bytes_equal(grille_bytes_of_text(GRILLE_ATTEST_KEY_SERVICE_PREFIX), facts.user_data));
    assert_true(grille_bytes_equal(grille_bytes_of(key, sizeof key), facts.public_key));
    assert_int_equal(0, facts.nonce.len);
    assert_int_not_equal(0, strncmp(GRILLE_ATTEST_KEY_SERVICE_PREFIX, GRILLE_ATTEST_APP_PREFIX, 8));
}

static void others_have_no_documents(void **state) {
    grille_identity *anonymous = NULL;
    uint8_t document[1];
    grille_wall_ms now_ms = 0;
    grille_error error;
    size_t len = 1;
    (void)state;
    assert_int_equal(GRILLE_OK, grille_identity_new_anonymous(&anonymous, &error));
    assert_int_equal(GRILLE_REASON_ATTEST_IDENTITY,
                     grille_key_service_document(anonymous, grille_bytes_of(NULL, 0), document, 1, &len, &error));
    assert_int_equal(0, len);
    assert_false(grille_key_service_time(anonymous, &now_ms));
    assert_true(grille_key_service_time(client_world_identity(), &now_ms));
    assert_true(now_ms >= HTTPS_NOW_MS);
    grille_identity_free(anonymous);
}

int client_join_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_whole_way_with_keys_of_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(a_service_of_another_root, setup, teardown),
        cmocka_unit_test_setup_teardown(a_service_of_another_name, setup, teardown),
        cmocka_unit_test_setup_teardown(a_service_whose_certificate_has_expired, setup, teardown),
        cmocka_unit_test_setup_teardown(a_hundred_through_a_relay, setup, teardown),
        cmocka_unit_test_setup_teardown(many_by_reverse_calls, setup, teardown),
        cmocka_unit_test_setup_teardown(ways_out_come_late_and_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(another_parent_takes_over, setup, teardown),
        cmocka_unit_test(documents_pass_as_nothing_else),
        cmocka_unit_test(others_have_no_documents),
    };
    return cmocka_run_group_tests_name("client_join", tests, NULL, NULL);
}
