/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/state.h"

#include "machine_tests.h"
#include "support.h"

static bool reads(const char *json, size_t len, machine_state *state, grille_error *error) {
    uint8_t *exact = malloc(len == 0 ? 1 : len);
    bool good = false;
    assert_non_null(exact);
    memcpy(exact, json, len);
    *error = (grille_error){.code = GRILLE_OK};
    good = machine_state_read(grille_bytes_of(exact, len), state, error);
    free(exact);
    return good;
}

static void what_was_written_is_read(void **unused) {
    static const machine_phase phases[] = {MACHINE_STARTING, MACHINE_RUNNING, MACHINE_ENDED};
    grille_error error;
    (void)unused;
    for (size_t i = 0; i < 12; i++) {
        machine_state state = some_state("a.b_C-1", UINT32_MAX - 1), read;
        char *json = NULL;
        memset(&read, 0x55, sizeof read);
        state.phase = phases[i % 3];
        state.debug = i % 2 == 0;
        state.attested.is_signed = i % 4 < 2;
        if (state.attested.is_signed) memset(state.attested.pcr8, 0xa8, sizeof state.attested.pcr8);
        if (i == 5) state.address[0] = '\0';
        json = machine_state_write(&state);
        assert_non_null(json);
        if (!reads(json, strlen(json), &read, &error)) fail_msg("%s: %s", json, error.text);
        free(json);
        assert_string_equal(state.name, read.name);
        assert_string_equal(state.address, read.address);
        assert_int_equal(state.phase, read.phase);
        assert_int_equal(state.cid, read.cid);
        assert_int_equal(state.cpus, read.cpus);
        assert_int_equal(state.memory_mib, read.memory_mib);
        assert_int_equal(state.debug, read.debug);
        assert_int_equal(state.supervisor.pid, read.supervisor.pid);
        assert_int_equal(state.supervisor.start_ticks, read.supervisor.start_ticks);
        assert_int_equal(state.attested.is_signed, read.attested.is_signed);
        assert_memory_equal(state.attested.pcr0, read.attested.pcr0, sizeof read.attested.pcr0);
        assert_memory_equal(state.attested.pcr1, read.attested.pcr1, sizeof read.attested.pcr1);
        assert_memory_equal(state.attested.pcr2, read.attested.pcr2, sizeof read.attested.pcr2);
        if (read.attested.is_signed)
            assert_memory_equal(state.attested.pcr8, read.attested.pcr8, sizeof read.attested.pcr8);
    }
}

static void every_prefix_is_refused(void **unused) {
    const machine_state state = some_state("a", 16);
    machine_state read = {.cid = 77};
    grille_error error;
    char *json = machine_state_write(&state);
    (void)unused;
    for (size_t len = 0; len < strlen(json); len++) {
        assert_false(reads(json, len, &read, &error));
        assert_string_equal("BAD-ARGUMENT", error.name);
    }
    assert_int_equal(77, read.cid);
    free(json);
}

/* The JSON of some_state with `from`, which it holds, replaced. */
static bool reads_with(const char *from, const char *to, grille_error *error) {
    const machine_state state = some_state("a", 16);
    machine_state read = {.cid = 77};
    char changed[4096];
    char *json = machine_state_write(&state);
    char *at = strstr(json, from);
    bool good = false;
    assert_non_null(at);
    (void)snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - json), json, to, at + strlen(from));
    free(json);
    good = reads(changed, strlen(changed), &read, error);
    if (!good) assert_int_equal(77, read.cid);
    return good;
}

/* With its key: another number may hold the same digits, as a process's time of start. */
#define CID "\"EnclaveCID\": "

