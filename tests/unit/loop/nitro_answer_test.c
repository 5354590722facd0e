/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/nitro_answer.h"

#include "base/bytes.h"
#include "tests/unit/loop/support.h"

/* Keys and order as nitro-cli has them. */
#define ENCLAVE(name, cid, state)                                                                                      \
    "  {\n    \"EnclaveName\": \"" name "\",\n    \"EnclaveID\": \"i-05f6ed443aEXAMPLE-enc173dfe3eEXAMPLE\",\n"        \
    "    \"ProcessID\": 7077,\n    \"EnclaveCID\": " cid ",\n    \"NumberOfCPUs\": 2,\n    \"CPUIDs\": [\n      1,\n"  \
    "      3\n    ],\n    \"MemoryMiB\": 3904,\n    \"State\": \"" state "\",\n    \"Flags\": \"DEBUG_MODE\",\n"       \
    "    \"Measurements\": {\n      \"HashAlgorithm\": \"Sha384 { ... }\",\n      \"PCR0\": \"ab\"\n    }\n  }"

static void expect(const char *output, const char *name, uint32_t expected) {
    uint32_t cid = 0;
    grille_error error = {.code = GRILLE_OK};
    if (grille_nitro_answer_find(grille_bytes_of_text(output), grille_bytes_of_text(name), &cid, &error) !=
        GRILLE_REASON_OK) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(cid, expected);
}

static void refuse(const char *output, const char *name, grille_reason reason, const char *says) {
    uint32_t cid = 7;
    grille_error error = {.code = GRILLE_OK};
    if (grille_nitro_answer_find(grille_bytes_of_text(output), grille_bytes_of_text(name), &cid, &error) != reason ||
        strstr(error.text, says) == NULL) {
        fail_msg("%s: %s: %s, expected %s", output, error.name, error.text, says);
    }
    assert_int_equal(cid, 7);
}

static void test_finds_by_name(void **state) {
    static const char two[] =
        "[\n" ENCLAVE("app", "16", "RUNNING") ",\n" ENCLAVE("other", "4294967294", "RUNNING") "\n]\n";
    (void)state;
    expect(two, "app", 16);
    expect(two, "other", 4294967294U);
    /* One that ends has the name no longer. */
    expect("[" ENCLAVE("app", "16", "TERMINATING") "," ENCLAVE("app", "17", "RUNNING") "]", "app", 17);
    expect("[{\"State\":\"RUNNING\",\"EnclaveCID\":5,\"EnclaveName\":\"a\",\"New\":[{\"State\":\"X\"}]}]", "a", 5);
}

static void test_none_of_that_name(void **state) {
    (void)state;
    refuse("[]\n", "app", GRILLE_REASON_LOOP_ENCLAVE_UNKNOWN, "no enclave \"app\" runs here; nitro-cli knows: none");
    refuse("[" ENCLAVE("apps", "16", "RUNNING") "," ENCLAVE("b", "17", "RUNNING") "]", "app",
           GRILLE_REASON_LOOP_ENCLAVE_UNKNOWN, "nitro-cli knows: apps, b");
    refuse("[" ENCLAVE("app", "16", "TERMINATING") "]", "app", GRILLE_REASON_LOOP_ENCLAVE_UNKNOWN, "knows: none");
    refuse("[" ENCLAVE("app", "16", "RUNNING") "," ENCLAVE("app", "17", "RUNNING") "]", "app",
           GRILLE_REASON_LOOP_NITRO_CLI, "2 enclaves \"app\" run here: write vsock:CID:PORT");
}

static void test_other_output(void **state) {
    static const char *const rows[] = {
        "",
        "E11: Socket error",
        "{}",
        "null",
        "[1]",
        "[[]]",
        "[{}]",
        "[{\"EnclaveName\":\"app\",\"EnclaveCID\":16}]",
        "[{\"EnclaveName\":\"app\",\"State\":\"RUNNING\"}]",
        "[{\"EnclaveCID\":16,\"State\":\"RUNNING\"}]",
        "[{\"EnclaveName\":1,\"EnclaveCID\":16,\"State\":\"RUNNING\"}]",
        "[{\"EnclaveName\":\"app\",\"EnclaveCID\":16,\"State\":null}]",
        "[{\"EnclaveName\":\"app\",\"EnclaveCID\":\"16\",\"State\":\"RUNNING\"}]",
        "[{\"EnclaveName\":\"app\",\"EnclaveCID\":-16,\"State\":\"RUNNING\"}]",
        "[{\"EnclaveName\":\"app\",\"EnclaveCID\":4294967295,\"State\":\"RUNNING\"}]",
        "[{\"EnclaveName\":\"app\",\"EnclaveCID\":16,\"EnclaveCID\":17,\"State\":\"RUNNING\"}]",
        "[{\"EnclaveName\":\"b\",\"EnclaveName\":\"app\",\"EnclaveCID\":16,\"State\":\"RUNNING\"}]",
        "[{\"EnclaveName\":\"app\",\"EnclaveCID\":16,\"State\":\"RUNNING\"}] x",
        "[{\"EnclaveName\":\"app\",\"EnclaveCID\":16,\"State\":\"RUNNING\"}",
        "[{\"EnclaveName\":\"app\",\"EnclaveCID\":16,\"State\":\"RUNNING\",\"More\":}]",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refuse(rows[i], "app", GRILLE_REASON_LOOP_NITRO_CLI, "bytes that are no list of enclaves");
}

/* Cut anywhere it is refused: nothing is read out of half an answer. */
static void test_every_beginning(void **state) {
    static const char whole[] = "[" ENCLAVE("app", "16", "RUNNING") "]";
    char cut[sizeof whole];
    (void)state;
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        memcpy(cut, whole, len);
        cut[len] = '\0';
        refuse(cut, "app", GRILLE_REASON_LOOP_NITRO_CLI, "no list of enclaves");
    }
    expect(whole, "app", 16);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_by_name),
        cmocka_unit_test(test_none_of_that_name),
        cmocka_unit_test(test_other_output),
        cmocka_unit_test(test_every_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
