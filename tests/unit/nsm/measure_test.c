/* SPDX-License-Identifier: Apache-2.0 */
#include "nsm/measure.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/unit/crypto/crypto_test.h"

static char path[] = "/tmp/measure-XXXXXX";

static void write_program(const char *content) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(0, fclose(file));
}

static int make_file(void **state) {
    int descriptor = mkstemp(path);
    (void)state;
    if (descriptor < 0) return -1;
    return close(descriptor);
}

static int remove_file(void **state) {
    (void)state;
    return unlink(path);
}

static void image_parts_are_hashed_before_they_extend(void **state) {
    uint8_t pcr[GRILLE_NSM_PCR_BYTES];
    grille_bytes nothing = {NULL, 0};
    (void)state;
    assert_reason(OK, grille_measure_image(grille_crypto_wolf(), nothing, pcr));
    assert_bytes("21b9efbc184807662e966d34f390821309eeac6802309798826296bf3e8bec7c10edb30948c90ba67310f7b964fc500a",
                 pcr, sizeof pcr);
}

static void roles_and_instances_extend_as_they_are(void **state) {
    uint8_t pcr[GRILLE_NSM_PCR_BYTES];
    (void)state;
    assert_reason(OK, grille_measure_pcr(grille_crypto_wolf(),
                                         grille_bytes_of_text("arn:aws:iam::123456789012:role/Webserver"), pcr));
    assert_bytes("78fce75db17cd4e0a3fb8dad3ad128ca5e77edbb2b2c7f75329dccd99aa5f6ef4fc1f1a452e315b9e98f9e312e6921e6",
                 pcr, sizeof pcr);
}

static void a_program_is_measured_by_its_bytes(void **state) {
    uint8_t pcr0[GRILLE_NSM_PCR_BYTES], pcr2[GRILLE_NSM_PCR_BYTES], expected[GRILLE_NSM_PCR_BYTES];
    grille_error error;
    (void)state;
    write_program("program");
    assert_reason(OK, grille_measure_executable(path, pcr0, pcr2, &error));
    assert_reason(OK, grille_measure_image(grille_crypto_wolf(), grille_bytes_of_text("program"), expected));
    assert_memory_equal(expected, pcr0, sizeof pcr0);
    write_program("Program");
    assert_reason(OK, grille_measure_executable(path, pcr0, expected, &error));
    assert_memory_equal(expected, pcr2, sizeof pcr2);
    assert_reason(OK, grille_measure_image(grille_crypto_wolf(), grille_bytes_of_text("Program"), expected));
    assert_memory_equal(expected, pcr0, sizeof pcr0);
}

static void what_is_no_program_is_refused(void **state) {
    uint8_t pcr0[GRILLE_NSM_PCR_BYTES], pcr2[GRILLE_NSM_PCR_BYTES];
    grille_error error;
    (void)state;
    write_program("");
    assert_reason(SYSTEM, grille_measure_executable(path, pcr0, pcr2, &error));
    assert_reason(SYSTEM, grille_measure_executable("/dev/zero", pcr0, pcr2, &error));
    assert_reason(SYSTEM, grille_measure_executable("/tmp", pcr0, pcr2, &error));
    assert_reason(SYSTEM, grille_measure_executable("/nonexistent", pcr0, pcr2, &error));
    assert_non_null(strstr(error.text, "/nonexistent"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_parts_are_hashed_before_they_extend),
        cmocka_unit_test(roles_and_instances_extend_as_they_are),
        cmocka_unit_test(a_program_is_measured_by_its_bytes),
        cmocka_unit_test(what_is_no_program_is_refused),
    };
    return cmocka_run_group_tests_name("nsm_measure", tests, make_file, remove_file);
}
