/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/exchange.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "exchange_world.h"
#include "failing_malloc.h"

static exchange_world world;

static int begin(void **state) {
    (void)state;
    world_init(&world);
    return 0;
}

/* The service has the request as it is, and we have its answer. */
static void expect_good(void) {
    const grille_bytes request = https_server_request(world.server);
    assert_string_equal(world.error.text, "");
    assert_int_equal(world.reason, GRILLE_REASON_OK);
    assert_int_equal(world.result.status, 200);
    assert_true(grille_bytes_equal(world.result.body, grille_bytes_of_text("{\"good\":true}")));
    assert_true(grille_bytes_equal(request, grille_bytes_of_text(WORLD_REQUEST)));
    assert_int_equal(https_server_alert(world.server), -1);
    assert_true(https_server_was_closed(world.server));
}

static void run_good(void) {
    world_open(&world);
    (void)world_play(&world);
    expect_good();
}

static void services_of_each_key(void **state) {
    static const struct {
        https_key leaf, authorities;
        const char *signature;
    } rows[] = {
        {HTTPS_P256, HTTPS_P256, "ECDSA"},       {HTTPS_P384, HTTPS_P384, "ECDSA"},
        {HTTPS_P256, HTTPS_RSA_2048, "ECDSA"},   {HTTPS_RSA_2048, HTTPS_RSA_2048, "RSA-PSS"},
        {HTTPS_RSA_2048, HTTPS_P256, "RSA-PSS"}, {HTTPS_RSA_3072, HTTPS_RSA_2048, "RSA-PSS"},
        {HTTPS_RSA_4096, HTTPS_P384, "RSA-PSS"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world_init(&world);
        world.service = (https_options){.leaf = rows[i].leaf, .authorities = rows[i].authorities};
        run_good();
        assert_string_equal(https_server_signature(world.server), rows[i].signature);
        assert_string_equal(https_server_name(world.server), HTTPS_NAME);
        world_close(&world);
    }
}

static void services_that_choose_otherwise(void **state) {
    static const https_options rows[] = {
        {.suites = "TLS_AES_128_GCM_SHA256"},
        {.suites = "TLS_AES_256_GCM_SHA384"},
        {.suites = "TLS_CHACHA20_POLY1305_SHA256"},
        {.groups = "P-256"}, /* HelloRetryRequest */
        {.root_too = true},
        {.root_too = true, .copies = GRILLE_TLS_CHAIN_MAX - 3},
        {.asks = true},
        {.leaf = HTTPS_RSA_2048, .authorities = HTTPS_RSA_2048, .root_too = true, .groups = "P-256"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world_init(&world);
        world.service = rows[i];
        run_good();
        if (rows[i].suites != NULL) assert_string_equal(https_server_suite(world.server), rows[i].suites);
        world_close(&world);
    }
}

static void pieces_of_any_size(void **state) {
    static const size_t steps[] = {1, 2, 3, 5, 7, 64, 509, 1021, 4093};
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        world_init(&world);
        world.step_bytes = steps[i];
        run_good();
        world_close(&world);
    }
}

/* The answer after the handshake, in two pieces. */
static void an_answer_in_two_pieces(void **state) {
    (void)state;
    for (size_t first = 1;; first += first < 8 ? 1 : 5) {
        size_t answer_bytes = 0;
        world_init(&world);
        world.answer = NULL;
        world_open(&world);
        assert_int_equal(world_play(&world), GRILLE_REASON_MORE);
        answer_bytes = world.fed_bytes;
        https_server_say(world.server, WORLD_ANSWER, strlen(WORLD_ANSWER));
        world.feed_most = world.fed_bytes + first;
        (void)world_play(&world);
        world.feed_most = SIZE_MAX;
        (void)world_play(&world);
        expect_good();
        answer_bytes = world.fed_bytes - answer_bytes;
        world_close(&world);
        if (first >= answer_bytes) break;
    }
}

static void tickets_and_new_keys_are_no_answers(void **state) {
    static const char answer[] = WORLD_ANSWER;
    (void)state;
    world.answer = NULL;
    world_open(&world);
    assert_int_equal(world_play(&world), GRILLE_REASON_MORE); /* OpenSSL sends two tickets */
    https_server_update_keys(world.server);
    assert_int_equal(world_play(&world), GRILLE_REASON_MORE);
    https_server_say(world.server, answer, 20);
    https_server_update_keys(world.server);
    https_server_say(world.server, &answer[20], strlen(answer) - 20);
    (void)world_play(&world);
    expect_good();
    world_close(&world);
}

static void answers_of_any_status(void **state) {
    static const unsigned statuses[] = {200, 400, 403, 413, 500, 503, 599};
    (void)state;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        char answer[100];
        world_init(&world);
        (void)snprintf(answer, sizeof answer,
                       "HTTP/1.1 %u What\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", statuses[i]);
        world.answer = answer;
        assert_int_equal(world_run(&world), GRILLE_REASON_OK);
        assert_int_equal(world.result.status, statuses[i]);
        assert_true(grille_bytes_equal(world.result.body, grille_bytes_of_text("{}")));
    }
}