static void a_value_that_is_not_of_its_form_is_refused(void **unused) {
    static const struct {
        const char *from, *to, *text;
    } cases[] = {
        {"\"a\"", "\"a/b\"", "EnclaveName"},
        {"\"a\"", "\".\"", "EnclaveName"},
        {"\"a\"", "\"\"", "EnclaveName"},
        {"\"a\"", "7", "EnclaveName"},
        {"\"a\"", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", "EnclaveName"},
        {"\"ProcessID\": ", "\"ProcessID\": -", "ProcessID"},
        {"\"ProcessID\": ", "\"ProcessID\": 99999999999", "ProcessID"},
        {"\"ProcessStart\": ", "\"ProcessStart\": -", "ProcessStart"},
        {"\"ProcessStart\": ", "\"Processstart\": ", "ProcessStart"},
        {CID "16", CID "0", "EnclaveCID"},
        {CID "16", CID "4294967296", "EnclaveCID"},
        {CID "16", CID "16.0", "EnclaveCID"},
        {CID "16", CID "\"16\"", "EnclaveCID"},
        {"\"NumberOfCPUs\": 2", "\"NumberOfCPUs\": null", "NumberOfCPUs"},
        {"\"MemoryMiB\": 256", "\"MemoryMiB\": -256", "MemoryMiB"},
        {"RUNNING", "TERMINATING", "State"},
        {"NONE", "", "Flags"},
        {"NONE", "DEBUG", "Flags"},
        {"\"hybrid:/x/v\"", "null", "Address"},
        {"a0a0\",", "a0\",", "Measurements"},
        {"\"PCR1\": \"a", "\"PCR1\": \"g", "Measurements"},
        {"\"PCR2\": \"a2", "\"PCR2\": \"a2a2", "Measurements"},
        {"\"PCR2\"", "\"PCR8\": \"00\", \"PCR2\"", "Measurements"},
        {"\"Measurements\": {", "\"Measurements\": [{", "JSON"},
        {"\"State\"", "\"More\": 1, \"State\"", "does not belong"},
        {"\"State\"", "\"EnclaveCID\": 17, \"State\"", "JSON"},
    };
    grille_error error;
    (void)unused;
    assert_true(reads_with(CID "16", CID "17", &error));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (reads_with(cases[i].from, cases[i].to, &error)) fail_msg("%s was taken", cases[i].to);
        if (strstr(error.text, cases[i].text) == NULL) fail_msg("%s: %s", cases[i].to, error.text);
    }
}

/* ---- nitro-cli ---- */

#define NITRO                                                                                                          \
    "{\"EnclaveName\": \"n\", \"EnclaveID\": \"i-0-enc0\", \"ProcessID\": 7077, \"EnclaveCID\": 18, "                  \
    "\"NumberOfCPUs\": 2, \"CPUIDs\": [1, 3], \"MemoryMiB\": 64"

static void nitro_clis_words_are_read(void **unused) {
    static const char several[] =
        "[" NITRO ", \"State\": \"RUNNING\", \"Flags\": \"DEBUG_MODE\"}, {\"EnclaveCID\": 5}]";
    machine_state states[2];
    size_t count = 0;
    grille_error error = {.code = GRILLE_OK};
    (void)unused;
    assert_true(machine_state_of_nitro(grille_bytes_of_text(NITRO "}"), &states[0], &error));
    assert_string_equal("n", states[0].name);
    assert_string_equal("vsock:18", states[0].address);
    assert_int_equal(64, states[0].memory_mib);
    assert_false(states[0].debug);
    assert_true(machine_states_of_nitro(grille_bytes_of_text(several), states, 2, &count, &error));
    assert_int_equal(2, count);
    assert_true(states[0].debug);
    assert_int_equal(7077, states[0].supervisor.pid);
    assert_string_equal("", states[1].name);
    assert_int_equal(5, states[1].cid);
    assert_true(machine_states_of_nitro(grille_bytes_of_text("[]"), states, 2, &count, &error));
    assert_int_equal(0, count);
}

static void other_words_of_nitro_cli_are_refused(void **unused) {
    static const char *const texts[] = {"", "Started", "{", "{}", "[1]", "[{}, {}, {}]", "null"};
    machine_state states[2];
    size_t count = 0;
    grille_error error = {.code = GRILLE_OK};
    (void)unused;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        count = 9;
        assert_false(machine_state_of_nitro(grille_bytes_of_text(texts[i]), &states[0], &error));
        assert_false(machine_states_of_nitro(grille_bytes_of_text(texts[i]), states, 2, &count, &error));
        assert_string_equal("BAD-ARGUMENT", error.name);
    }
}

int state_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(a_value_that_is_not_of_its_form_is_refused),
        cmocka_unit_test(nitro_clis_words_are_read),
        cmocka_unit_test(other_words_of_nitro_cli_are_refused),
    };
    return cmocka_run_group_tests_name("machine/state", tests, NULL, NULL);
}
