/* SPDX-License-Identifier: Apache-2.0
 * Class C: the document's fields. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "matrix.h"

#define FIELD  GRILLE_REASON_ATTEST_DOCUMENT_FIELD
#define PCRS   GRILLE_REASON_ATTEST_DOCUMENT_PCRS
#define DIGEST GRILLE_REASON_ATTEST_DOCUMENT_DIGEST

/* One value of each type, empty and not. */
static const grille_bytes types[] = {
#define V(literal)                                                                                                     \
    { (const uint8_t *)("" literal), sizeof literal - 1 }
    V("\xf6"),     V("\xf4"), V("\x00"),         V("\x18\xff"),     V("\x20"),     V("\x40"),
    V("\x41x"),    V("\x60"), V("\x61x"),        V("\x80"),         V("\x81\x00"), V("\x81\x40"),
    V("\x81\x60"), V("\xa0"), V("\xa1\x00\x00"), V("\xa1\x00\x40"), V("\xbf\xff"),
#undef V
};

static grille_reason of_type(const char *key, grille_bytes value) {
    bool is_text = value.data[0] >> 5 == 3, is_number = value.data[0] >> 5 == 0;
    if (strcmp(key, "pcrs") == 0) return PCRS;
    if (strcmp(key, "digest") == 0) return is_text ? DIGEST : FIELD;
    if (strcmp(key, "module_id") == 0 && is_text && value.len > 1) return GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT;
    if (strcmp(key, "timestamp") == 0 && is_number && value.len > 1) return GRILLE_REASON_ATTEST_DOCUMENT_TIME;
    /* one byte is no certificate, but its length is right */
    if (strcmp(key, "certificate") == 0 && value.data[0] == 0x41) return GRILLE_REASON_ATTEST_CERT_FORMAT;
    return FIELD;
}

static void replace(forge_document *d, const char *key, grille_bytes value) {
    d->replaced_key = key;
    d->replacement = value;
}

void matrix_c_fields(void **state) {
    static const char *const mandatory[] = {"module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"};
    static const struct {
        const char *text;
        grille_reason expected;
    } modules[] = {
        {"", FIELD},
        {"i-0123456789abcdef0-enc0123456789abcde\n", FIELD},
        {"i-0123456789abcdef0 -enc0123456789abcdef", FIELD},
        {"i-0123456789abcdef0-enc0123456789abcdef\xc3\xa9", FIELD},
        {"i-0123456789abcdef0-enc0123456789abcdee", GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT},
        {"i-0123456789abcdef0-enc0123456789abcdef.", GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT},
        {"i-0123456789abcdef0-enc0123456789abcde", GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT},
        {"i-0123456789abcdef1-enc0123456789abcdef", GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT},
        {"i-0123456789abcdef0", GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT},
        {"-enc0123456789abcdef", GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT},
        {FORGE_NITROTPM, GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT},
    };
    static const char *const digests[] = {"SHA256", "SHA512", "sha384", "SHA384 ", "SHA-384", "SHA38", ""};
    const matrix_judgement usual = matrix_judgement_of(matrix_chain());
    forge_document d;
    char longest[129];
    (void)state;
    for (size_t i = 0; i < sizeof mandatory / sizeof mandatory[0]; i++) {
        char name[64];
        d = matrix_document(usual.chain);
        d.omitted = mandatory[i];
        (void)snprintf(name, sizeof name, "no %s", mandatory[i]);
        matrix_expect(name, FIELD, &d, &usual);
        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
            d = matrix_document(usual.chain);
            replace(&d, mandatory[i], types[t]);
            (void)snprintf(name, sizeof name, "%s of type %zu", mandatory[i], t);
            matrix_expect(name, of_type(mandatory[i], types[t]), &d, &usual);
        }
    }
    for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++) {
        d = matrix_document(usual.chain);
        d.module_id = modules[i].text;
        matrix_expect(modules[i].text, modules[i].expected, &d, &usual);
    }
    memset(longest, 'x', 128);
    longest[128] = '\0';
    d = matrix_document(usual.chain);
    d.module_id = longest;
    matrix_expect("a module id of 128", FIELD, &d, &usual);
    longest[127] = '\0';
    matrix_expect("a module id of 127", GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT, &d, &usual);
    for (size_t i = 0; i < sizeof digests / sizeof digests[0]; i++) {
        d = matrix_document(usual.chain);
        d.digest = digests[i];
        matrix_expect(digests[i], DIGEST, &d, &usual);
    }
}

