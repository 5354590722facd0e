/* SPDX-License-Identifier: Apache-2.0 */
#include "image/eif.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "cmocka_all.h"
#include "eif_parts.h"
#include "image/eif_measure.h"
#include "image/eif_write.h"
#include "image_tests.h"

static uint8_t *file_of(const eif *image, size_t *len) {
    char *bytes = NULL;
    FILE *file = open_memstream(&bytes, len);
    assert_non_null(file);
    assert_true(eif_write(image, file));
    assert_int_equal(0, fclose(file));
    assert_int_equal(eif_bytes(image), *len);
    return (uint8_t *)bytes;
}

static void assert_hex(const char *expected, const uint8_t pcr[GRILLE_NSM_PCR_BYTES]) {
    char hex[2 * GRILLE_NSM_PCR_BYTES + 1];
    grille_hex_encode(grille_bytes_of(pcr, GRILLE_NSM_PCR_BYTES), hex);
    assert_string_equal(expected, hex);
}

static void parts_become_the_known_file(void **state) {
    /* sha256 of the whole file, made by another program. */
    static const char sha256[] = "d64def4f7c43c9f6ae5538169f5c0ddabaeb865723bb05fea7bc7836baba4062";
    const eif image = eif_parts();
    uint8_t digest[GRILLE_SHA256_BYTES];
    char hex[2 * GRILLE_SHA256_BYTES + 1];
    size_t len = 0;
    uint8_t *file = file_of(&image, &len);
    const grille_bytes view = grille_bytes_of(file, len);
    (void)state;
    assert_int_equal(EIF_PARTS_BYTES, len);
    assert_int_equal(GRILLE_REASON_OK, grille_crypto_wolf()->hash(GRILLE_SHA256, &view, 1, digest));
    grille_hex_encode(grille_bytes_of(digest, sizeof digest), hex);
    assert_string_equal(sha256, hex);
    free(file);
}

static void parts_are_measured(void **state) {
    eif image = eif_parts();
    eif_measurements measured;
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, eif_measure(grille_crypto_wolf(), &image, &measured));
    assert_hex(EIF_PARTS_PCR0, measured.pcr0);
    assert_hex(EIF_PARTS_PCR1, measured.pcr1);
    assert_hex(EIF_PARTS_PCR2, measured.pcr2);
    assert_false(measured.is_signed);
    /* With one ramdisk PCR0 is PCR1, and PCR2 that of nothing. */
    image.section_count = 4;
    assert_int_equal(GRILLE_REASON_OK, eif_measure(grille_crypto_wolf(), &image, &measured));
    assert_hex(EIF_PARTS_PCR1, measured.pcr0);
    assert_hex(EIF_PARTS_PCR1, measured.pcr1);
    assert_hex("21b9efbc184807662e966d34f390821309eeac6802309798826296bf3e8bec7c10edb30948c90ba67310f7b964fc500a",
               measured.pcr2);
}

static void measurements_are_printed_as_others_do(void **state) {
    const eif image = eif_parts();
    eif_measurements measured;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, eif_measure(grille_crypto_wolf(), &image, &measured));
    eif_print_measurements(&measured, out);
    assert_int_equal(0, fclose(out));
    assert_string_equal(
        "  \"Measurements\": {\n    \"HashAlgorithm\": \"Sha384 { ... }\",\n    \"PCR0\": \"" EIF_PARTS_PCR0
        "\",\n    \"PCR1\": \"" EIF_PARTS_PCR1 "\",\n    \"PCR2\": \"" EIF_PARTS_PCR2 "\"\n  }",
        text);
    free(text);
}

