/* SPDX-License-Identifier: Apache-2.0
 * Documents signed by a good key that are wrong in exactly one way: CBOR, the payload's schema, time, root,
 * consistency. Their COSE is cose_test.c's. */
#include "attest/document.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "forge_document.h"

static forge_chain chain;

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

static grille_document_check usual_check(void) {
    return (grille_document_check){
        .root = forge_chain_der(&chain, 0), .now_ms = FORGE_NOW_MS, .clock_skew_ms = 60000, .max_age_ms = 300000};
}

static grille_error refusal;

static grille_reason judge_with(grille_bytes encoded, const grille_document_check *check) {
    grille_document document;
    grille_wall_ms expires_ms = -1;
    grille_reason reason;
    refusal = (grille_error){.code = GRILLE_OK};
    reason = grille_document_read(encoded, &document, &refusal);
    if (reason != GRILLE_REASON_OK) {
        grille_document zero = {.pcr_mask = 0};
        assert_memory_equal(&zero, &document, sizeof zero);
    } else {
        reason = grille_document_verify(grille_crypto_wolf(), &document, check, &expires_ms, &refusal);
        assert_int_equal(reason == GRILLE_REASON_OK ? FORGE_NOW_MS + FORGE_HOUR_MS : 0, expires_ms);
    }
    if (reason != GRILLE_REASON_OK) {
        assert_string_equal(grille_reason_name(reason), refusal.name);
        assert_true(strlen(refusal.text) > 30);
        assert_true(strlen(refusal.text) < sizeof refusal.text - 1);
    }
    return reason;
}

static grille_reason judge(const forge_document *document) {
    const grille_document_check check = usual_check();
    return judge_with(forge_document_sign(document, &chain), &check);
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

static const char *const mandatory[] = {"module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"};

static void mandatory_fields_are_there_and_of_their_type(void **state) {
    static const row values[] = {ROW("\xf6", OK),     ROW("\xf5", OK),         ROW("\x20", OK),    ROW("\x00", OK),
                                 ROW("\x40", OK),     ROW("\x60", OK),         ROW("\x80", OK),    ROW("\xa0", OK),
                                 ROW("\x81\x40", OK), ROW("\xa1\x00\x40", OK), ROW("\xbf\xff", OK)};
    forge_document d;
    (void)state;
    for (int definite = 0; definite <= 1; definite++) {
        for (size_t i = 0; i < sizeof mandatory / sizeof mandatory[0]; i++) {
            forge_document_init(&d, &chain);
            d.definite = definite;
            d.omitted = mandatory[i];
            expect(mandatory[i], GRILLE_REASON_ATTEST_DOCUMENT_FIELD, judge(&d));
            d.omitted = NULL;
            d.replaced_key = mandatory[i];
            for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
                grille_reason observed;
                d.replacement = grille_bytes_of(values[v].hex, values[v].len);
                observed = judge(&d);
                if (observed != GRILLE_REASON_ATTEST_DOCUMENT_FIELD &&
                    observed != GRILLE_REASON_ATTEST_DOCUMENT_DIGEST &&
                    observed != GRILLE_REASON_ATTEST_DOCUMENT_PCRS) {
                    fail_msg("%s as value %zu: %s", mandatory[i], v, grille_reason_name(observed));
                }
            }
        }
    }
}

static void optional_fields_have_a_limit(void **state) {
    static const char *const optional[] = {"public_key", "user_data", "nonce"};
    uint8_t bytes[3 + GRILLE_DOCUMENT_FIELD_MAX + 1] = {0x59, GRILLE_DOCUMENT_FIELD_MAX >> 8,
                                                        GRILLE_DOCUMENT_FIELD_MAX & 0xff};
    forge_document d;
    (void)state;
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++) {
        forge_document_init(&d, &chain);
        d.omitted = optional[i]; /* the specification's text: left out when unset */
        expect(optional[i], GRILLE_REASON_OK, judge(&d));
        d.omitted = NULL;
        d.replaced_key = optional[i];
        d.replacement = grille_bytes_of("\x40", 1);
        expect(optional[i], GRILLE_REASON_OK, judge(&d));
        d.replacement = grille_bytes_of("\x60", 1); /* text */
        expect(optional[i], GRILLE_REASON_ATTEST_DOCUMENT_FIELD, judge(&d));
        bytes[2] = GRILLE_DOCUMENT_FIELD_MAX & 0xff;
        d.replacement = grille_bytes_of(bytes, sizeof bytes - 1);
        expect(optional[i], GRILLE_REASON_OK, judge(&d));
        bytes[2]++;
        d.replacement = grille_bytes_of(bytes, sizeof bytes);
        expect(optional[i], GRILLE_REASON_ATTEST_DOCUMENT_FIELD, judge(&d));
    }
}

