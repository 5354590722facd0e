/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/cose.h"

#include <string.h>

#include "attest/x509.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "forge_document.h"

static forge_chain chain;
static grille_error refusal;

static int setup(void **state) {
    static forge_template templates[FORGE_CHAIN];
    (void)state;
    forge_chain_templates(templates);
    forge_chain_make(templates, &chain);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    forge_chain_free(&chain);
    return 0;
}

/* Reads, and verifies under the leaf's key. */
static grille_reason judge_bytes(grille_bytes encoded) {
    grille_cose cose, zero = {.payload = {NULL, 0}};
    grille_x509 leaf;
    grille_reason reason = grille_cose_read(encoded, &cose, &refusal);
    assert_int_equal(GRILLE_REASON_OK, grille_x509_read(forge_chain_der(&chain, FORGE_CHAIN - 1), &leaf));
    if (reason != GRILLE_REASON_OK) {
        assert_memory_equal(&zero, &cose, sizeof zero);
    } else {
        reason = grille_cose_verify(grille_crypto_wolf(), &cose, leaf.point, &refusal);
    }
    if (reason != GRILLE_REASON_OK) assert_string_equal(grille_reason_name(reason), refusal.name);
    return reason;
}

static grille_reason judge(const forge_document *document) {
    return judge_bytes(forge_document_sign(document, &chain));
}

static void expect(const char *what, grille_reason expected, grille_reason observed) {
    if (expected == observed) return;
    fail_msg("%s: expected %s, observed %s: %s", what, grille_reason_name(expected), grille_reason_name(observed),
             refusal.text);
}

typedef struct row {
    const char *hex;
    size_t len; /* of bytes behind `hex`, a C literal with zero bytes inside */
    grille_reason expected;
} row;
#define ROW(bytes, expected)                                                                                           \
    { bytes, sizeof bytes - 1, GRILLE_REASON_##expected }

static void heads_protected_and_unprotected_headers(void **state) {
    static const row heads[] = {
        ROW("\x84", OK),
        ROW("\xd2\x84", OK),
        ROW("\xd1\x84", ATTEST_COSE_STRUCTURE),
        ROW("\xd8\x12\x84", ATTEST_COSE_STRUCTURE), /* tag 18 in two bytes */
        ROW("\xd2\xd2\x84", ATTEST_COSE_STRUCTURE),
        ROW("\x83", ATTEST_COSE_STRUCTURE),
        ROW("\x85", ATTEST_COSE_STRUCTURE),
        ROW("\x98\x04", ATTEST_COSE_STRUCTURE),
        ROW("\x9f", ATTEST_COSE_STRUCTURE),
        ROW("\xa4", ATTEST_COSE_STRUCTURE),
    };
    static const row protected_headers[] = {
        ROW("\x44\xa1\x01\x38\x22", OK),
        ROW("\x58\x04\xa1\x01\x38\x22", ATTEST_COSE_STRUCTURE),             /* length not minimal */
        ROW("\x43\xa1\x01\x26", ATTEST_COSE_ALGORITHM),                     /* ES256 */
        ROW("\x44\xa1\x01\x38\x23", ATTEST_COSE_ALGORITHM),                 /* ES512 */
        ROW("\x40", ATTEST_COSE_ALGORITHM),                                 /* none */
        ROW("\x41\xa0", ATTEST_COSE_ALGORITHM),                             /* an empty map */
        ROW("\x47\xa2\x01\x38\x22\x02\x80", ATTEST_COSE_ALGORITHM),         /* crit */
        ROW("\x47\xa2\x01\x38\x22\x01\x26", ATTEST_COSE_ALGORITHM),         /* twice */
        ROW("\x48\xa1\x01\x65\x45\x53\x33\x38\x34", ATTEST_COSE_ALGORITHM), /* as text */
        ROW("\x45\xa1\x01\x39\x00\x22", ATTEST_COSE_ALGORITHM),             /* not minimal */
        ROW("\x45\xa1\x01\x38\x22\x00", ATTEST_COSE_ALGORITHM),             /* a byte after it */
        ROW("\xa1\x01\x38\x22", ATTEST_COSE_STRUCTURE),                     /* no byte string */
        ROW("\xf6", ATTEST_COSE_STRUCTURE),
    };
    static const row unprotected[] = {
        ROW("\xa0", OK),
        ROW("\xa1\x01\x38\x22", ATTEST_COSE_UNPROTECTED),
        ROW("\xa1\x04\x41\x30", ATTEST_COSE_UNPROTECTED),
        ROW("\xbf\xff", ATTEST_COSE_UNPROTECTED),
        ROW("\xb8\x00", ATTEST_COSE_STRUCTURE),
        ROW("\xf6", ATTEST_COSE_STRUCTURE),
        ROW("\x40", ATTEST_COSE_STRUCTURE),
        ROW("\x80", ATTEST_COSE_STRUCTURE),
    };
    forge_document d;
    (void)state;
    forge_document_init(&d, &chain);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        d.head = grille_bytes_of(heads[i].hex, heads[i].len);
        expect("head", heads[i].expected, judge(&d));
    }
    d.head = grille_bytes_of(NULL, 0);
    for (size_t i = 0; i < sizeof protected_headers / sizeof protected_headers[0]; i++) {
        d.protected_header = grille_bytes_of(protected_headers[i].hex, protected_headers[i].len);
        expect("protected header", protected_headers[i].expected, judge(&d));
    }
    d.protected_header = grille_bytes_of(NULL, 0);
    for (size_t i = 0; i < sizeof unprotected / sizeof unprotected[0]; i++) {
        d.unprotected = grille_bytes_of(unprotected[i].hex, unprotected[i].len);
        expect("unprotected header", unprotected[i].expected, judge(&d));
    }
}

