/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/runs.h"

#include <sys/wait.h>

#include "machine_tests.h"
#include "support.h"

static machine_found found[MACHINE_RUNS_MAX];

static size_t look(const runs_world *w) {
    grille_error error = {.code = GRILLE_OK};
    size_t count = 99;
    if (!machine_runs_look(&w->runs, found, &count, &error)) fail_msg("%s", error.text);
    return count;
}

static void enclaves_are_found_by_name(void **state) {
    static const char *const names[] = {"b", "a", "C"};
    runs_world w;
    (void)state;
    make_runs(&w);
    assert_int_equal(0, look(&w));
    for (uint32_t i = 0; i < 3; i++) {
        const machine_state one = some_state(names[i], 16 + i);
        put_enclave(&w, &one);
    }
    /* What has no name of an enclave is none. */
    assert_int_equal(0, mkdirat(w.runs.folder, ".x", 0700));
    assert_int_equal(0, mkdirat(w.runs.folder, "-x", 0700));
    put_file(w.runs.folder, "file", "");
    assert_int_equal(3, look(&w));
    assert_string_equal("C", found[0].name);
    assert_string_equal("b", found[2].name);
    for (size_t i = 0; i < 3; i++)
        assert_true(found[i].readable && found[i].state.phase == MACHINE_RUNNING);
    assert_true(is_there(&w, "a/address"));
    remove_runs(&w);
}

static void what_was_left_behind_is_cleared_up(void **state) {
    static const struct {
        machine_phase phase;
        bool debug, stays;
    } cases[] = {{MACHINE_RUNNING, false, true},
                 {MACHINE_RUNNING, true, true},
                 {MACHINE_STARTING, true, true},
                 {MACHINE_STARTING, false, false},
                 {MACHINE_ENDED, false, true}};
    runs_world w;
    (void)state;
    make_runs(&w);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        machine_state one = some_state("a", 16);
        /* Its number is ours, and it began at another time. */
        one.supervisor.start_ticks++;
        one.phase = cases[i].phase;
        one.debug = cases[i].debug;
        put_enclave(&w, &one);
        assert_int_equal(cases[i].stays, look(&w));
        assert_int_equal(cases[i].stays, is_there(&w, "a/state.json"));
        assert_int_equal(cases[i].stays, is_there(&w, "a/console"));
        if (cases[i].phase != MACHINE_ENDED) assert_false(is_there(&w, "a/address"));
        if (!cases[i].stays) continue;
        assert_int_equal(MACHINE_ENDED, found[0].state.phase);
        /* So it was written. */
        assert_int_equal(1, look(&w));
        assert_true(found[0].readable && found[0].state.phase == MACHINE_ENDED);
        if (cases[i].phase != MACHINE_ENDED) assert_string_equal("", found[0].state.address);
    }
    remove_runs(&w);
}

static void what_is_not_understood_is_said(void **state) {
    runs_world w;
    const machine_state other = some_state("b", 16);
    char *json = machine_state_write(&other);
    const char *const contents[] = {"", "{", "[]", json};
    static const char *const texts[] = {"no JSON", "no JSON", "EnclaveName", "it is that of \"b\""};
    (void)state;
    make_runs(&w);
    assert_int_equal(0, mkdirat(w.runs.folder, "a", 0700));
    assert_int_equal(1, look(&w));
    assert_false(found[0].readable);
    assert_non_null(strstr(found[0].problem, "state.json: No such file"));
    for (size_t i = 0; i < 4; i++) {
        put_file(w.runs.folder, "a/state.json", contents[i]);
        assert_int_equal(1, look(&w));
        assert_false(found[0].readable);
        if (strstr(found[0].problem, texts[i]) == NULL) fail_msg("%s", found[0].problem);
    }
    /* A pipe is not waited for. */
    assert_int_equal(0, unlinkat(w.runs.folder, "a/state.json", 0));
    assert_int_equal(0, mkfifoat(w.runs.folder, "a/state.json", 0600));
    assert_int_equal(1, look(&w));
    assert_false(found[0].readable);
    free(json);
    remove_runs(&w);
}

/* ---- CIDs ---- */

static void cids_are_chosen_among_the_living(void **state) {
    machine_found some[5];
    uint32_t cid = 0;
    grille_error error = {.code = GRILLE_OK};
    (void)state;
    memset(some, 0, sizeof some);
    assert_true(machine_choose_cid(some, 0, 0, &cid, &error));
    assert_int_equal(16, cid);
    for (uint32_t i = 0; i < 5; i++) {
        const uint32_t cids[] = {18, 16, 17, 40, 19};
        some[i] = (machine_found){.readable = true, .name = "x", .state = {.phase = MACHINE_RUNNING, .cid = cids[i]}};
    }
    assert_true(machine_choose_cid(some, 5, 0, &cid, &error));
    assert_int_equal(20, cid);
    some[2].state.phase = MACHINE_ENDED;
    some[4].state.phase = MACHINE_STARTING;
    assert_true(machine_choose_cid(some, 5, 0, &cid, &error));
    assert_int_equal(17, cid);
    some[1].readable = false;
    assert_true(machine_choose_cid(some, 5, 0, &cid, &error));
    assert_int_equal(16, cid);
    assert_true(machine_choose_cid(some, 5, 17, &cid, &error));
    assert_int_equal(17, cid);
    assert_true(machine_choose_cid(some, 5, 0xfffffffe, &cid, &error));
    assert_int_equal(0xfffffffe, cid);
}

static void a_cid_in_use_or_reserved_is_refused(void **state) {
    const machine_found one = {.name = "enclave-7", .readable = true, .state = {.phase = MACHINE_STARTING, .cid = 30}};
    static const uint32_t wrong[] = {1, 2, 3, 15, 0xffffffff};
    uint32_t cid = 99;
    grille_error error = {.code = GRILLE_OK};
    (void)state;
    assert_false(machine_choose_cid(&one, 1, 30, &cid, &error));
    assert_non_null(strstr(error.text, "CID 30 is in use: observed enclave \"enclave-7\""));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(machine_choose_cid(&one, 1, wrong[i], &cid, &error));
        assert_non_null(strstr(error.text, "a CID is 16 to 4294967294"));
    }
    assert_int_equal(99, cid);
}

int look_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enclaves_are_found_by_name),          cmocka_unit_test(what_was_left_behind_is_cleared_up),
        cmocka_unit_test(what_is_not_understood_is_said),      cmocka_unit_test(cids_are_chosen_among_the_living),
        cmocka_unit_test(a_cid_in_use_or_reserved_is_refused),
    };
    return cmocka_run_group_tests_name("machine/look", tests, NULL, NULL);
}
