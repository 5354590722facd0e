/* SPDX-License-Identifier: Apache-2.0
 * Class D: certificates, each mutant signed by its issuer after the change. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/der.h"
#include "matrix.h"

#define LEAF (FORGE_CHAIN - 1)

#define OK             GRILLE_REASON_OK
#define FORMAT         GRILLE_REASON_ATTEST_CERT_FORMAT
#define SIGNATURE      GRILLE_REASON_ATTEST_CERT_SIGNATURE
#define ALGORITHM      GRILLE_REASON_ATTEST_CERT_ALGORITHM
#define NAME_CHAIN     GRILLE_REASON_ATTEST_CERT_NAME_CHAIN
#define KEY_USAGE      GRILLE_REASON_ATTEST_CERT_KEY_USAGE
#define NOT_CA         GRILLE_REASON_ATTEST_CERT_NOT_CA
#define ROOT_MISMATCH  GRILLE_REASON_ATTEST_ROOT_MISMATCH
#define COSE_SIGNATURE GRILLE_REASON_ATTEST_COSE_SIGNATURE

static forge_template templates[FORGE_CHAIN];
static forge_chain chain;

/* Makes the chain of the templates and judges a document under it. */
static void expect(const char *name, size_t level, grille_reason expected) {
    char row[96];
    matrix_judgement judgement;
    forge_document d;
    (void)snprintf(row, sizeof row, "level %zu: %s", level, name);
    forge_chain_make(templates, &chain);
    judgement = matrix_judgement_of(&chain);
    d = matrix_document(&chain);
    /* A document's signature has P-384's form, whatever its leaf says. */
    if (chain.certificates[LEAF].curve != GRILLE_P384) d.other_signer = matrix_chain()->certificates[LEAF].key;
    matrix_expect(row, expected, &d, &judgement);
    forge_chain_free(&chain);
}

void matrix_d_times(void **state) {
    static const struct {
        bool begins; /* notBefore, else notAfter */
        int64_t from_now_ms;
        grille_reason expected;
    } rows[] = {
        {true, 59000, OK}, {true, 60000, OK}, {true, 61000, GRILLE_REASON_ATTEST_CERT_NOT_YET_VALID},
        {false, 1000, OK}, {false, 0, OK},    {false, -1000, GRILLE_REASON_ATTEST_CERT_EXPIRED},
    };
    (void)state;
    for (size_t level = 0; level < FORGE_CHAIN; level++) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            forge_chain_templates(templates);
            *(rows[i].begins ? &templates[level].not_before_ms : &templates[level].not_after_ms) =
                FORGE_NOW_MS + rows[i].from_now_ms;
            expect(rows[i].begins ? "notBefore" : "notAfter", level, rows[i].expected);
        }
        forge_chain_templates(templates);
        templates[level].not_after_ms = templates[level].not_before_ms - 1000;
        expect("ends before it begins", level, FORMAT);
    }
}

static void drop(forge_template *t, char id) {
    for (size_t i = 0; i < t->extension_count; i++) {
        if (t->extensions[i].oid[2] == id) t->extensions[i] = t->extensions[--t->extension_count];
    }
}

#define BASIC_CONSTRAINTS 0x13
#define KEY_USAGE_ID      0x0f

static void constraints(size_t level, bool critical, bool is_ca, int path_len) {
    forge_chain_templates(templates);
    drop(&templates[level], BASIC_CONSTRAINTS);
    forge_basic_constraints(&templates[level], critical, is_ca, path_len);
}

static void usage(size_t level, int bits) {
    forge_chain_templates(templates);
    drop(&templates[level], KEY_USAGE_ID);
    if (bits >= 0) forge_key_usage(&templates[level], true, (uint8_t)bits);
}

static void extra_extension(size_t level, const char *oid, size_t oid_len, bool critical, grille_bytes value) {
    forge_chain_templates(templates);
    forge_add(&templates[level], oid, oid_len, critical, value.data, value.len);
}

static void ca_extensions(size_t level) {
    int below = (int)(LEAF - 1 - level); /* CAs below it */
    constraints(level, true, false, -1);
    expect("CA:FALSE", level, NOT_CA);
    constraints(level, false, true, -1);
    expect("basicConstraints not critical", level, NOT_CA);
    forge_chain_templates(templates);
    drop(&templates[level], BASIC_CONSTRAINTS);
    expect("no basicConstraints", level, NOT_CA);
    constraints(level, true, true, below);
    expect("path length just enough", level, OK);
    if (below > 0) {
        constraints(level, true, true, below - 1);
        expect("path length one short", level, GRILLE_REASON_ATTEST_CERT_PATH_LENGTH);
    }
    usage(level, -1);
    expect("no keyUsage", level, KEY_USAGE);
    usage(level, 0xff & ~GRILLE_KEY_USAGE_CERT_SIGN);
    expect("every usage but keyCertSign", level, KEY_USAGE);
}

