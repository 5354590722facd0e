/* SPDX-License-Identifier: Apache-2.0
 * Class G of the matrix: no change of a document's bytes is accepted, be it a bit, a cut, a byte taken out or put in.
 * Two changes are known to leave a good document, and matrix_cose.c accepts both: the signature's twin (r, n - s),
 * which is no change of one bit or byte, and tag 18 before it, which is none of the bytes put in here. With --full
 * every bit of every document, those of real enclaves too when GRILLE_TESTDATA is set; else one bit of a part of the
 * bytes, and every cut, deletion and insertion. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/document.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "document_files.h"
#include "forge_document.h"

#define LONGEST 8192

/* Signatures of the unchanged document verify once; its mutants share most of them. */
typedef struct known_signature {
    uint8_t point[GRILLE_POINT_MAX], digest[GRILLE_HASH_MAX_BYTES], raw[GRILLE_RAW_SIGNATURE_MAX];
} known_signature;

static known_signature known[16];
static size_t known_count;
static bool learning;
static size_t verified, tried;
static bool full;

static bool is_known(const known_signature *signature) {
    for (size_t i = 0; i < known_count; i++) {
        if (memcmp(&known[i], signature, sizeof *signature) == 0) return true;
    }
    return false;
}

static grille_reason verify(grille_curve curve, grille_bytes point, grille_bytes digest, grille_bytes raw) {
    known_signature asked = {.point = {0}};
    grille_reason reason;
    assert_true(point.len <= sizeof asked.point && digest.len == sizeof asked.digest && raw.len == sizeof asked.raw);
    memcpy(asked.point, point.data, point.len);
    memcpy(asked.digest, digest.data, digest.len);
    memcpy(asked.raw, raw.data, raw.len);
    if (is_known(&asked)) return GRILLE_REASON_OK;
    verified++;
    reason = grille_crypto_wolf()->ecdsa_verify(curve, point, digest, raw);
    if (learning && reason == GRILLE_REASON_OK) known[known_count++] = asked;
    return reason;
}

static grille_crypto crypto;

/* The document under change, and how it is judged. */
static struct {
    const char *name;
    grille_attest_kind kind;
    grille_document_check check;
    uint8_t bytes[LONGEST];
    size_t len;
} subject;

static bool accepted(grille_bytes encoded) {
    grille_document document;
    grille_wall_ms expires_ms;
    grille_error error;
    grille_reason reason = grille_document_read_kind(encoded, subject.kind, &document, &error);
    tried++;
    if (reason == GRILLE_REASON_OK) {
        reason = grille_document_verify(&crypto, &document, &subject.check, &expires_ms, &error);
    }
    if (reason != GRILLE_REASON_OK) assert_string_equal(grille_reason_name(reason), error.name);
    return reason == GRILLE_REASON_OK;
}

static bool changed_is_accepted(void) {
    return accepted(grille_bytes_of(subject.bytes, subject.len));
}

/* An empty root: that of AWS. */
static void learn(const char *name, grille_bytes encoded, grille_attest_kind kind, grille_bytes root,
                  grille_wall_ms now_ms) {
    assert_true(encoded.len < sizeof subject.bytes);
    memcpy(subject.bytes, encoded.data, encoded.len);
    subject.name = name;
    subject.len = encoded.len;
    subject.kind = kind;
    subject.check = (grille_document_check){
        .root = root, .now_ms = now_ms, .clock_skew_ms = 60000, .max_age_ms = -1, .any_pcr4 = root.len != 0};
    known_count = 0;
    learning = true;
    if (!changed_is_accepted()) fail_msg("%s is refused as it is", name);
    assert_int_equal(5, known_count);
    learning = false;
}

static void flip(size_t byte, int bit) {
    subject.bytes[byte] ^= (uint8_t)(1 << bit);
    if (changed_is_accepted()) fail_msg("%s: bit %d of byte %zu may be flipped", subject.name, bit, byte);
    subject.bytes[byte] ^= (uint8_t)(1 << bit);
}

/* Every bit, or one bit of every `stride`th byte from `first` on. */
static void no_flipped_bit_is_accepted(size_t first, size_t stride) {
    for (size_t i = full ? 0 : first; i < subject.len; i += full ? 1 : stride) {
        for (int bit = full ? 0 : (int)(i / stride % 8), end = full ? 8 : bit + 1; bit < end; bit++)
            flip(i, bit);
    }
    assert_true(changed_is_accepted());
}

static void no_cut_is_accepted(void) {
    for (size_t cut = 0; cut < subject.len; cut++) {
        if (accepted(grille_bytes_of(subject.bytes, cut))) fail_msg("%s: %zu bytes are enough", subject.name, cut);
    }
    subject.bytes[subject.len] = 0;
    assert_false(accepted(grille_bytes_of(subject.bytes, subject.len + 1)));
}