static void module_ids_have_a_form(void **state) {
    char longest[GRILLE_MODULE_ID_MAX + 1];
    forge_document d;
    (void)state;
    forge_document_init(&d, &chain);
    d.module_id = "";
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_FIELD, judge(&d));
    d.module_id = "i-0 1-enc0";
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_FIELD, judge(&d));
    d.module_id = "i-0\n1-enc0";
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_FIELD, judge(&d));
    memset(longest, 'i', sizeof longest);
    longest[GRILLE_MODULE_ID_MAX] = '\0';
    d.module_id = longest;
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_FIELD, judge(&d));
    d.module_id = &longest[1];
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT, judge(&d));
}

static void digests_are_sha384(void **state) {
    static const char *const others[] = {"SHA256", "SHA512", "sha384", "SHA-384", "SHA384 ", ""};
    forge_document d;
    (void)state;
    forge_document_init(&d, &chain);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        d.digest = others[i];
        expect(others[i], GRILLE_REASON_ATTEST_DOCUMENT_DIGEST, judge(&d));
    }
}

static void pcrs_have_indexes_and_sizes(void **state) {
    static const struct {
        const char *head; /* of a map with one entry: key and the value's head */
        size_t len;
        size_t value_len;
        grille_reason expected;
    } rows[] = {
#define PCR_ROW(head, value_len, expected) {head, sizeof head - 1, value_len, GRILLE_REASON_##expected}
        PCR_ROW("\xa1\x00\x58\x2f", 47, ATTEST_DOCUMENT_PCRS),
        PCR_ROW("\xa1\x00\x58\x31", 49, ATTEST_DOCUMENT_PCRS),
        PCR_ROW("\xa1\x00\x58\x20", 32, ATTEST_DOCUMENT_PCRS),
        PCR_ROW("\xa1\x00\x58\x40", 64, ATTEST_DOCUMENT_PCRS),
        PCR_ROW("\xa1\x00\x40", 0, ATTEST_DOCUMENT_PCRS),
        PCR_ROW("\xa1\x20\x58\x30", 48, ATTEST_DOCUMENT_PCRS),             /* PCR-1 */
        PCR_ROW("\xa1\x61\x30\x58\x30", 48, ATTEST_DOCUMENT_PCRS),         /* "0" */
        PCR_ROW("\xa1\x18\x1f\x58\x30", 48, ATTEST_DOCUMENT_INCONSISTENT), /* PCR31 alone: no PCR4 */
    };
    static const uint8_t one_more[] = {0xa1, 0x18, GRILLE_LIMIT_PCRS, 0x58, GRILLE_PCR_BYTES};
    uint8_t value[80];
    forge_document d;
    (void)state;
    forge_document_init(&d, &chain);
    d.replaced_key = "pcrs";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(value, 0xa5, sizeof value);
        memcpy(value, rows[i].head, rows[i].len);
        d.replacement = grille_bytes_of(value, rows[i].len + rows[i].value_len);
        expect("pcrs", rows[i].expected, judge(&d));
    }
    memset(value, 0xa5, sizeof value);
    memcpy(value, one_more, sizeof one_more);
    d.replacement = grille_bytes_of(value, sizeof one_more + GRILLE_PCR_BYTES);
    expect("one index more", GRILLE_REASON_ATTEST_DOCUMENT_PCRS, judge(&d));
    d.replaced_key = NULL;
    d.pcr_mask = (uint32_t)((UINT64_C(1) << GRILLE_LIMIT_PCRS) - 1); /* all, as after every one was locked */
    assert_int_equal(GRILLE_REASON_OK, judge(&d));
}