void matrix_d_extensions(void **state) {
    (void)state;
    for (size_t level = 0; level < FORGE_CHAIN; level++) {
        if (level != LEAF) ca_extensions(level);
        extra_extension(level, FORGE_ID_CE(36), true, MATRIX_BYTES("\x30\x00"));
        expect("a critical extension that is not known", level, GRILLE_REASON_ATTEST_CERT_CRITICAL_EXTENSION);
        extra_extension(level, FORGE_ID_CE(36), false, MATRIX_BYTES("\x30\x00"));
        expect("one that is not critical", level, OK);
        extra_extension(level, FORGE_ID_CE(54), true, MATRIX_BYTES("\x02\x01\x00"));
        expect("critical inhibitAnyPolicy", level, GRILLE_REASON_ATTEST_CERT_CRITICAL_EXTENSION);
        extra_extension(level, FORGE_ID_CE(31), false, MATRIX_BYTES("\x30\x00"));
        expect("CRL distribution points", level, OK);
        extra_extension(level, FORGE_ID_CE(15), true, MATRIX_BYTES("\x03\x02\x02\x84"));
        expect("keyUsage twice", level, GRILLE_REASON_ATTEST_CERT_DUPLICATE_EXTENSION);
        extra_extension(level, FORGE_ID_CE(19), true, MATRIX_BYTES("\x30\x00"));
        expect("basicConstraints twice", level, GRILLE_REASON_ATTEST_CERT_DUPLICATE_EXTENSION);
        forge_chain_templates(templates);
        forge_name_constraints(&templates[level], true);
        expect("name constraints", level, GRILLE_REASON_ATTEST_CERT_NAME_CONSTRAINTS);
        forge_chain_templates(templates);
        templates[level].extensions[0].false_encoded = !templates[level].extensions[0].critical;
        templates[level].extensions[1].false_encoded = !templates[level].extensions[1].critical;
        expect("FALSE written out where it is the default", level, level == LEAF ? FORMAT : OK);
        extra_extension(level, FORGE_ID_CE(17), false, MATRIX_BYTES("\x30\x03\x82\x02x"));
        expect("an extension whose content is cut", level, FORMAT);
    }
    constraints(LEAF, true, true, -1);
    expect("CA:TRUE", LEAF, GRILLE_REASON_ATTEST_CERT_IS_CA);
    usage(LEAF, GRILLE_KEY_USAGE_NON_REPUDIATION);
    expect("no digitalSignature", LEAF, KEY_USAGE);
    usage(LEAF, -1);
    expect("no keyUsage", LEAF, KEY_USAGE);
}

/* SubjectPublicKeyInfo of a P-384 key around 96 bytes of coordinates. */
static const uint8_t p384_head[] = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
                                    0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04};

static grille_bytes p384_key(const char *x, const char *y) {
    static uint8_t buffers[2][sizeof p384_head + 96];
    static unsigned next;
    uint8_t *key = buffers[next++ % 2];
    memcpy(key, p384_head, sizeof p384_head);
    for (size_t i = 0; i < 48; i++) {
        unsigned byte[2];
        (void)sscanf(&x[2 * i], "%2x", &byte[0]);
        (void)sscanf(&y[2 * i], "%2x", &byte[1]);
        key[sizeof p384_head + i] = (uint8_t)byte[0];
        key[sizeof p384_head + 48 + i] = (uint8_t)byte[1];
    }
    return grille_bytes_of(key, sizeof buffers[0]);
}

#define ZEROS_48 "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
#define ONES_48  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
/* The field's prime, and the y of the curve's point with x = 0. */
#define PRIME  "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff"
#define Y_OF_0 "c306610fb0ae5a159cf45c06069f22a6c5eb3641c602d42dea2c4b4f75550793406d80d2b91ad54f9048bd487af1ade1"

