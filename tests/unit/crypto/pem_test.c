/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/pem.h"

#include <stdio.h>

#include "tests/unit/crypto/crypto_test.h"

/* The key of RFC 6979 A.2.5 as `openssl ec` and `openssl pkcs8` write it. */
static const char sec1_pem[] = "-----BEGIN EC PRIVATE KEY-----\n"
                               "MHcCAQEEIMmvqdhFunUWa1whV2ex1pNOUMPbNuibEnuKYisSD2choAoGCCqGSM49\n"
                               "AwEHoUQDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Z5A/4QCLi8\n"
                               "maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==\n"
                               "-----END EC PRIVATE KEY-----\n";
static const char pkcs8_pem[] = "-----BEGIN PRIVATE KEY-----\n"
                                "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgya+p2EW6dRZrXCFX\n"
                                "Z7HWk05Qw9s26JsSe4piKxIPZyGhRANCAARg/tS6JVqdMclh63TGNW1owEm4kjth\n"
                                "+mzmaWIuYPKftnkD/hAIuLyZpBrp6VYovGTy8bIMLX6fUXejwpTURiKZ\n"
                                "-----END PRIVATE KEY-----\n";

static grille_reader text_of(const char *text) {
    return grille_reader_of(grille_bytes_of_text(text));
}

static void files_of_openssl_are_read_and_written_again(void **state) {
    static const struct {
        const char *text;
        grille_pem_label label;
    } rows[] = {{sec1_pem, GRILLE_PEM_EC_PRIVATE_KEY}, {pkcs8_pem, GRILLE_PEM_PRIVATE_KEY}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        grille_reader reader = text_of(rows[i].text);
        grille_pem_label label;
        grille_private_key *key = NULL;
        uint8_t der[200];
        char text[400];
        size_t der_len = 0, len = 0;
        assert_true(grille_pem_more(&reader));
        assert_reason(OK, grille_pem_read(&reader, &label, der, sizeof der, &der_len));
        assert_int_equal(rows[i].label, label);
        assert_false(grille_pem_more(&reader));
        assert_reason(OK, grille_crypto_wolf()->key_import(grille_bytes_of(der, der_len), &key));
        grille_crypto_wolf()->key_free(key);
        assert_int_equal(strlen(rows[i].text), grille_pem_len(label, der_len));
        assert_reason(OK, grille_pem_write(label, grille_bytes_of(der, der_len), text, sizeof text, &len));
        assert_int_equal(strlen(rows[i].text), len);
        assert_memory_equal(rows[i].text, text, len);
        for (size_t capacity = 0; capacity < len; capacity++)
            assert_reason(NO_SPACE,
                          grille_pem_write(label, grille_bytes_of(der, der_len), text, capacity, &(size_t){0}));
    }
}

/* Every length up to some lines, so that padding and line breaks fall everywhere. */
static void every_length_round_trips(void **state) {
    uint8_t der[300], back[300];
    char text[700];
    (void)state;
    for (size_t i = 0; i < sizeof der; i++)
        der[i] = (uint8_t)(i * 37 + 11);
    for (size_t len = 1; len <= sizeof der; len++) {
        grille_pem_label wanted = (grille_pem_label)(len % 4), label;
        grille_reader reader;
        size_t text_len = 0, back_len = 0;
        assert_reason(OK, grille_pem_write(wanted, grille_bytes_of(der, len), text, sizeof text, &text_len));
        assert_int_equal(grille_pem_len(wanted, len), text_len);
        reader = grille_reader_of(grille_bytes_of(text, text_len));
        assert_reason(OK, grille_pem_read(&reader, &label, back, len, &back_len));
        assert_int_equal(len, back_len);
        assert_int_equal(wanted, label);
        assert_memory_equal(der, back, len);
        reader = grille_reader_of(grille_bytes_of(text, text_len));
        assert_reason(NO_SPACE, grille_pem_read(&reader, &label, back, len - 1, &back_len));
        assert_true(grille_bytes_all_zero(grille_bytes_of(back, len - 1)));
    }
    assert_reason(BAD_ARGUMENT,
                  grille_pem_write(GRILLE_PEM_CERTIFICATE, grille_bytes_of(der, 0), text, sizeof text, &(size_t){0}));
    assert_reason(BAD_ARGUMENT,
                  grille_pem_write((grille_pem_label)4, grille_bytes_of(der, 1), text, sizeof text, &(size_t){0}));
}