static void signatures(void **state) {
    forge_document d;
    (void)state;
    forge_document_init(&d, &chain);
    d.signature_len = 95;
    assert_int_equal(GRILLE_REASON_ATTEST_COSE_STRUCTURE, judge(&d));
    d.signature_len = 97;
    assert_int_equal(GRILLE_REASON_ATTEST_COSE_STRUCTURE, judge(&d));
    d.signature_len = 0;
    d.zero_r = true;
    assert_int_equal(GRILLE_REASON_ATTEST_COSE_SIGNATURE, judge(&d));
    d.zero_r = false;
    d.context = "CounterSignature";
    assert_int_equal(GRILLE_REASON_ATTEST_COSE_SIGNATURE, judge(&d));
    d.context = NULL;
    d.detached = true;
    assert_int_equal(GRILLE_REASON_ATTEST_COSE_STRUCTURE, judge(&d));
}

static void bytes_after_the_document_are_refused(void **state) {
    uint8_t longer[8192];
    grille_bytes encoded;
    forge_document d;
    (void)state;
    forge_document_init(&d, &chain);
    encoded = forge_document_sign(&d, &chain);
    memcpy(longer, encoded.data, encoded.len);
    longer[encoded.len] = 0xf6;
    assert_int_equal(GRILLE_REASON_OK, judge_bytes(grille_bytes_of(longer, encoded.len)));
    assert_int_equal(GRILLE_REASON_ATTEST_COSE_STRUCTURE, judge_bytes(grille_bytes_of(longer, encoded.len + 1)));
}

static void another_key_or_a_changed_byte_is_refused(void **state) {
    grille_bytes encoded;
    grille_cose cose;
    grille_x509 other;
    forge_document d;
    uint8_t changed[8192];
    (void)state;
    forge_document_init(&d, &chain);
    encoded = forge_document_sign(&d, &chain);
    assert_int_equal(GRILLE_REASON_OK, grille_x509_read(forge_chain_der(&chain, 0), &other));
    assert_int_equal(GRILLE_REASON_OK, grille_cose_read(encoded, &cose, &refusal));
    assert_int_equal(GRILLE_REASON_ATTEST_COSE_SIGNATURE,
                     grille_cose_verify(grille_crypto_wolf(), &cose, other.point, &refusal));
    memcpy(changed, encoded.data, encoded.len);
    changed[encoded.len / 2] ^= 1;
    assert_int_equal(GRILLE_REASON_ATTEST_COSE_SIGNATURE, judge_bytes(grille_bytes_of(changed, encoded.len)));
}

/* Payloads of each length of head: 1 byte, 255, 256 and the most; one more is refused. */
static void payloads_have_a_limit(void **state) {
    static const size_t lengths[] = {0, 1, 23, 24, 255, 256, 16384, 16385};
    static uint8_t bytes[17000];
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t len = lengths[i];
        grille_writer w = grille_writer_into(bytes, sizeof bytes);
        grille_cose cose;
        bool fits = len > 0 && len <= 16384;
        grille_write_bytes(&w, grille_bytes_of("\x84\x44\xa1\x01\x38\x22\xa0", 7));
        if (len < 24) {
            grille_write_u8(&w, (uint8_t)(0x40 + len));
        } else if (len <= 0xff) {
            grille_write_u8(&w, 0x58);
            grille_write_u8(&w, (uint8_t)len);
        } else {
            grille_write_u8(&w, 0x59);
            grille_write_u16(&w, (uint16_t)len);
        }
        grille_write_zeros(&w, len);
        grille_write_bytes(&w, grille_bytes_of("\x58\x60", 2));
        grille_write_zeros(&w, GRILLE_COSE_SIGNATURE_BYTES);
        assert_int_equal(GRILLE_REASON_OK, grille_writer_end(&w));
        assert_int_equal(fits ? GRILLE_REASON_OK : GRILLE_REASON_ATTEST_COSE_STRUCTURE,
                         grille_cose_read(grille_written(&w), &cose, &refusal));
        assert_int_equal(fits ? len : 0, cose.payload.len);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_protected_and_unprotected_headers),
        cmocka_unit_test(signatures),
        cmocka_unit_test(bytes_after_the_document_are_refused),
        cmocka_unit_test(another_key_or_a_changed_byte_is_refused),
        cmocka_unit_test(payloads_have_a_limit),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