static grille_reason read_kind(const forge_document *d, grille_attest_kind kind) {
    grille_document document;
    return grille_document_read_kind(forge_document_sign(d, &chain), kind, &document, &refusal);
}

static void nitrotpm_documents_are_another_kind(void **state) {
    static uint8_t entry[2000];
    grille_writer w = grille_writer_into(entry, sizeof entry);
    forge_document d;
    (void)state;
    forge_document_init(&d, &chain);
    assert_int_equal(GRILLE_REASON_OK, read_kind(&d, GRILLE_ATTEST_ENCLAVE));
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_ENCLAVE, read_kind(&d, GRILLE_ATTEST_NITROTPM));
    grille_write_bytes(&w, grille_bytes_of("\x6dnitrotpm_pcrs\xa1\x00\x58\x30", 18));
    grille_write_zeros(&w, GRILLE_PCR_BYTES);
    d.extra = grille_written(&w);
    d.extra_entries = 1;
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_PCRS, judge(&d)); /* beside pcrs */
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_PCRS, read_kind(&d, GRILLE_ATTEST_NITROTPM));
    d.omitted = "pcrs";
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_NITROTPM, judge(&d));
    assert_int_equal(GRILLE_REASON_OK, read_kind(&d, GRILLE_ATTEST_NITROTPM));
}

static void a_nitrotpm_has_1_to_32_pcrs_which_enclaves_rules_never_see(void **state) {
    grille_document document;
    forge_document d;
    (void)state;
    forge_document_init(&d, &chain);
    d.nitrotpm = true;
    for (unsigned count = 1; count <= 32; count++) {
        d.pcr_mask = count == 32 ? UINT32_MAX : (UINT32_C(1) << count) - 1;
        assert_int_equal(GRILLE_REASON_OK, grille_document_read_kind(forge_document_sign(&d, &chain),
                                                                     GRILLE_ATTEST_NITROTPM, &document, &refusal));
        assert_int_equal(d.pcr_mask, document.nitrotpm_pcr_mask);
        assert_memory_equal(d.pcrs[count - 1], document.nitrotpm_pcrs[count - 1].data, GRILLE_PCR_BYTES);
        assert_int_equal(0, document.pcr_mask);
        assert_int_equal(0, document.pcrs[0].len);
    }
    d.pcr_mask = 0;
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_PCRS, read_kind(&d, GRILLE_ATTEST_NITROTPM));
    d.omitted = "nitrotpm_pcrs";
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_FIELD, read_kind(&d, GRILLE_ATTEST_NITROTPM));
}

static void entries_beside_the_known_ones(void **state) {
    static const row entries[] = {
        ROW("\x63new\x00", OK),
        ROW("\x63new\x83\x01\xa1\x61x\xf6\x40", OK),
        ROW("\x63new\xbf\x01\x02\xff", OK),
        ROW("\x66"
            "digest\x66SHA384",
            ATTEST_CBOR_DUPLICATE_KEY),
        ROW("\x65nonce\xf6", ATTEST_CBOR_DUPLICATE_KEY),
        ROW("\x63new\xf9\x3c\x00", ATTEST_CBOR),
        ROW("\x63new\xc0\x60", ATTEST_CBOR),
        ROW("\x63new\x18\x01", ATTEST_CBOR),
        ROW("\x63new\x61\xff", ATTEST_CBOR),
        ROW("\x63new\x9f\xff", ATTEST_CBOR),
        ROW("\x63new\x5f\xff", ATTEST_CBOR),
        ROW("\x63new\xa2\x01\x01\x01\x01", ATTEST_CBOR_DUPLICATE_KEY),
        ROW("\x63new\x9b\x00\x00\x00\x00\xff\xff\xff\xff", ATTEST_CBOR),
        ROW("\x01\x01", ATTEST_DOCUMENT_FIELD),
    };
    forge_document d;
    (void)state;
    for (int definite = 0; definite <= 1; definite++) {
        forge_document_init(&d, &chain);
        d.definite = definite;
        d.extra_entries = 1;
        for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
            d.extra = grille_bytes_of(entries[i].hex, entries[i].len);
            expect("entry", entries[i].expected, judge(&d));
        }
        d.extra = grille_bytes_of(NULL, 0); /* fewer than the map says */
        expect("missing entry", definite ? GRILLE_REASON_ATTEST_CBOR : GRILLE_REASON_OK, judge(&d));
    }
}

