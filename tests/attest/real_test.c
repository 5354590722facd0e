/* SPDX-License-Identifier: Apache-2.0
 * Documents of real enclaves, which their publishers own: read in place from GRILLE_TESTDATA when that is set. Each is
 * verified against AWS Nitro Enclaves root G1 at its own time. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/document.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "document_files.h"
#include "grille/attest.h"

static void expect(grille_bytes document, const grille_attest_options *options, int64_t at_ms, const char *expected,
                   const char *path, grille_attest_facts *facts) {
    grille_error error;
    grille_code code = grille_attest_verify_stored(document, options, at_ms, facts, &error);
    if (strcmp(expected, error.name) != 0) {
        fail_msg("%s: expected \"%s\", observed \"%s\": %s", path, expected, error.name, error.text);
    }
    assert_int_equal(expected[0] == '\0' ? GRILLE_OK : GRILLE_UNAUTHENTICATED, code);
}

static size_t tampered_count, nitrotpm_count;

static void check(const char *path) {
    bool debug = strstr(path, "_debug") != NULL, tampered = strstr(path, "_tampered") != NULL;
    grille_bytes bytes = document_file(path);
    grille_attest_options options = grille_attest_options_default();
    grille_attest_facts facts;
    grille_document document;
    grille_error error;
    const char *expected = tampered ? "ATTEST-COSE-SIGNATURE" : debug ? "ATTEST-DEBUG" : "";
    options.any_user_data = true;
    tampered_count += tampered;
    if (grille_document_read_kind(bytes, GRILLE_ATTEST_NITROTPM, &document, &error) == GRILLE_REASON_OK) {
        nitrotpm_count++;
        expect(bytes, &options, document.timestamp_ms, "ATTEST-DOCUMENT-NITROTPM", path, &facts);
        options.kind = GRILLE_ATTEST_NITROTPM;
    } else {
        assert_string_equal("ATTEST-DOCUMENT-ENCLAVE", error.name);
        assert_int_equal(GRILLE_REASON_OK, grille_document_read(bytes, &document, &error));
    }
    expect(bytes, &options, document.timestamp_ms, expected, path, &facts);
    options.insecure_allow_debug = true;
    expect(bytes, &options, document.timestamp_ms, tampered ? "ATTEST-COSE-SIGNATURE" : "", path, &facts);
    if (!tampered) assert_int_equal(debug, facts.debug);
    /* A day later every one of them has expired. */
    expect(bytes, &options, document.timestamp_ms + 86400000, "ATTEST-CERT-EXPIRED", path, &facts);
}

static void documents_of_real_enclaves(void **state) {
    const char *folder = getenv("GRILLE_TESTDATA");
    char pattern[1024];
    glob_t found = {.gl_pathc = 0};
    (void)state;
    if (folder != NULL && folder[0] != '\0') {
        (void)snprintf(pattern, sizeof pattern, "%s/attestation/real/*.cose", folder);
        if (glob(pattern, 0, NULL, &found) != 0) found.gl_pathc = 0;
        assert_true(found.gl_pathc > 0);
    }
    for (size_t i = 0; i < found.gl_pathc; i++)
        check(found.gl_pathv[i]);
    print_message("real documents: %zu verified, %zu of them refused as tampered with, %zu of NitroTPMs\n",
                  (size_t)found.gl_pathc, tampered_count, nitrotpm_count);
    if (found.gl_pathc > 0) globfree(&found);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(documents_of_real_enclaves)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