static void no_deletion_or_insertion_is_accepted(void) {
    static const uint8_t inserted[] = {0xf6, 0x00, 0xff};
    uint8_t changed[LONGEST + 1];
    for (size_t i = 0; i < subject.len; i++) {
        memcpy(changed, subject.bytes, i);
        memcpy(&changed[i], &subject.bytes[i + 1], subject.len - i - 1);
        if (accepted(grille_bytes_of(changed, subject.len - 1))) {
            fail_msg("%s: byte %zu may be taken out", subject.name, i);
        }
        memcpy(&changed[i + 1], &subject.bytes[i], subject.len - i);
        for (size_t j = 0; j < (full ? sizeof inserted : 1); j++) {
            changed[i] = inserted[j];
            if (accepted(grille_bytes_of(changed, subject.len + 1))) {
                fail_msg("%s: a byte may be put in at %zu", subject.name, i);
            }
        }
    }
}

static void sweep(size_t first, size_t stride) {
    no_flipped_bit_is_accepted(first, stride);
    no_cut_is_accepted();
    no_deletion_or_insertion_is_accepted();
}

static void report(const char *what, size_t documents) {
    print_message("%s: %zu documents, %zu changed, 0 accepted, signatures verified: %zu%s\n", what, documents, tried,
                  verified, full ? ", every bit" : "");
    tried = verified = 0;
}

static void synthetic_documents(void **state) {
    static const char *const names[] = {"ok_untagged.cose", "ok_indef_map.cose", "ok_pubkey_empty.cose"};
    static uint8_t bytes[1024];
    grille_bytes der = document_file("test_root.der");
    (void)state;
    memcpy(bytes, der.data, der.len);
    for (size_t i = 0; i < 3; i++) {
        learn(names[i], document_file(names[i]), GRILLE_ATTEST_ENCLAVE, grille_bytes_of(bytes, der.len),
              SYNTHETIC_AT_MS);
        sweep(i, 6);
    }
    report("synthetic", 3);
}

/* Forms that are not among the files: 32 PCRs, all optional fields, a NitroTPM's. */
static void forged_documents(void **state) {
    static forge_template templates[FORGE_CHAIN];
    static uint8_t field[1024];
    forge_chain enclave, instance;
    forge_document d;
    (void)state;
    memset(field, 0x5a, sizeof field);
    forge_chain_templates(templates);
    forge_chain_make(templates, &enclave);
    templates[FORGE_CHAIN - 1].subject = FORGE_NITROTPM ".eu-west-1.aws";
    forge_chain_make(templates, &instance);
    forge_document_init(&d, &enclave);
    d.pcr_mask = UINT32_MAX;
    d.nonce = grille_bytes_of(field, 32);
    d.user_data = grille_bytes_of(field, 64);
    d.public_key = grille_bytes_of(field, 91);
    d.extra = grille_bytes_of("\x63new\xbf\x01\x80\xff", 8);
    learn("32 PCRs", forge_document_sign(&d, &enclave), GRILLE_ATTEST_ENCLAVE, forge_chain_der(&enclave, 0),
          FORGE_NOW_MS);
    sweep(1, 6);
    forge_document_init(&d, &instance);
    d.nitrotpm = true;
    d.module_id = FORGE_NITROTPM;
    d.pcr_mask = 0xffffff;
    learn("of a NitroTPM", forge_document_sign(&d, &instance), GRILLE_ATTEST_NITROTPM, forge_chain_der(&instance, 0),
          FORGE_NOW_MS);
    sweep(2, 6);
    forge_chain_free(&enclave);
    forge_chain_free(&instance);
    report("forged", 2);
}

static bool learn_real(const char *path) {
    grille_bytes file = document_file(path);
    grille_document document;
    grille_error error;
    if (strstr(path, "_tampered") != NULL) return false;
    assert_int_equal(GRILLE_REASON_OK, grille_document_read(file, &document, &error));
    learn(path, file, GRILLE_ATTEST_ENCLAVE, grille_bytes_of(NULL, 0), document.timestamp_ms);
    return true;
}

static void documents_of_real_enclaves(void **state) {
    const char *folder = getenv("GRILLE_TESTDATA");
    char pattern[1024];
    glob_t found = {.gl_pathc = 0};
    size_t documents = 0;
    (void)state;
    if (folder != NULL && folder[0] != '\0') {
        (void)snprintf(pattern, sizeof pattern, "%s/attestation/real/*.cose", folder);
        if (glob(pattern, 0, NULL, &found) != 0) found.gl_pathc = 0;
        assert_true(found.gl_pathc > 0);
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        if (!learn_real(found.gl_pathv[i])) continue;
        documents++;
        if (full) {
            sweep(0, 1);
        } else {
            no_flipped_bit_is_accepted(i, 97);
            no_cut_is_accepted();
        }
    }
    report("real", documents);
    if (found.gl_pathc > 0) globfree(&found);
}

static int setup(void **state) {
    (void)state;
    crypto = *grille_crypto_wolf();
    crypto.ecdsa_verify = verify;
    return 0;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(synthetic_documents),
        cmocka_unit_test(forged_documents),
        cmocka_unit_test(documents_of_real_enclaves),
    };
    full = argc > 1 && strcmp(argv[1], "--full") == 0;
    return cmocka_run_group_tests(tests, setup, NULL);
}
