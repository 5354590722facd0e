/* SPDX-License-Identifier: Apache-2.0
 * Every attack against the library as it is built: refused, with its own reason. */
#include <stdio.h>
#include <string.h>

#include "attacks.h"
#include "cmocka_all.h"
#include "stage.h"
#include "table.h"
#include "tap.h"

static const char *page;

static int setup(void **state) {
    (void)state;
    attacks_begin();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    attacks_end();
    return 0;
}

static void each_attack_is_refused(void **state) {
    unsigned failed = 0;
    (void)state;
    for (size_t i = 0; attack_at(i) != NULL; i++) {
        const attack *a = attack_at(i);
        const bool succeeded = attack_succeeds(a);
        const bool expected = a->stopped_by == NO_DEFENCE;
        if (succeeded == expected && (succeeded || strcmp(attack_last_reason(), a->reason) == 0)) continue;
        print_message("%s: succeeded %d, reason %s, expected %s\n", a->name, succeeded, attack_last_reason(),
                      a->reason);
        failed++;
    }
    assert_int_equal(failed, 0);
}

static void clocks_may_differ_by_so_much(void **state) {
    (void)state;
    assert_true(attack_by_clock(-ATTACK_MAX_AGE_MS));
    assert_true(attack_by_clock(ATTACK_MAX_SKEW_MS));
}

static void call_through(const stage_enclave *enclave, const grille_identity *caller, grille_policy *policy) {
    stage_server server;
    tap t;
    stage_server_start(&server, enclave, NULL);
    tap_open(&t, &server, caller, policy);
    assert_int_equal(honest_call(t.caller.channel, STAGE_SECRET), GRILLE_OK);
    assert_int_equal(atomic_load(&server.ran), 1);
    assert_string_equal(server.last_text, STAGE_SECRET);
    tap_close(&t);
    stage_server_stop(&server);
    assert_true(t.seen_len > 0);
    assert_false(tap_saw(&t, STAGE_SECRET));
    tap_free(&t);
}

/* Who forwards bytes gets nothing of it, wherever they end: at the enclave, at the cuckoo that the policy lets in, at
 * the very enclave that called. */
static void a_relay_of_bytes_reads_nothing(void **state) {
    (void)state;
    call_through(&on_stage.enclave, on_stage.parent, on_stage.trusts_enclave);
    call_through(&on_stage.twin, on_stage.parent, on_stage.trusts_enclave);
    call_through(&on_stage.enclave, on_stage.enclave.identity, on_stage.trusts_callers);
}

static void each_session_exports_another_value(void **state) {
    unsigned equal = 0;
    (void)state;
    assert_true(stage_exports(&equal) > 20);
    assert_int_equal(equal, 2); /* both ends of one connection */
}

static void the_page_has_the_same_table(void **state) {
    (void)state;
    assert_int_equal(table_differences(page), 0);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_attack_is_refused),         cmocka_unit_test(clocks_may_differ_by_so_much),
        cmocka_unit_test(a_relay_of_bytes_reads_nothing), cmocka_unit_test(each_session_exports_another_value),
        cmocka_unit_test(the_page_has_the_same_table),
    };
    if (argc != 2) return 2;
    page = argv[1];
    return cmocka_run_group_tests(tests, setup, teardown);
}
