/* SPDX-License-Identifier: Apache-2.0
 * The mutation matrix, classes A to F, and then: every reason that evidence may be refused for has come up, and each of
 * its texts was whole (matrix.h). Class G, the byte sweep, is mutation_test.c. */
#include "matrix.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "attest/path.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "grille/log.h"

/* Policies that pin little warn. */
static void ignore(grille_log_level level, const char *module, const char *line, void *user) {
    (void)level;
    (void)module;
    (void)line;
    (void)user;
}

static int setup(void **state) {
    (void)state;
    grille_log_set(ignore, NULL, GRILLE_LOG_ERROR);
    matrix_begin();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    matrix_end();
    return 0;
}

/* Chains of 1 and of 11 never get out of a document: their place is the walk itself. */
static void chains_of_another_length(void **state) {
    static const size_t counts[] = {0, 1, 10, 11, 1000};
    grille_bytes certificates[11];
    (void)state;
    for (size_t i = 0; i < 11; i++)
        certificates[i] = forge_chain_der(matrix_chain(), i < FORGE_CHAIN ? i : FORGE_CHAIN - 1);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        const grille_path_request request = {
            .profile = GRILLE_PATH_NITRO, .certificates = certificates, .count = counts[i], .now_ms = FORGE_NOW_MS};
        grille_path path;
        grille_error error;
        matrix_expect_verdict("a chain of another length", GRILLE_REASON_ATTEST_CERT_CHAIN,
                              grille_path_verify(grille_crypto_wolf(), &request, &path, &error), &error);
    }
}

static void own_identities(void **state) {
    grille_identity *identity = NULL;
    grille_error error;
    (void)state;
    assert_int_equal(GRILLE_FAILED_PRECONDITION,
                     grille_identity_load_x509("/nonexistent/chain.pem", "/nonexistent/key.pem", &identity, &error));
    matrix_expect_verdict("no file", GRILLE_REASON_ATTEST_IDENTITY, GRILLE_REASON_ATTEST_IDENTITY, &error);
}

/* Reasons that no row can bring up alone (an order of messages, a later epoch, a policy in force) have a test of their
 * own elsewhere, which names them. */
static char other_tests[4000000];

static void read_other_tests(void) {
    static const char *const patterns[] = {"tests/unit/attest/*_test.c", "tests/unit/secure/*_test.c"};
    size_t used = 0;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        glob_t found;
        assert_int_equal(0, glob(patterns[i], 0, NULL, &found));
        for (size_t j = 0; j < found.gl_pathc; j++) {
            FILE *file = fopen(found.gl_pathv[j], "rb");
            assert_non_null(file);
            used += fread(&other_tests[used], 1, sizeof other_tests - 1 - used, file);
            (void)fclose(file);
        }
        globfree(&found);
    }
    assert_true(used < sizeof other_tests - 1);
}

static void every_reason_came_up(void **state) {
    static const char *const identifiers[GRILLE_REASON_COUNT] = {
#define X(identifier, name, code, text) [GRILLE_REASON_##identifier] = "GRILLE_REASON_" #identifier,
        GRILLE_REASON_MAP_ATTEST(X)
#undef X
    };
    size_t rows = 0, reasons = 0, elsewhere = 0;
    (void)state;
    read_other_tests();
    for (int i = 0; i < GRILLE_REASON_COUNT; i++) {
        rows += matrix_count((grille_reason)i);
        if (identifiers[i] == NULL) continue;
        reasons++;
        if (matrix_count((grille_reason)i) > 0) continue;
        elsewhere++;
        if (strstr(other_tests, identifiers[i]) == NULL) fail_msg("no test is refused for %s", identifiers[i]);
    }
    print_message("matrix: %zu rows, %zu accepted; %zu reasons, %zu of them elsewhere\n", rows,
                  matrix_count(GRILLE_REASON_OK), reasons, elsewhere);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matrix_a_cose),
        cmocka_unit_test(matrix_b_cbor),
        cmocka_unit_test(matrix_c_fields),
        cmocka_unit_test(matrix_c_optional_fields),
        cmocka_unit_test(matrix_c_pcrs),
        cmocka_unit_test(matrix_c_times),
        cmocka_unit_test(matrix_c_bundles),
        cmocka_unit_test(matrix_d_times),
        cmocka_unit_test(matrix_d_extensions),
        cmocka_unit_test(matrix_d_keys_and_signatures),
        cmocka_unit_test(matrix_d_encoding),
        cmocka_unit_test(matrix_d_chains),
        cmocka_unit_test(matrix_e_binding),
        cmocka_unit_test(matrix_e_x509),
        cmocka_unit_test(matrix_e_psk),
        cmocka_unit_test(matrix_e_later_epochs),
        cmocka_unit_test(matrix_e_failing_crypto),
        cmocka_unit_test(matrix_f_pcrs),
        cmocka_unit_test(matrix_f_sets),
        cmocka_unit_test(matrix_f_claims),
        cmocka_unit_test(matrix_f_self),
        cmocka_unit_test(matrix_f_empty_policies),
        cmocka_unit_test(chains_of_another_length),
        cmocka_unit_test(own_identities),
        cmocka_unit_test(every_reason_came_up),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