static void what_was_written_is_read(void **state) {
    const eif image = eif_parts();
    eif read;
    grille_error error = {.code = GRILLE_OK};
    size_t len = 0;
    uint8_t *file = file_of(&image, &len);
    (void)state;
    if (!eif_read(grille_bytes_of(file, len), &read, &error)) fail_msg("%s", error.text);
    assert_int_equal(EIF_PARTS_CRC, read.crc);
    assert_int_equal(5, read.section_count);
    assert_int_equal(2, eif_ramdisk_count(&read));
    assert_int_equal(2, read.default_cpus);
    assert_int_equal(UINT64_C(1) << 30, read.default_memory);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(image.sections[i].type, read.sections[i].type);
        assert_true(grille_bytes_equal(image.sections[i].content, read.sections[i].content));
    }
    assert_true(grille_bytes_equal(grille_bytes_of_text("ramdisk one!!"), eif_ramdisk(&read, 1)));
    assert_null(eif_ramdisk(&read, 2).data);
    assert_null(eif_section_of(&read, EIF_SIGNATURE).data);
    free(file);
}

static bool reads(const uint8_t *file, size_t len, grille_error *error) {
    uint8_t *exact = malloc(len == 0 ? 1 : len);
    eif image = {.version = 77};
    bool good = false;
    memcpy(exact, file, len);
    *error = (grille_error){.code = GRILLE_OK};
    good = eif_read(grille_bytes_of(exact, len), &image, error);
    /* Nothing half done. */
    if (!good) assert_int_equal(77, image.version);
    free(exact);
    return good;
}

static void every_prefix_and_every_bit_is_found_out(void **state) {
    const eif image = eif_parts();
    grille_error error;
    size_t len = 0;
    uint8_t *file = file_of(&image, &len);
    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        assert_false(reads(file, cut, &error));
        assert_string_equal("EIF-MALFORMED", error.name);
        assert_non_null(strstr(error.text, "at byte "));
    }
    for (size_t bit = 0; bit < 8 * len; bit++) {
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(reads(file, len, &error));
        assert_true(strcmp(error.name, "EIF-MALFORMED") == 0 || strcmp(error.name, "EIF-CHECKSUM") == 0);
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(reads(file, len, &error));
    free(file);
}

/* ---- One thing wrong, the checksum right ---- */

static void one_section(eif *image, eif_type type, size_t content_len) {
    static uint8_t zeros[EIF_SIGNATURE_MAX + 1];
    image->sections[image->section_count++] = (eif_section){type, grille_bytes_of(zeros, content_len)};
}

static void no_kernel(eif *image) {
    image->sections[0].type = EIF_RAMDISK;
}
static void no_cmdline(eif *image) {
    image->sections[1].type = EIF_RAMDISK;
}
static void no_metadata(eif *image) {
    image->sections[2].type = EIF_RAMDISK;
}
static void no_ramdisk(eif *image) {
    image->section_count = 3;
}
static void two_kernels(eif *image) {
    one_section(image, EIF_KERNEL, 1);
}
static void two_cmdlines(eif *image) {
    one_section(image, EIF_CMDLINE, 1);
}
static void two_metadata(eif *image) {
    one_section(image, EIF_METADATA, 1);
}
static void two_signatures(eif *image) {
    one_section(image, EIF_SIGNATURE, 1);
    one_section(image, EIF_SIGNATURE, 1);
}
static void long_signature(eif *image) {
    one_section(image, EIF_SIGNATURE, EIF_SIGNATURE_MAX + 1);
}
static void type_zero(eif *image) {
    image->sections[3].type = (eif_type)0;
}
static void type_six(eif *image) {
    image->sections[3].type = (eif_type)6;
}
static void version_one(eif *image) {
    image->version = 1;
}
static void version_five(eif *image) {
    image->version = 5;
}
static void flag_two(eif *image) {
    image->flags = 2;
}