void matrix_d_keys_and_signatures(void **state) {
    static const struct {
        const char *name, *x, *y;
    } points[] = {
        {"a point off the curve", Y_OF_0, Y_OF_0},          {"a point of zeros", ZEROS_48, ZEROS_48},
        {"coordinates over the prime", ONES_48, ONES_48},   {"x that is the prime in place of 0", PRIME, Y_OF_0},
        {"a point whose key nobody has", ZEROS_48, Y_OF_0},
    };
    (void)state;
    for (size_t level = 0; level < FORGE_CHAIN; level++) {
        /* A key that is not on the curve verifies nothing: the next signature below it fails. */
        for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
            forge_chain_templates(templates);
            templates[level].public_key = p384_key(points[i].x, points[i].y);
            expect(points[i].name, level, level == LEAF ? COSE_SIGNATURE : SIGNATURE);
        }
        forge_chain_templates(templates);
        templates[level].curve = GRILLE_P256;
        templates[level].hash = GRILLE_SHA384;
        expect("a P-256 key", level, ALGORITHM);
        forge_chain_templates(templates);
        templates[level].rsa_key = true;
        expect("an RSA key", level, ALGORITHM);
        forge_chain_templates(templates);
        templates[level].rsa_signature = true;
        expect("an RSA signature algorithm", level, ALGORITHM);
        forge_chain_templates(templates);
        templates[level].hash = GRILLE_SHA256;
        expect("ecdsa-with-SHA256", level, ALGORITHM);
        forge_chain_templates(templates);
        templates[level].other_inner_algorithm = true;
        expect("another algorithm inside than outside", level, FORMAT);
        forge_chain_templates(templates);
        templates[level].signer = matrix_chain()->certificates[level].key;
        /* the root's own signature is of no use: it is pinned as it is */
        expect("signed by another key", level, level == 0 ? OK : SIGNATURE);
    }
}

static void encoded(const char *name, size_t level, grille_bytes *field, grille_bytes element, grille_reason expected) {
    *field = element;
    expect(name, level, expected);
    *field = grille_bytes_of(NULL, 0);
}

void matrix_d_encoding(void **state) {
    (void)state;
    for (size_t level = 0; level < FORGE_CHAIN; level++) {
        forge_template *t = &templates[level];
        forge_chain_templates(templates);
        encoded("a negative serial", level, &t->serial, MATRIX_BYTES("\x02\x01\x80"), FORMAT);
        encoded("a serial with a zero before it", level, &t->serial, MATRIX_BYTES("\x02\x02\x00\x01"), FORMAT);
        encoded("an empty serial", level, &t->serial, MATRIX_BYTES("\x02\x00"), FORMAT);
        encoded("a serial of 21 bytes", level, &t->serial, MATRIX_BYTES("\x02\x15\x01...................."), FORMAT);
        encoded("a length of two bytes", level, &t->serial, MATRIX_BYTES("\x02\x81\x01\x01"), FORMAT);
        encoded("an unsaid length", level, &t->serial, MATRIX_BYTES("\x22\x80\x02\x01\x01\x00\x00"), FORMAT);
        encoded("a time without seconds", level, &t->not_before,
                MATRIX_BYTES("\x17\x0b"
                             "2606011100Z"),
                FORMAT);
        encoded("a time with an offset", level, &t->not_before,
                MATRIX_BYTES("\x17\x11"
                             "260601110000+0000"),
                FORMAT);
        encoded("a date that is none", level, &t->not_before,
                MATRIX_BYTES("\x17\x0d"
                             "260230110000Z"),
                FORMAT);
        encoded("fractions of seconds", level, &t->not_before,
                MATRIX_BYTES("\x18\x11"
                             "20260601110000.0Z"),
                FORMAT);
        encoded("GeneralizedTime before 2050", level, &t->not_before,
                MATRIX_BYTES("\x18\x0f"
                             "20260601110000Z"),
                FORMAT);
        encoded("GeneralizedTime after 2050", level, &t->not_after,
                MATRIX_BYTES("\x18\x0f"
                             "20600601110000Z"),
                OK);
        encoded("TRUE as 1", level, &t->extension_list,
                MATRIX_BYTES("\x30\x0f\x06\x03\x55\x1d\x13\x01\x01\x01\x04\x05\x30\x03\x01\x01\xff"), FORMAT);
        encoded("usage bits with a zero at the end", level, &t->extension_list,
                MATRIX_BYTES("\x30\x0b\x06\x03\x55\x1d\x0f\x04\x04\x03\x02\x01\x04"), FORMAT);
        encoded("a key that is no BIT STRING", level, &t->public_key, MATRIX_BYTES("\x30\x02\x04\x00"), ALGORITHM);
        encoded("a key with trailing bytes", level, &t->public_key, MATRIX_BYTES("\x30\x00\x00"), FORMAT);
        t->trailing_bytes = 1;
        expect("a byte after it", level, FORMAT);
        forge_chain_templates(templates);
        t->long_length = true;
        expect("a length that is not minimal", level, FORMAT);
        forge_chain_templates(templates);
        t->unique_id = true;
        expect("issuerUniqueID", level, FORMAT);
        forge_chain_templates(templates);
        t->version = 1;
        expect("version 2", level, FORMAT);
        forge_chain_templates(templates);
        t->second_subject = t->subject;
        expect("two common names", level, FORMAT);
    }
}