void matrix_c_optional_fields(void **state) {
    static const char *const optional[] = {"public_key", "user_data", "nonce"};
    static uint8_t full[1025];
    matrix_judgement stored = matrix_judgement_of(matrix_chain());
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        forge_document d = matrix_document(stored.chain);
        grille_bytes *const field[] = {&d.public_key, &d.user_data, &d.nonce};
        /* what the nonce is compared with is its row's matter in class E */
        grille_reason wrong = i == 2 ? GRILLE_REASON_ATTEST_NONCE_MISMATCH : GRILLE_REASON_OK;
        d.omitted = optional[i];
        matrix_expect(optional[i], wrong, &d, &stored);
        d.omitted = NULL;
        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
            bool fits = types[t].data[0] == 0xf6 || types[t].data[0] >> 5 == 2;
            replace(&d, optional[i], types[t]);
            matrix_expect(optional[i], fits ? wrong : FIELD, &d, &stored);
        }
        d.replaced_key = NULL;
        *field[i] = grille_bytes_of(full, 1024);
        matrix_expect(optional[i], wrong, &d, &stored);
        *field[i] = grille_bytes_of(full, 1025);
        matrix_expect(optional[i], FIELD, &d, &stored);
    }
}

/* {index: `len` bytes} for each index below `count`, as the value of pcrs. */
static grille_bytes pcr_map(unsigned first, unsigned count, size_t len) {
    static uint8_t bytes[4000];
    grille_writer w = grille_writer_into(bytes, sizeof bytes);
    if (count < 24) {
        grille_write_u8(&w, (uint8_t)(0xa0 + count));
    } else {
        grille_write_u8(&w, 0xb8);
        grille_write_u8(&w, (uint8_t)count);
    }
    for (unsigned i = first; i < first + count; i++) {
        if (i >= 24) grille_write_u8(&w, 0x18);
        grille_write_u8(&w, (uint8_t)i);
        if (len >= 24) grille_write_u8(&w, 0x58);
        grille_write_u8(&w, (uint8_t)(len >= 24 ? len : 0x40 + len));
        for (size_t j = 0; j < len; j++)
            grille_write_u8(&w, 0xa5);
    }
    return grille_written(&w);
}

#define PCR "\x58\x30................................................"

void matrix_c_pcrs(void **state) {
    static const grille_bytes malformed[] = {
#define V(literal) {(const uint8_t *)("" literal), sizeof literal - 1}
        V("\xa1\x18\x20" PCR), /* 32 */
        V("\xa1\x18\xff" PCR),
        V("\xa1\x1b\x00\x00\x00\x01\x00\x00\x00\x00" PCR), /* 2^32: 0 when cut */
        V("\xa1\x20" PCR),                                 /* -1 */
        V("\xa1\x61"
          "0" PCR),
        V("\xa1\x41\x00" PCR),
        V("\xa1\x00\x60"),
        V("\xa1\x00\xf6"),
        V("\xa1\x00\x81\x00"),
        V("\xa1\x00\x78\x30................................................"),
#undef V
    };
    static const size_t lengths[] = {0, 1, 31, 32, 47, 49, 64, 255};
    const matrix_judgement usual = matrix_judgement_of(matrix_chain());
    forge_document d = matrix_document(usual.chain);
    (void)state;
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        replace(&d, "pcrs", malformed[i]);
        matrix_expect("malformed PCRs", PCRS, &d, &usual);
    }
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        replace(&d, "pcrs", pcr_map(0, 1, lengths[i]));
        matrix_expect("a PCR of another length", PCRS, &d, &usual);
    }
    replace(&d, "pcrs", pcr_map(0, 33, 48));
    matrix_expect("33 PCRs", PCRS, &d, &usual);
    replace(&d, "pcrs", pcr_map(1, 32, 48));
    matrix_expect("PCRs 1 to 32", PCRS, &d, &usual);
    d = matrix_document(usual.chain);
    d.pcr_mask = UINT32_MAX;
    matrix_expect("32 PCRs", GRILLE_REASON_OK, &d, &usual);
    d.pcr_mask = 0x11;
    matrix_expect("PCR0 and PCR4", GRILLE_REASON_OK, &d, &usual);
    d.pcr_mask = 0x10;
    matrix_expect("no PCR0", GRILLE_REASON_ATTEST_PCR_MISSING, &d, &usual);
    d.pcr_mask = 0;
    matrix_expect("no PCRs", PCRS, &d, &usual);
    d.pcr_mask = 0xffff;
    memset(d.pcrs[0], 0, sizeof d.pcrs[0]);
    matrix_expect("debug", GRILLE_REASON_ATTEST_DEBUG, &d, &usual);
    d = matrix_document(usual.chain);
    d.nitrotpm = true;
    matrix_expect("of a NitroTPM", GRILLE_REASON_ATTEST_DOCUMENT_NITROTPM, &d, &usual);
    d = matrix_document(usual.chain);
    d.extra = MATRIX_BYTES("\x6dnitrotpm_pcrs\xa1\x00" PCR);
    matrix_expect("of both", PCRS, &d, &usual);
    {
        grille_attest_options options = grille_attest_options_default();
        grille_attest_facts facts;
        grille_error error;
        options.kind = GRILLE_ATTEST_NITROTPM;
        d = matrix_document(usual.chain);
        assert_int_equal(GRILLE_UNAUTHENTICATED, grille_attest_verify_stored(forge_document_sign(&d, usual.chain),
                                                                             &options, FORGE_NOW_MS, &facts, &error));
        matrix_expect_verdict("of an enclave", GRILLE_REASON_ATTEST_DOCUMENT_ENCLAVE,
                              GRILLE_REASON_ATTEST_DOCUMENT_ENCLAVE, &error);
    }
}