/* All 64 characters in order, RFC 4648 4. */
static void the_alphabet_is_right(void **state) {
    static const char text[] = "-----BEGIN CERTIFICATE-----\n"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\n"
                               "-----END CERTIFICATE-----\n";
    grille_reader reader = text_of(text);
    grille_pem_label label;
    uint8_t der[48];
    char again[200];
    size_t len = 0;
    (void)state;
    assert_reason(OK, grille_pem_read(&reader, &label, der, sizeof der, &len));
    assert_bytes("00108310518720928b30d38f41149351559761969b71d79f8218a39259a7a29aabb2dbafc31cb3d35db7e39ebbf3dfbf",
                 der, len);
    assert_reason(OK, grille_pem_write(label, grille_bytes_of(der, len), again, sizeof again, &len));
    assert_memory_equal(text, again, len);
}

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END   "-----END CERTIFICATE-----\n"
#define LINE  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"

static void what_a_strict_writer_does_not_make_is_refused(void **state) {
    static const struct {
        const char *what, *text;
        bool good;
    } rows[] = {
        {"one byte", BEGIN "AA==\n" END, true},
        {"two bytes", BEGIN "AAA=\n" END, true},
        {"no newline at the end", BEGIN "AAAA\n-----END CERTIFICATE-----", true},
        {"CR LF", "-----BEGIN CERTIFICATE-----\r\nAAAA\r\n-----END CERTIFICATE-----\r\n", true},
        {"full lines", BEGIN LINE LINE END, true},
        {"a short line last", BEGIN LINE "AAAA\n" END, true},
        {"a short line first", BEGIN "AAAA\n" LINE END, false},
        {"two short lines", BEGIN "AAAA\nAAAA\n" END, false},
        {"a line after padding", BEGIN "AA==\nAAAA\n" END, false},
        {"a padded full line, then another",
         BEGIN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nAAAA\n" END, false},
        {"a line of 68", BEGIN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" END, false},
        {"a line of 76", BEGIN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" END,
         false},
        {"a line of 80", BEGIN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" END,
         false},
        {"a line of 3", BEGIN "AAA\n" END, false},
        {"no padding", BEGIN "AA\n" END, false},
        {"three paddings", BEGIN "A===\n" END, false},
        {"only padding", BEGIN "====\n" END, false},
        {"padding inside", BEGIN "AA==AAAA\n" END, false},
        {"bits after one byte", BEGIN "AB==\n" END, false},
        {"bits after two bytes", BEGIN "AAB=\n" END, false},
        {"blank inside a line", BEGIN "AA A\n" END, false},
        {"blank at the end of a line", BEGIN "AAAA \n" END, false},
        {"blank line inside", BEGIN "\nAAAA\n" END, false},
        {"no content", BEGIN END, false},
        {"character of base64url", BEGIN "AA-_\n" END, false},
        {"byte over 127", BEGIN "AA\x80\xff\n" END, false},
        {"no beginning", "AAAA\n" END, false},
        {"no end", BEGIN "AAAA\n", false},
        {"nothing", "", false},
        {"beginning alone", BEGIN, false},
        {"text before", "Subject: CN=x\n" BEGIN "AAAA\n" END, false},
        {"headers inside", BEGIN "Proc-Type: 4,ENCRYPTED\n\nAAAA\n" END, false},
        {"blank before the beginning", " " BEGIN "AAAA\n" END, false},
        {"end of another label", BEGIN "AAAA\n-----END PRIVATE KEY-----\n", false},
        {"end with something after it", BEGIN "AAAA\n-----END CERTIFICATE-----x\n", false},
        {"four dashes", "----BEGIN CERTIFICATE-----\nAAAA\n" END, false},
        {"lower case label", "-----BEGIN certificate-----\nAAAA\n-----END certificate-----\n", false},
        {"unknown label", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", false},
        {"encrypted key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", false},
        {"curve parameters", "-----BEGIN EC PARAMETERS-----\nAAAA\n-----END EC PARAMETERS-----\n", false},
        {"CR alone", "-----BEGIN CERTIFICATE-----\rAAAA\r-----END CERTIFICATE-----\r", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        grille_reader reader = text_of(rows[i].text);
        grille_pem_label label;
        uint8_t der[200];
        size_t len = 0;
        grille_reason reason = grille_pem_read(&reader, &label, der, sizeof der, &len);
        if (reason != (rows[i].good ? GRILLE_REASON_OK : GRILLE_REASON_CRYPTO_BAD_PEM))
            fail_msg("%s: %s", rows[i].what, grille_reason_name(reason));
        if (rows[i].good) continue;
        assert_true(grille_bytes_all_zero(grille_bytes_of(der, sizeof der)));
        assert_reason(CRYPTO_BAD_PEM, reader.failed);
    }
}

static void a_chain_of_blocks_is_read_one_by_one(void **state) {
    grille_reader reader = text_of("\n" BEGIN "AAAA\n" END "\n\r\n-----BEGIN PRIVATE KEY-----\nAQ==\n"
                                   "-----END PRIVATE KEY-----\n" BEGIN "AgI=\n" END "\n\n");
    static const grille_pem_label labels[] = {GRILLE_PEM_CERTIFICATE, GRILLE_PEM_PRIVATE_KEY, GRILLE_PEM_CERTIFICATE};
    static const size_t lens[] = {3, 1, 2};
    size_t count = 0;
    (void)state;
    while (grille_pem_more(&reader)) {
        grille_pem_label label;
        uint8_t der[3];
        size_t len = 0;
        assert_true(count < 3);
        assert_reason(OK, grille_pem_read(&reader, &label, der, sizeof der, &len));
        assert_int_equal(labels[count], label);
        assert_int_equal(lens[count], len);
        assert_int_equal(count, der[len - 1]);
        count++;
    }
    assert_int_equal(3, count);
    assert_reason(OK, grille_reader_end(&reader));
}

static void every_prefix_and_changed_character_is_refused_or_other_bytes(void **state) {
    size_t len = strlen(sec1_pem), same = 0;
    uint8_t right[200], der[200];
    size_t right_len = 0, der_len = 0;
    grille_pem_label label;
    grille_reader reader = text_of(sec1_pem);
    (void)state;
    assert_reason(OK, grille_pem_read(&reader, &label, right, sizeof right, &right_len));
    for (size_t cut = 0; cut + 1 < len; cut++) {
        char *exact = malloc(cut + 1);
        assert_non_null(exact);
        memcpy(exact, sec1_pem, cut);
        reader = grille_reader_of(grille_bytes_of(exact, cut));
        assert_reason(CRYPTO_BAD_PEM, grille_pem_read(&reader, &label, der, sizeof der, &der_len));
        free(exact);
    }
    for (size_t at = 0; at < len; at++)
        for (unsigned value = 0; value < 256; value++) {
            char text[sizeof sec1_pem];
            if (value == (uint8_t)sec1_pem[at]) continue;
            memcpy(text, sec1_pem, sizeof text);
            text[at] = (char)value;
            reader = grille_reader_of(grille_bytes_of(text, len));
            if (grille_pem_read(&reader, &label, der, sizeof der, &der_len) == GRILLE_REASON_OK && reader.left == 0 &&
                der_len == right_len && memcmp(der, right, der_len) == 0)
                same++;
        }
    /* the final newline may be any character but one that makes the line another */
    assert_true(same <= 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_openssl_are_read_and_written_again),
        cmocka_unit_test(every_length_round_trips),
        cmocka_unit_test(the_alphabet_is_right),
        cmocka_unit_test(what_a_strict_writer_does_not_make_is_refused),
        cmocka_unit_test(a_chain_of_blocks_is_read_one_by_one),
        cmocka_unit_test(every_prefix_and_changed_character_is_refused_or_other_bytes),
    };
    return cmocka_run_group_tests_name("pem", tests, NULL, NULL);
}