/* A root of the same name with another key: its chain under the pinned root, and itself in the root's place. */
static void clone_root(void) {
    matrix_judgement judgement;
    forge_document d;
    forge_chain genuine;
    forge_chain_templates(templates);
    forge_chain_make(templates, &genuine);
    forge_chain_make(templates, &chain);
    judgement = matrix_judgement_of(&chain);
    judgement.root = forge_chain_der(&genuine, 0);
    d = matrix_document(&chain);
    matrix_expect("a clone of the root", ROOT_MISMATCH, &d, &judgement);
    d.cabundle[0] = judgement.root;
    matrix_expect("the root above a clone's chain", SIGNATURE, &d, &judgement);
    d = matrix_document(&chain);
    d.cabundle[0] = forge_chain_der(&genuine, 0);
    d.cabundle[1] = forge_chain_der(&genuine, 1);
    d.cabundle[2] = forge_chain_der(&genuine, 2);
    matrix_expect("genuine CAs above a clone's instance", SIGNATURE, &d, &judgement);
    d = matrix_document(&chain);
    judgement.root = grille_bytes_of(NULL, 0);
    matrix_expect("no root pinned: that of AWS", ROOT_MISMATCH, &d, &judgement);
    forge_chain_free(&genuine);
    forge_chain_free(&chain);
}

/* The regional CA's key certified by two roots: only the certificate of the pinned one counts. */
static void cross_signed(void) {
    matrix_judgement judgement;
    forge_template other_root, regional;
    forge_identity other, crossed;
    forge_document d;
    forge_chain_templates(templates);
    forge_chain_make(templates, &chain);
    other_root = templates[0];
    other_root.subject = "another root";
    forge_certificate(&other_root, NULL, &other);
    regional = templates[1];
    forge_certificate_over(&regional, &other, chain.certificates[1].key, &crossed);
    judgement = matrix_judgement_of(&chain);
    d = matrix_document(&chain);
    d.cabundle[1] = forge_der(&crossed);
    matrix_expect("cross-signed by another root", NAME_CHAIN, &d, &judgement);
    d.cabundle[0] = forge_der(&other);
    matrix_expect("and that root above it", ROOT_MISMATCH, &d, &judgement);
    judgement.root = forge_der(&other);
    matrix_expect("pinned, it would do", OK, &d, &judgement);
    regional.issuer = "root";
    forge_certificate_over(&regional, &other, chain.certificates[1].key, &crossed);
    d = matrix_document(&chain);
    d.cabundle[1] = forge_der(&crossed);
    judgement = matrix_judgement_of(&chain);
    matrix_expect("cross-signed under the root's name", SIGNATURE, &d, &judgement);
    forge_free(&other);
    forge_chain_free(&chain);
}

static void self_signed_leaf(void) {
    matrix_judgement judgement;
    forge_identity leaf;
    forge_template t;
    forge_document d;
    forge_chain_templates(templates);
    forge_chain_make(templates, &chain);
    judgement = matrix_judgement_of(&chain);
    t = templates[LEAF];
    forge_certificate_over(&t, NULL, chain.certificates[LEAF].key, &leaf);
    d = matrix_document(&chain);
    d.certificate = forge_der(&leaf);
    matrix_expect("a leaf that signed itself", NAME_CHAIN, &d, &judgement);
    t.issuer = chain.certificates[LEAF - 1].subject;
    forge_certificate_over(&t, NULL, chain.certificates[LEAF].key, &leaf);
    d.certificate = forge_der(&leaf);
    matrix_expect("and names its issuer", SIGNATURE, &d, &judgement);
    d = matrix_document(&chain);
    d.cabundle[0] = d.certificate;
    d.cabundle_count = 1;
    matrix_expect("the leaf as its own root", ROOT_MISMATCH, &d, &judgement);
    judgement.root = d.certificate;
    matrix_expect("even when somebody pins it", NOT_CA, &d, &judgement);
    forge_chain_free(&chain);
}

void matrix_d_chains(void **state) {
    (void)state;
    for (size_t level = 1; level < FORGE_CHAIN; level++) {
        forge_chain_templates(templates);
        templates[level].issuer = "somebody else";
        expect("another issuer", level, NAME_CHAIN);
    }
    forge_chain_templates(templates);
    templates[0].subject = "Root";
    templates[1].issuer = "root";
    expect("an issuer in other case", 1, NAME_CHAIN);
    forge_chain_templates(templates);
    templates[0].subject = NULL;
    expect("an issuer without a name", 1, NAME_CHAIN);
    forge_chain_templates(templates);
    templates[3].subject = "i-0fedcba9876543210.eu-west-1.test";
    expect("another instance", 3, GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT);
    forge_chain_templates(templates);
    templates[4].subject = FORGE_INSTANCE "-enc0000000000000000.eu-west-1.aws";
    expect("another module", 4, GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT);
    clone_root();
    cross_signed();
    self_signed_leaf();
}