void matrix_c_times(void **state) {
    static const struct {
        uint64_t timestamp_ms;
        grille_reason live, stored;
    } rows[] = {
        {0, FIELD, FIELD},
        {1, GRILLE_REASON_ATTEST_DOCUMENT_TIME, GRILLE_REASON_ATTEST_DOCUMENT_TIME},
        {UINT64_C(253402300799999), GRILLE_REASON_ATTEST_DOCUMENT_TIME, GRILLE_REASON_ATTEST_DOCUMENT_TIME},
        {UINT64_C(253402300800000), FIELD, FIELD},
        {INT64_MAX, FIELD, FIELD},
        {UINT64_C(1) << 63, FIELD, FIELD},
        {UINT64_MAX, FIELD, FIELD},
        {FORGE_NOW_MS / 1000, GRILLE_REASON_ATTEST_DOCUMENT_TIME, GRILLE_REASON_ATTEST_DOCUMENT_TIME}, /* seconds */
        {FORGE_NOW_MS - 300001, GRILLE_REASON_ATTEST_DOCUMENT_STALE, GRILLE_REASON_OK},
        {FORGE_NOW_MS - 300000, GRILLE_REASON_OK, GRILLE_REASON_OK},
        {FORGE_NOW_MS - 299999, GRILLE_REASON_OK, GRILLE_REASON_OK},
        {FORGE_NOW_MS + 59999, GRILLE_REASON_OK, GRILLE_REASON_OK},
        {FORGE_NOW_MS + 60000, GRILLE_REASON_OK, GRILLE_REASON_OK},
        {FORGE_NOW_MS + 60001, GRILLE_REASON_ATTEST_DOCUMENT_FUTURE, GRILLE_REASON_ATTEST_DOCUMENT_FUTURE},
        {FORGE_NOW_MS - FORGE_HOUR_MS - 60000, GRILLE_REASON_ATTEST_DOCUMENT_STALE, GRILLE_REASON_OK},
        {FORGE_NOW_MS - FORGE_HOUR_MS - 60001, GRILLE_REASON_ATTEST_DOCUMENT_TIME, GRILLE_REASON_ATTEST_DOCUMENT_TIME},
        {FORGE_NOW_MS + FORGE_HOUR_MS, GRILLE_REASON_ATTEST_DOCUMENT_FUTURE, GRILLE_REASON_ATTEST_DOCUMENT_FUTURE},
        {FORGE_NOW_MS + FORGE_HOUR_MS + 1, GRILLE_REASON_ATTEST_DOCUMENT_TIME, GRILLE_REASON_ATTEST_DOCUMENT_TIME},
    };
    matrix_judgement judgement = matrix_judgement_of(matrix_chain());
    forge_document d = matrix_document(judgement.chain);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char name[48];
        (void)snprintf(name, sizeof name, "timestamp %llu", (unsigned long long)rows[i].timestamp_ms);
        d.timestamp_ms = rows[i].timestamp_ms;
        judgement.stored = false;
        matrix_expect(name, rows[i].live, &d, &judgement);
        judgement.stored = true;
        matrix_expect(name, rows[i].stored, &d, &judgement);
    }
    replace(&d, "timestamp", MATRIX_BYTES("\x20"));
    matrix_expect("timestamp -1", FIELD, &d, &judgement);
    replace(&d, "timestamp", MATRIX_BYTES("\x3b\x00\x00\x01\x9e\x83\x2e\x64\x00"));
    matrix_expect("timestamp before 1970", FIELD, &d, &judgement);
}