/* Of the longest kind, in as many records as it needs, from one piece and from many. */
static void long_answers(void **state) {
    static char answer[GRILLE_LIMIT_KMS_ANSWER_BYTES + 1];
    static const size_t steps[] = {0, 1000, 16384};
    const int head = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %05d\r\n\r\n", 0);
    const size_t body = GRILLE_LIMIT_KMS_ANSWER_BYTES - (size_t)head;
    (void)state;
    (void)snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %05zu\r\n\r\n", body);
    memset(answer + head, 'x', body);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        world_init(&world);
        world.step_bytes = steps[i];
        world.answer = answer;
        assert_int_equal(world_run(&world), GRILLE_REASON_OK);
        assert_int_equal(world.result.body.len, body);
        assert_memory_equal(world.body, answer + head, body);
    }
}

static void answers_that_are_none(void **state) {
    static const struct {
        const char *answer;
        grille_reason reason;
    } rows[] = {
        {"SSH-2.0-OpenSSH_9.2\r\n", GRILLE_REASON_KMS_HTTP},
        {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", GRILLE_REASON_KMS_HTTP},
        {"HTTP/1.1 100 Continue\r\n\r\n", GRILLE_REASON_KMS_HTTP},
        {"HTTP/1.1 200 OK\r\n\r\n", GRILLE_REASON_KMS_HTTP},
        {"HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n", GRILLE_REASON_KMS_ANSWER_LIMIT},
        {WORLD_ANSWER "x", GRILLE_REASON_TRAILING},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world_init(&world);
        world.answer = rows[i].answer;
        world_open(&world);
        assert_int_equal(world_play(&world), rows[i].reason);
        assert_int_equal(world.error.code, grille_reason_code(rows[i].reason));
        assert_non_null(strstr(world.error.text, HTTPS_NAME " answered"));
        assert_int_equal(world.result.status, 0);
        assert_false(grille_kms_exchange_is_worth_retry(world.reason));
        /* For good, whatever comes. */
        world.error.text[0] = '\0';
        assert_int_equal(
            grille_kms_exchange_feed(world.exchange, grille_bytes_of("x", 1), 0, &world.result, &world.error),
            rows[i].reason);
        assert_int_equal(grille_kms_exchange_ended(world.exchange, &world.result, NULL), rows[i].reason);
        assert_non_null(strstr(world.error.text, HTTPS_NAME " answered"));
        assert_true(https_server_was_closed(world.server));
        world_close(&world);
    }
}

static void services_that_are_refused(void **state) {
    enum { bad_certificate = 42, unknown_ca = 48, decrypt_error = 51 };
    static const struct {
        https_options service;
        grille_reason reason;
        int alert;
        const char *text;
    } rows[] = {
        {{.name = "kms.eu-west-2.example"}, GRILLE_REASON_ATTEST_CERT_NAME, bad_certificate, "kms.eu-west-2.example"},
        {{.name = "*.eu-west-1.example"}, GRILLE_REASON_ATTEST_CERT_NAME, bad_certificate, "*.eu-west-1.example"},
        {{.name = "KMS.eu-west-1.example"}, GRILLE_REASON_ATTEST_CERT_NAME, bad_certificate, "another service"},
        {{.name = HTTPS_NAME ".evil.example"}, GRILLE_REASON_ATTEST_CERT_NAME, bad_certificate, "another service"},
        {{.other_root = true}, GRILLE_REASON_ATTEST_CERT_SIGNATURE, bad_certificate, "certificate 2 of 3"},
        {{.self_signed = true}, GRILLE_REASON_ATTEST_CERT_NAME_CHAIN, unknown_ca, "certificate 3 of 3"},
        {{.self_signed = true, .alone = true}, GRILLE_REASON_ATTEST_CERT_UNKNOWN_ISSUER, unknown_ca, "no anchor"},
        {{.alone = true}, GRILLE_REASON_ATTEST_CERT_UNKNOWN_ISSUER, unknown_ca, "not among the anchors"},
        {{.moved_ms = -2 * HTTPS_HOUR_MS}, GRILLE_REASON_ATTEST_CERT_EXPIRED, bad_certificate, "notAfter"},
        {{.moved_ms = 2 * HTTPS_HOUR_MS}, GRILLE_REASON_ATTEST_CERT_NOT_YET_VALID, bad_certificate, "notBefore"},
        {{.leaf = HTTPS_RSA_1024}, GRILLE_REASON_TLS_BAD_CERTIFICATE, bad_certificate, "-409"},
        {{.authorities = HTTPS_RSA_1024}, GRILLE_REASON_ATTEST_CERT_RSA_KEY, bad_certificate, "2048 to 4096 bits"},
        {{.bad_signature = true}, GRILLE_REASON_TLS_BAD_SIGNATURE, decrypt_error, "the peer is not the service"},
        {{.bad_signature = true, .leaf = HTTPS_P384}, GRILLE_REASON_TLS_BAD_SIGNATURE, decrypt_error, ""},
        {{.bad_signature = true, .leaf = HTTPS_RSA_2048}, GRILLE_REASON_TLS_BAD_SIGNATURE, decrypt_error, ""},
        {{.bad_signature = true, .leaf = HTTPS_RSA_4096}, GRILLE_REASON_TLS_BAD_SIGNATURE, decrypt_error, ""},
        {{.copies = GRILLE_TLS_CHAIN_MAX - 1}, GRILLE_REASON_TLS_CHAIN_LENGTH, unknown_ca, "at most 8"},
        {{.only_tls12 = true}, GRILLE_REASON_TLS_PEER_ALERT, -1, "alert 70 (RFC 8446 6.2); likely it has no TLS 1.3"},
        {{.groups = "P-384"}, GRILLE_REASON_TLS_PEER_ALERT, -1, "alert 40"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world_init(&world);
        world.service = rows[i].service;
        world_open(&world);
        if (world_play(&world) != rows[i].reason || https_server_alert(world.server) != rows[i].alert)
            fail_msg("row %zu: %s, alert %d: %s", i, grille_reason_name(world.reason), https_server_alert(world.server),
                     world.error.text);
        if (strstr(world.error.text, rows[i].text) == NULL) fail_msg("row %zu: %s", i, world.error.text);
        assert_int_equal(world.error.code, grille_reason_code(rows[i].reason));
        if (strncmp(world.error.name, "ATTEST-", 7) == 0)
            assert_non_null(strstr(world.error.text, rows[i].service.moved_ms != 0 ? "date -u" : "ca_pem"));
        assert_int_equal(https_server_request(world.server).len, 0);
        assert_int_equal(grille_kms_exchange_ended(world.exchange, &world.result, NULL), rows[i].reason);
        world_close(&world);
    }
}

static void rsa_only_with_the_seam(void **state) {
    static const https_options rows[] = {{.leaf = HTTPS_RSA_2048}, {.authorities = HTTPS_RSA_2048}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world_init(&world);
        world.service = rows[i];
        world.options.rsa = NULL;
        world_open(&world);
        assert_int_equal(world_play(&world), GRILLE_REASON_ATTEST_CERT_ALGORITHM);
        assert_int_equal(https_server_request(world.server).len, 0);
        world_close(&world);
    }
}

/* Its end is reached at each border of a record and beside, and at many other places. */
static void cut_short_in_many_places(void **state) {
    size_t whole = 0;
    (void)state;
    run_good();
    whole = world.fed_bytes;
    world_close(&world);
    for (size_t most = 0; most < whole - 40; most += most < 140 ? 9 : 61) {
        world_init(&world);
        world.feed_most = most;
        world_open(&world);
        assert_int_equal(world_play(&world), GRILLE_REASON_MORE);
        assert_int_equal(grille_kms_exchange_ended(world.exchange, &world.result, &world.error),
                         GRILLE_REASON_KMS_CUT_SHORT);
        assert_true(grille_kms_exchange_is_worth_retry(GRILLE_REASON_KMS_CUT_SHORT));
        assert_int_equal(world.error.code, GRILLE_UNAVAILABLE);
        assert_non_null(strstr(world.error.text, "the connection to " HTTPS_NAME " ended without a close_notify"));
        assert_int_equal(grille_kms_exchange_ended(world.exchange, &world.result, NULL), GRILLE_REASON_KMS_CUT_SHORT);
        world_close(&world);
    }
}

static void an_answer_cut_short(void **state) {
    const size_t len = strlen(WORLD_ANSWER);
    (void)state;
    for (size_t cut = 0; cut<len; cut += cut> 1 && cut + 7 < len ? 5 : 1) {
        for (int closes = 0; closes < 2; closes++) {
            world_init(&world);
            world.answer = NULL;
            world_open(&world);
            assert_int_equal(world_play(&world), GRILLE_REASON_MORE);
            if (cut > 0) https_server_say(world.server, WORLD_ANSWER, cut);
            assert_int_equal(world_play(&world), GRILLE_REASON_MORE);
            if (closes) {
                https_server_close(world.server);
                assert_int_equal(world_play(&world), GRILLE_REASON_KMS_CUT_SHORT);
                assert_non_null(strstr(world.error.text, "ended properly, but after"));
            } else {
                assert_int_equal(grille_kms_exchange_ended(world.exchange, &world.result, &world.error),
                                 GRILLE_REASON_KMS_CUT_SHORT);
            }
            assert_int_equal(world.result.status, 0);
            world_close(&world);
        }
    }
}

/* The answer says itself where it ends. */
static void an_end_after_the_answer(void **state) {
    (void)state;
    world_open(&world);
    (void)world_play(&world);
    expect_good();
    assert_int_equal(grille_kms_exchange_ended(world.exchange, &world.result, &world.error), GRILLE_REASON_OK);
    expect_good();
    https_server_close(world.server);
    (void)world_play(&world);
    expect_good();
    world_close(&world);
}

/* Bits of what the service sends, all along: nothing wrong is ever taken, and nothing said to whom it changed. */
static void changed_on_the_way(void **state) {
    size_t whole = 0, same = 0, refused = 0;
    (void)state;
    run_good();
    whole = world.fed_bytes;
    world_close(&world);
    for (size_t place = 0; place < whole - 100; place += place < 130 ? 5 : 53) {
        world_init(&world);
        world.changed_place = place;
        world.changed_bits = (uint8_t)(1u << place % 8);
        world_open(&world);
        (void)world_play(&world);
        if (world.reason == GRILLE_REASON_OK) {
            expect_good();
            same++;
        } else {
            assert_int_equal(world.result.status, 0);
            refused++;
        }
        world_close(&world);
    }
    assert_true(refused > 30 && same < 10); /* a record's version says nothing */
}

static void garbage_in_place_of_tls(void **state) {
    static const char *const texts[] = {"HTTP/1.1 400 Bad Request\r\n\r\n", "\x16\x03\x03\xff\xff\x02",
                                        "\x15\x03\x03\x00\x02\x02\x28"};
    static const size_t lengths[] = {28, 6, 7};
    static const grille_reason reasons[] = {GRILLE_REASON_TLS_VERSION, GRILLE_REASON_TLS_BAD_RECORD,
                                            GRILLE_REASON_TLS_PEER_ALERT};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        world_init(&world);
        world_open(&world);
        world.reason = grille_kms_exchange_feed(world.exchange, grille_bytes_of(texts[i], lengths[i]), 0, &world.result,
                                                &world.error);
        if (world.reason != reasons[i])
            fail_msg("row %zu: %s: %s", i, grille_reason_name(world.reason), world.error.text);
        world_close(&world);
    }
}

/* Of every size less than what it takes. */
static void a_budget_that_is_used_up(void **state) {
    size_t enough = 0;
    (void)state;
    world.service.leaf = world.service.authorities = HTTPS_RSA_2048;
    run_good();
    enough = world.budget.peak_bytes;
    print_message("an exchange takes %zu bytes\n", enough);
    world_close(&world);
    for (size_t limit = enough - 1; limit > 2000; limit -= limit / 12) {
        world_init(&world);
        world.service.leaf = world.service.authorities = HTTPS_RSA_2048;
        grille_budget_init(&world.budget, limit);
        world.server = https_server_new(&world.service);
        world.anchors[0] = https_server_anchor(world.server);
        world.reason = grille_kms_exchange_new(&world.options, &world.exchange, &world.error);
        if (world.reason == GRILLE_REASON_OK) world.reason = GRILLE_REASON_MORE;
        if (world.reason == GRILLE_REASON_MORE) (void)world_play(&world);
        if (world.reason != GRILLE_REASON_BUDGET)
            fail_msg("%zu bytes: %s: %s", limit, grille_reason_name(world.reason), world.error.text);
        assert_int_equal(https_server_request(world.server).len, 0);
        world_close(&world);
    }
}

/* Certificates that are long, and no more than may come: TLS has a limit of its own for what it takes from strangers,
 * and an end of each step. */
static void handshakes_have_an_end(void **state) {
    static const uint8_t nothing[] = {0x14, 3, 3, 0, 1, 1, 0x14, 3, 3, 0, 1, 1}; /* change_cipher_spec */
    static const size_t certificate_bytes[] = {1500, 10000};
    static const grille_reason reasons[] = {GRILLE_REASON_OK, GRILLE_REASON_TLS_BAD_RECORD};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        world_init(&world);
        world.service.copies = GRILLE_TLS_CHAIN_MAX - 2;
        world.service.bulk = certificate_bytes[i];
        world_open(&world);
        (void)world_play(&world);
        assert_int_equal(world.reason, reasons[i]);
        assert_int_equal(https_server_request(world.server).len, i == 0 ? strlen(WORLD_REQUEST) : 0);
        world_close(&world);
    }
    world_init(&world);
    world_open(&world);
    assert_int_equal(grille_kms_exchange_feed(world.exchange, grille_bytes_of(nothing, sizeof nothing), 0,
                                              &world.result, &world.error),
                     GRILLE_REASON_TLS_BAD_RECORD);
    world_close(&world);
}