static void bundles_and_certificates_have_limits(void **state) {
    uint8_t certificate[GRILLE_LIMIT_CERTIFICATE_BYTES + 1] = {0x30};
    forge_document d;
    (void)state;
    forge_document_init(&d, &chain);
    d.cabundle_count = 0;
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_FIELD, judge(&d));
    for (size_t i = 4; i < 9; i++)
        d.cabundle[i] = d.cabundle[3];
    d.cabundle_count = GRILLE_LIMIT_CABUNDLE_CERTIFICATES + 1;
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_FIELD, judge(&d));
    forge_document_init(&d, &chain);
    d.cabundle[2] = grille_bytes_of(NULL, 0);
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_FIELD, judge(&d));
    d.cabundle[2] = grille_bytes_of(certificate, sizeof certificate);
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_FIELD, judge(&d));
    d.cabundle[2] = grille_bytes_of(certificate, sizeof certificate - 1);
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_FORMAT, judge(&d));
    forge_document_init(&d, &chain);
    d.certificate = grille_bytes_of(certificate, sizeof certificate);
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_FIELD, judge(&d));
    d.certificate = grille_bytes_of(NULL, 0);
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_FIELD, judge(&d));
}

static void documents_have_a_limit(void **state) {
    static uint8_t noise[GRILLE_LIMIT_DOCUMENT_BYTES + 1];
    const grille_document_check check = usual_check();
    (void)state;
    assert_int_equal(GRILLE_REASON_ATTEST_SIZE, judge_with(grille_bytes_of(noise, 0), &check));
    assert_int_equal(GRILLE_REASON_ATTEST_SIZE, judge_with(grille_bytes_of(noise, sizeof noise), &check));
    assert_int_equal(GRILLE_REASON_ATTEST_COSE_STRUCTURE, judge_with(grille_bytes_of(noise, sizeof noise - 1), &check));
}

static void times_hold_to_the_millisecond(void **state) {
    /* The leaf is valid from an hour before to an hour after FORGE_NOW_MS. */
    static const struct {
        int64_t document_ms, now_ms, max_age_ms;
        grille_reason expected;
    } rows[] = {
        {0, 0, 300000, GRILLE_REASON_OK},
        {-300000, 0, 300000, GRILLE_REASON_OK},
        {-300001, 0, 300000, GRILLE_REASON_ATTEST_DOCUMENT_STALE},
        {60000, 0, 300000, GRILLE_REASON_OK},
        {60001, 0, 300000, GRILLE_REASON_ATTEST_DOCUMENT_FUTURE},
        {60000, 0, -1, GRILLE_REASON_OK}, /* of any age, but not from the future */
        {60001, 0, -1, GRILLE_REASON_ATTEST_DOCUMENT_FUTURE},
        {-3600000, 0, -1, GRILLE_REASON_OK},
        {-3660000, 0, -1, GRILLE_REASON_OK},
        {-3660001, 0, -1, GRILLE_REASON_ATTEST_DOCUMENT_TIME},
        {3600000, 3540000, -1, GRILLE_REASON_OK},
        {3600001, 3600000, -1, GRILLE_REASON_ATTEST_DOCUMENT_TIME},
        {0, 3600000, -1, GRILLE_REASON_OK},
        {0, 3600001, -1, GRILLE_REASON_ATTEST_CERT_EXPIRED},
        {-3600000, -3600000, -1, GRILLE_REASON_OK},
        {-3600000, -3660000, -1, GRILLE_REASON_OK},
        {-3600000, -3660001, -1, GRILLE_REASON_ATTEST_CERT_NOT_YET_VALID},
    };
    forge_document d;
    (void)state;
    forge_document_init(&d, &chain);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_document_check check = usual_check();
        char what[32];
        d.timestamp_ms = (uint64_t)(FORGE_NOW_MS + rows[i].document_ms);
        check.now_ms += rows[i].now_ms;
        check.max_age_ms = rows[i].max_age_ms;
        (void)snprintf(what, sizeof what, "time %zu", i);
        expect(what, rows[i].expected, judge_with(forge_document_sign(&d, &chain), &check));
    }
    d.timestamp_ms = 0;
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_FIELD, judge(&d));
    d.timestamp_ms = UINT64_MAX;
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_FIELD, judge(&d));
}