static void wrong_parts_are_refused(void **state) {
    static const struct {
        void (*spoil)(eif *image);
        const char *text;
    } cases[] = {{no_kernel, "no section of type kernel"},
                 {no_cmdline, "no section of type cmdline"},
                 {no_metadata, "no section of type metadata"},
                 {no_ramdisk, "no section of type ramdisk"},
                 {two_kernels, "2 sections of type kernel"},
                 {two_cmdlines, "2 sections of type cmdline"},
                 {two_metadata, "2 sections of type metadata"},
                 {two_signatures, "2 sections of type signature"},
                 {long_signature, "signature section over"},
                 {type_zero, "at byte 633: a section of unknown type 0"},
                 {type_six, "at byte 633: a section of unknown type 6"},
                 {version_one, "at byte 4: version 1"},
                 {version_five, "at byte 4: version 5"},
                 {flag_two, "at byte 6: unknown flags 0x0002"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        eif image = eif_parts();
        grille_error error;
        size_t len = 0;
        uint8_t *file = NULL;
        cases[i].spoil(&image);
        file = file_of(&image, &len);
        assert_false(reads(file, len, &error));
        assert_string_equal("EIF-MALFORMED", error.name);
        if (strstr(error.text, cases[i].text) == NULL) fail_msg("case %zu: %s", i, error.text);
        free(file);
    }
}

static void older_versions_need_no_metadata(void **state) {
    eif image = eif_parts();
    grille_error error;
    size_t len = 0;
    uint8_t *file = NULL;
    (void)state;
    image.version = 3;
    image.sections[2] = image.sections[3];
    image.section_count = 4;
    file = file_of(&image, &len);
    assert_true(reads(file, len, &error));
    free(file);
}

/* Bytes of the header or of a section's, with what a reader of either kind would make of them. */
static void readings_that_differ_are_refused(void **state) {
    static const struct {
        size_t at;
        uint8_t value;
        const char *text;
    } cases[] = {
        {24, 1, "at byte 24: the header has 0x01"},               /* reserved */
        {27, 4, "at byte 657: 25 bytes follow the last section"}, /* fewer sections than there are */
        {27, 6, "at byte 682: the file ends within a section's"}, /* more */
        {26, 1, "at byte 26: 261 sections; at most 32"},          /* many more */
        {35, 0x30, "at byte 548: a section begins here, and at 560 by the header's table"},
        {28 + 8 * 31 + 7, 9, "at byte 283: the header has 0x09"}, /* an offset of none */
        {284 + 7, 13, "at byte 552: a section of 12 bytes, and of 13 by the header's table"},
        {284 + 8 * 31 + 7, 1, "at byte 539: the header has 0x01"}, /* a size of none */
        {543, 1, "at byte 543: the header has 0x01"},              /* unused */
        {551, 1, "at byte 550: a section with unknown flags 0x0001"},
        {559, 11, "at byte 552: a section of 11 bytes, and of 12 by the header's table"},
    };
    const eif image = eif_parts();
    size_t len = 0;
    uint8_t *file = file_of(&image, &len);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        grille_error error;
        const uint8_t before = file[cases[i].at];
        file[cases[i].at] = cases[i].value;
        assert_false(reads(file, len, &error));
        assert_string_equal("EIF-MALFORMED", error.name);
        if (strstr(error.text, cases[i].text) == NULL) fail_msg("case %zu: %s", i, error.text);
        file[cases[i].at] = before;
    }
    free(file);
}

static void a_changed_content_has_another_checksum(void **state) {
    const eif image = eif_parts();
    grille_error error;
    size_t len = 0;
    uint8_t *file = file_of(&image, &len);
    (void)state;
    file[len - 1] ^= 1;
    assert_false(reads(file, len, &error));
    assert_string_equal("EIF-CHECKSUM", error.name);
    assert_non_null(strstr(error.text, "96296f68"));
    free(file);
}

int eif_tests(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_become_the_known_file),
        cmocka_unit_test(parts_are_measured),
        cmocka_unit_test(measurements_are_printed_as_others_do),
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(every_prefix_and_every_bit_is_found_out),
        cmocka_unit_test(wrong_parts_are_refused),
        cmocka_unit_test(older_versions_need_no_metadata),
        cmocka_unit_test(readings_that_differ_are_refused),
        cmocka_unit_test(a_changed_content_has_another_checksum),
    };
    return cmocka_run_group_tests_name("eif", tests, NULL, NULL);
}