/* Each allocation fails once, some with all after them. */
static void memory_that_is_not_there(void **state) {
    size_t asked = 1, before = 0;
    (void)state;
    for (size_t index = 0; index < asked; index++) {
        world_init(&world);
        world.service.leaf = world.service.authorities = HTTPS_RSA_2048;
        world.server = https_server_new(&world.service);
        world.anchors[0] = https_server_anchor(world.server);
        before = failing_malloc_living();
        if (index % 2 == 0) failing_malloc_once(index);
        if (index % 2 == 1) failing_malloc_from(index);
        world.reason = grille_kms_exchange_new(&world.options, &world.exchange, &world.error);
        if (world.reason == GRILLE_REASON_OK) world.reason = GRILLE_REASON_MORE;
        if (world.reason == GRILLE_REASON_MORE) (void)world_play(&world);
        if (index == 0) asked = 200;
        if (failing_malloc_asked() <= index) {
            expect_good();
            asked = index;
        } else {
            assert_int_equal(world.reason, GRILLE_REASON_BUDGET);
            assert_int_equal(world.result.status, 0);
        }
        failing_malloc_never();
        grille_kms_exchange_free(world.exchange);
        world.exchange = NULL;
        assert_int_equal(failing_malloc_living(), before);
        world_close(&world);
    }
    print_message("an exchange takes %zu allocations\n", asked);
    assert_in_range(asked, 20, 199);
}

