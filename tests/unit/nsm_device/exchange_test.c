/* SPDX-License-Identifier: Apache-2.0
 * The stand-in for /dev/nsm below its device: right answers, and each fault. */
#include "exchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "nsm/message.h"

static nsm_exchange exchange;
static char fault_file[64];

static int open_module(void **state) {
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    grille_error error;
    int fd = -1;
    (void)state;
    strcpy(fault_file, "/tmp/nsm-fault.XXXXXX");
    fd = mkstemp(fault_file);
    if (fd < 0 || close(fd) != 0) return -1;
    exchange.fault_file = fault_file;
    return grille_nsm_simulated_module_open_insecure(&options, &exchange.module, &error) == GRILLE_REASON_OK ? 0 : -1;
}

static int close_module(void **state) {
    (void)state;
    grille_nsm_simulated_module_close(exchange.module);
    return unlink(fault_file);
}

static void ask_for(const char *fault) {
    FILE *file = fopen(fault_file, "w");
    assert_non_null(file);
    assert_true(fputs(fault, file) >= 0);
    assert_int_equal(0, fclose(file));
}

static const nsm_reply *answer(const char *fault, grille_bytes request, size_t room) {
    static nsm_reply reply;
    ask_for(fault);
    memset(&reply, 0x77, sizeof reply);
    nsm_exchange_answer(&exchange, request, room, &reply);
    return &reply;
}

/* CBOR: the text "GetRandom". */
static const uint8_t get_random[] = {0x69, 'G', 'e', 't', 'R', 'a', 'n', 'd', 'o', 'm'};

static grille_bytes request(void) {
    return grille_bytes_of(get_random, sizeof get_random);
}

static grille_reason reason_of(const nsm_reply *reply) {
    grille_nsm_answer read;
    return grille_nsm_answer_decode(grille_bytes_of(reply->bytes, reply->len), &read);
}

static void what_is_asked_is_answered(void **state) {
    static const char *const words[] = {"", "none", "none\n", "unheard-of"};
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const nsm_reply *reply = answer(words[i], request(), GRILLE_NSM_RESPONSE_MAX);
        assert_int_equal(0, reply->system_error);
        assert_int_equal(GRILLE_REASON_OK, reason_of(reply));
        assert_true(reply->len > 200);
        assert_int_equal(reply->len, reply->told_len);
    }
}

static void no_file_is_no_fault(void **state) {
    nsm_exchange without = exchange;
    static nsm_reply reply;
    (void)state;
    without.fault_file = "/tmp/there-is-no-such-fault";
    nsm_exchange_answer(&without, request(), GRILLE_NSM_RESPONSE_MAX, &reply);
    assert_int_equal(GRILLE_REASON_OK, reason_of(&reply));
    without.fault_file = NULL;
    nsm_exchange_answer(&without, request(), GRILLE_NSM_RESPONSE_MAX, &reply);
    assert_int_equal(GRILLE_REASON_OK, reason_of(&reply));
}

static void lengths_are_the_drivers(void **state) {
    static uint8_t much[GRILLE_NSM_REQUEST_MAX + 1];
    const nsm_reply *reply = answer("none", grille_bytes_of(much, sizeof much), GRILLE_NSM_RESPONSE_MAX);
    (void)state;
    assert_int_equal(EMSGSIZE, reply->system_error);
    reply = answer("none", request(), 7);
    assert_int_equal(0, reply->system_error);
    assert_int_equal(7, reply->len);
    assert_true(reply->told_len > 200);
}

static void faults_are_what_they_are_called(void **state) {
    const nsm_reply *reply = answer("truncated", request(), GRILLE_NSM_RESPONSE_MAX);
    (void)state;
    assert_true(reply->len > 0 && reply->told_len == reply->len && reason_of(reply) != GRILLE_REASON_OK);
    assert_int_equal(GRILLE_NSM_RESPONSE_MAX + 1, answer("oversize", request(), GRILLE_NSM_RESPONSE_MAX)->told_len);
    assert_int_equal(0, answer("empty\n", request(), GRILLE_NSM_RESPONSE_MAX)->told_len);
    assert_true(reason_of(answer("garbage", request(), GRILLE_NSM_RESPONSE_MAX)) != GRILLE_REASON_OK);
    assert_int_equal(ENODEV, answer("gone", request(), GRILLE_NSM_RESPONSE_MAX)->system_error);
    assert_int_equal(ETIMEDOUT, answer("timed-out", request(), GRILLE_NSM_RESPONSE_MAX)->system_error);
    assert_int_equal(GRILLE_REASON_OK, reason_of(answer("slow", request(), GRILLE_NSM_RESPONSE_MAX)));
}

static void refusals_have_the_modules_form(void **state) {
    static const struct {
        const char *fault, *name;
    } cases[] = {{"invalid-argument", "InvalidArgument"}, {"internal-error", "InternalError"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const nsm_reply *reply = answer(cases[i].fault, request(), GRILLE_NSM_RESPONSE_MAX);
        grille_nsm_answer read;
        assert_int_equal(GRILLE_REASON_OK, grille_nsm_answer_decode(grille_bytes_of(reply->bytes, reply->len), &read));
        assert_true(grille_bytes_equal(grille_bytes_of_text(cases[i].name), read.error_name));
    }
}

static void each_fault_has_a_word(void **state) {
    nsm_fault fault = NSM_FAULT_NONE;
    (void)state;
    assert_true(nsm_fault_parse(grille_bytes_of_text("slow"), &fault));
    assert_int_equal(NSM_FAULT_SLOW, fault);
    assert_false(nsm_fault_parse(grille_bytes_of_text("slo"), &fault));
    assert_false(nsm_fault_parse(grille_bytes_of_text(""), &fault));
    assert_int_equal(NSM_FAULT_SLOW, fault);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_is_answered),      cmocka_unit_test(no_file_is_no_fault),
        cmocka_unit_test(lengths_are_the_drivers),        cmocka_unit_test(faults_are_what_they_are_called),
        cmocka_unit_test(refusals_have_the_modules_form), cmocka_unit_test(each_fault_has_a_word),
    };
    return cmocka_run_group_tests(tests, open_module, close_module);
}