static void module_certificates_and_pcr4_agree(void **state) {
    grille_document_check check = usual_check();
    forge_document d;
    (void)state;
    forge_document_init(&d, &chain);
    d.module_id = FORGE_INSTANCE "-enc0123456789abcde"; /* one character short */
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT, judge(&d));
    d.module_id = FORGE_INSTANCE "-enc0123456789abcdee";
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT, judge(&d));
    d.module_id = "i-0123456789abcdef1-enc0123456789abcdef";
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT, judge(&d));
    d.module_id = FORGE_INSTANCE;
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT, judge(&d));
    d.module_id = "-enc";
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT, judge(&d));
    d.module_id = FORGE_MODULE;
    d.pcrs[4][0] ^= 1;
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT, judge(&d));
    check.any_pcr4 = true;
    assert_int_equal(GRILLE_REASON_OK, judge_with(forge_document_sign(&d, &chain), &check));
    d.pcrs[4][0] ^= 1;
    d.pcr_mask &= ~(1u << 4);
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT, judge(&d));
}

static void an_instance_ca_of_another_instance_is_refused(void **state) {
    static forge_template templates[FORGE_CHAIN];
    forge_chain other;
    grille_document_check check = usual_check();
    forge_document d;
    (void)state;
    forge_chain_templates(templates);
    templates[3].subject = "i-0fedcba9876543210.eu-west-1.test";
    forge_chain_make(templates, &other);
    forge_document_init(&d, &other);
    check.root = forge_chain_der(&other, 0);
    assert_int_equal(GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT, judge_with(forge_document_sign(&d, &other), &check));
    assert_non_null(strstr(refusal.text, "another instance"));
    forge_chain_free(&other);
}

static void the_root_is_pinned_byte_for_byte(void **state) {
    grille_document_check check = usual_check();
    forge_template template_ = forge_ca("root", GRILLE_P384);
    forge_identity twin;
    forge_document d;
    (void)state;
    forge_document_init(&d, &chain);
    check.root = grille_bytes_of(NULL, 0);
    assert_int_equal(GRILLE_REASON_ATTEST_ROOT_MISMATCH, judge_with(forge_document_sign(&d, &chain), &check));
    assert_non_null(strstr(refusal.text, "AWS Nitro Enclaves G1"));
    /* the same name over the same key, signed again: other bytes, so another root */
    forge_certificate_over(&template_, NULL, chain.certificates[0].key, &twin);
    check.root = forge_der(&twin);
    assert_int_equal(GRILLE_REASON_ATTEST_ROOT_MISMATCH, judge_with(forge_document_sign(&d, &chain), &check));
    d.cabundle[0] = forge_der(&twin);
    assert_int_equal(GRILLE_REASON_OK, judge_with(forge_document_sign(&d, &chain), &check));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mandatory_fields_are_there_and_of_their_type),
        cmocka_unit_test(optional_fields_have_a_limit),
        cmocka_unit_test(module_ids_have_a_form),
        cmocka_unit_test(digests_are_sha384),
        cmocka_unit_test(pcrs_have_indexes_and_sizes),
        cmocka_unit_test(nitrotpm_documents_are_another_kind),
        cmocka_unit_test(a_nitrotpm_has_1_to_32_pcrs_which_enclaves_rules_never_see),
        cmocka_unit_test(entries_beside_the_known_ones),
        cmocka_unit_test(bundles_and_certificates_have_limits),
        cmocka_unit_test(documents_have_a_limit),
        cmocka_unit_test(times_hold_to_the_millisecond),
        cmocka_unit_test(module_certificates_and_pcr4_agree),
        cmocka_unit_test(an_instance_ca_of_another_instance_is_refused),
        cmocka_unit_test(the_root_is_pinned_byte_for_byte),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