static void nothing_said_is_left_in_memory(void **state) {
    static const char *const said[] = {"a-secret-of-ours", "{\"good\":true}"};
    (void)state;
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        world_init(&world);
        world_open(&world);
        failing_malloc_seek(said[i], strlen(said[i]));
        (void)world_play(&world);
        expect_good();
        grille_kms_exchange_free(world.exchange);
        world.exchange = NULL;
        assert_int_equal(failing_malloc_found(), 0);
        failing_malloc_seek(NULL, 0);
        world_close(&world);
    }
}

static void bad_options(void **state) {
    char long_name[GRILLE_LIMIT_KMS_HOST_BYTES + 2];
    grille_kms_exchange_options rows[10];
    const size_t count = sizeof rows / sizeof *rows;
    (void)state;
    memset(long_name, 'a', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    world.server = https_server_new(&world.service);
    world.anchors[0] = https_server_anchor(world.server);
    for (size_t i = 0; i < count; i++)
        rows[i] = world.options;
    rows[0].tls = NULL;
    rows[1].crypto = NULL;
    rows[2].host = NULL;
    rows[3].host = "";
    rows[4].host = long_name;
    rows[5].anchors = NULL;
    rows[6].anchor_count = 0;
    rows[7].anchor_count = GRILLE_LIMIT_POLICY_AUTHORITIES + 1;
    rows[8].request.len = 0;
    rows[9].answer_capacity = 0;
    for (size_t i = 0; i < count; i++) {
        world.exchange = (grille_kms_exchange *)&world;
        assert_int_equal(grille_kms_exchange_new(&rows[i], &world.exchange, &world.error), GRILLE_REASON_BAD_ARGUMENT);
        assert_null(world.exchange);
    }
    world_close(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(services_of_each_key, begin),
        cmocka_unit_test_setup(services_that_choose_otherwise, begin),
        cmocka_unit_test_setup(pieces_of_any_size, begin),
        cmocka_unit_test_setup(an_answer_in_two_pieces, begin),
        cmocka_unit_test_setup(tickets_and_new_keys_are_no_answers, begin),
        cmocka_unit_test_setup(answers_of_any_status, begin),
        cmocka_unit_test_setup(long_answers, begin),
        cmocka_unit_test_setup(answers_that_are_none, begin),
        cmocka_unit_test_setup(services_that_are_refused, begin),
        cmocka_unit_test_setup(rsa_only_with_the_seam, begin),
        cmocka_unit_test_setup(cut_short_in_many_places, begin),
        cmocka_unit_test_setup(an_answer_cut_short, begin),
        cmocka_unit_test_setup(an_end_after_the_answer, begin),
        cmocka_unit_test_setup(changed_on_the_way, begin),
        cmocka_unit_test_setup(garbage_in_place_of_tls, begin),
        cmocka_unit_test_setup(handshakes_have_an_end, begin),
        cmocka_unit_test_setup(memory_that_is_not_there, begin),
        cmocka_unit_test_setup(nothing_said_is_left_in_memory, begin),
        cmocka_unit_test_setup(a_budget_that_is_used_up, begin),
        cmocka_unit_test_setup(bad_options, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