static void swap(grille_bytes *one, grille_bytes *other) {
    grille_bytes kept = *one;
    *one = *other;
    *other = kept;
}

void matrix_c_bundles(void **state) {
    static uint8_t longest[1025] = {0x30, 0x82, 0x03, 0xfd};
    const matrix_judgement usual = matrix_judgement_of(matrix_chain());
    forge_document d = matrix_document(usual.chain);
    (void)state;
    d.cabundle_count = 0;
    matrix_expect("an empty bundle", FIELD, &d, &usual);
    for (size_t i = 0; i < FORGE_CHAIN - 1; i++) {
        d = matrix_document(usual.chain);
        d.cabundle[i] = grille_bytes_of(longest, sizeof longest);
        matrix_expect("1,025 bytes", FIELD, &d, &usual);
        d.cabundle[i] = grille_bytes_of(longest, 0);
        matrix_expect("no bytes", FIELD, &d, &usual);
        d.cabundle[i] = grille_bytes_of(longest, 1024);
        matrix_expect("1,024 bytes of nothing",
                      i == 0 ? GRILLE_REASON_ATTEST_ROOT_MISMATCH : GRILLE_REASON_ATTEST_CERT_FORMAT, &d, &usual);
        for (size_t other = 0; other < i; other++) {
            d = matrix_document(usual.chain);
            swap(&d.cabundle[i], &d.cabundle[other]);
            /* a CA in another's place, or the one that came before it, has more below it than it may */
            matrix_expect("reordered",
                          other == 0 ? GRILLE_REASON_ATTEST_ROOT_MISMATCH : GRILLE_REASON_ATTEST_CERT_PATH_LENGTH, &d,
                          &usual);
        }
    }
    d = matrix_document(usual.chain);
    swap(&d.cabundle[0], &d.cabundle[3]);
    swap(&d.cabundle[1], &d.cabundle[2]);
    matrix_expect("reversed", GRILLE_REASON_ATTEST_ROOT_MISMATCH, &d, &usual);
    for (size_t gone = 0; gone < FORGE_CHAIN - 1; gone++) {
        d = matrix_document(usual.chain);
        d.cabundle_count = FORGE_CHAIN - 2;
        for (size_t i = gone; i < FORGE_CHAIN - 2; i++)
            d.cabundle[i] = d.cabundle[i + 1];
        matrix_expect("one left out",
                      gone == 0 ? GRILLE_REASON_ATTEST_ROOT_MISMATCH : GRILLE_REASON_ATTEST_CERT_NAME_CHAIN, &d,
                      &usual);
    }
    d = matrix_document(usual.chain);
    swap(&d.certificate, &d.cabundle[3]);
    matrix_expect("leaf and issuer swapped", GRILLE_REASON_ATTEST_CERT_NOT_CA, &d, &usual);
    d = matrix_document(usual.chain);
    d.certificate = d.cabundle[0];
    matrix_expect("the root as leaf", GRILLE_REASON_ATTEST_CERT_IS_CA, &d, &usual);
    d = matrix_document(usual.chain);
    d.certificate = grille_bytes_of(longest, 0);
    matrix_expect("an empty leaf", FIELD, &d, &usual);
    d.certificate = grille_bytes_of(longest, 1025);
    matrix_expect("a leaf of 1,025 bytes", FIELD, &d, &usual);
    d = matrix_document(usual.chain);
    for (size_t i = FORGE_CHAIN - 1; i < 9; i++)
        d.cabundle[i] = d.cabundle[3];
    d.cabundle_count = 9;
    matrix_expect("9 certificates", FIELD, &d, &usual);
    d.cabundle_count = 8;
    matrix_expect("8 certificates, too many for the regional one", GRILLE_REASON_ATTEST_CERT_PATH_LENGTH, &d, &usual);
    d = matrix_document(usual.chain);
    replace(&d, "cabundle", MATRIX_BYTES("\x81\x61x"));
    matrix_expect("text in the bundle", FIELD, &d, &usual);
}
