/* SPDX-License-Identifier: Apache-2.0
 * Each allocation of a policy and of an identity fails in turn; reading what a peer sent allocates nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/document.h"
#include "attest/path.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "crypto/pem.h"
#include "failing_malloc.h"
#include "forge_document.h"
#include "forge_psk.h"
#include "forge_session.h"

#define A5 "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"

static forge_identity ca, leaf;
static forge_chain chain;

static int setup(void **state) {
    static forge_template templates[FORGE_CHAIN];
    forge_template t = forge_ca("ca", GRILLE_P256), l = forge_leaf("leaf", GRILLE_P256, "a.example", NULL);
    (void)state;
    forge_certificate(&t, NULL, &ca);
    forge_certificate(&l, &ca, &leaf);
    forge_chain_templates(templates);
    forge_chain_make(templates, &chain);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    forge_free(&ca);
    forge_free(&leaf);
    forge_chain_free(&chain);
    return 0;
}

/* PEM of the CA's public key. */
static const char *public_key(void) {
    static char text[512];
    const grille_crypto *crypto = grille_crypto_wolf();
    uint8_t point[GRILLE_POINT_MAX], spki[GRILLE_SPKI_MAX];
    size_t len = 0;
    assert_int_equal(GRILLE_REASON_OK, crypto->key_point(ca.key, point, sizeof point, &len));
    assert_int_equal(GRILLE_REASON_OK,
                     grille_spki_write(ca.curve, grille_bytes_of(point, len), spki, sizeof spki, &len));
    assert_int_equal(GRILLE_REASON_OK,
                     grille_pem_write(GRILLE_PEM_PUBLIC_KEY, grille_bytes_of(spki, len), text, sizeof text - 1, &len));
    text[len] = '\0';
    return text;
}

/* What libyaml copies by strdup is not counted here, so leaks are LeakSanitizer's to find. libyaml 0.2.5 itself loses a
 * map or a list whose node is the one for which its table of nodes can't grow: the 17th and the 33rd are scalars here.
 */
static void a_policy_survives_every_failing_allocation(void **state) {
    static char text[4096];
    char path[600];
    size_t tried = 0;
    grille_code code = GRILLE_OUT_OF_MEMORY;
    (void)state;
    (void)forge_file("pins.json", grille_bytes_of_text("{\"Measurements\":{\"PCR0\":\"" A5 "\",\"PCR1\":\"" A5
                                                       "\",\"PCR2\":\"" A5 "\"}}"));
    (void)forge_psk_file("a.psk", forge_psk_text("a", "initiator", 1));
    (void)forge_file("key.pem", grille_bytes_of_text(public_key()));
    (void)snprintf(text, sizeof text,
                   "version: 3\nupdate_key: key.pem\n"
                   "peers:\n- name: a\n  kind: nitro\n  measurements: pins.json\n  may_call: [/a.B/C, /a.B/D]\n"
                   "  refuse: [logs, debug]\n  policy_digest: [" A5 "]\n"
                   "- {name: c, kind: psk, psk: [a.psk]}\n- {name: d, kind: anonymous, may_call: [/a.B/C]}\n"
                   "- name: b\n  kind: x509\n  names: [a, 'urn:b']\n  ca: %s",
                   forge_yaml_block(forge_pem(&ca), 4));
    (void)snprintf(path, sizeof path, "%s", forge_file("p.yaml", grille_bytes_of_text(text)));
    for (size_t index = 0; code != GRILLE_OK; index++, tried++) {
        grille_policy *policy = NULL;
        grille_error error;
        failing_malloc_from(index);
        code = grille_policy_load(path, &policy, &error);
        failing_malloc_never();
        if (code != GRILLE_OK) {
            assert_null(policy);
            if (strcmp(error.name, "OUT-OF-MEMORY") != 0) fail_msg("%zu: %s %s", index, error.name, error.text);
        }
        grille_policy_free(policy);
    }
    print_message("allocations of a policy that failed: %zu\n", tried - 1);
    assert_true(tried > 20);
}

static void an_update_survives_every_failing_allocation(void **state) {
    static uint8_t update[2048];
    const char *key_path = forge_key_file(&ca);
    grille_policy *current =
        forge_policy("update_key: %speers:\n- {name: a, kind: nitro, pcr0: " A5 ", pcr3: " A5 "}\n",
                     forge_yaml_block(public_key(), 2));
    char key[1024];
    FILE *file = fopen(key_path, "rb");
    size_t len = 0, key_len, tried = 0;
    grille_code code = GRILLE_OUT_OF_MEMORY;
    grille_error error;
    (void)state;
    assert_non_null(file);
    key_len = fread(key, 1, sizeof key, file);
    assert_int_equal(0, fclose(file));
    assert_int_equal(GRILLE_OK, grille_policy_update_sign(
                                    grille_bytes_of_text("version: 1\npeers:\n- {name: b, kind: nitro, pcr0: " A5
                                                         ", pcr3: " A5 "}\n"),
                                    grille_bytes_of(key, key_len), update, sizeof update, &len, &error));
    for (size_t index = 0; code != GRILLE_OK; index++, tried++) {
        grille_policy *next = NULL;
        failing_malloc_from(index);
        code = grille_policy_update(current, grille_bytes_of(update, len), &next, &error);
        failing_malloc_never();
        assert_int_equal(code == GRILLE_OK, next != NULL);
        if (code != GRILLE_OK && strcmp(error.name, "OUT-OF-MEMORY") != 0 && strcmp(error.name, "CRYPTO-FAILED") != 0) {
            fail_msg("%zu: %s %s", index, error.name, error.text);
        }
        grille_policy_free(next);
        assert_int_equal(0, grille_policy_version(current));
    }
    assert_true(tried > 10);
    grille_policy_free(current);
}

static void an_identity_survives_every_failing_allocation(void **state) {
    const forge_identity *certificates[] = {&leaf, &ca};
    const char *chain_path = forge_chain_file(certificates, 2), *key_path = forge_key_file(&leaf);
    size_t before = failing_malloc_living(), tried = 0;
    grille_code code = GRILLE_OUT_OF_MEMORY;
    (void)state;
    for (size_t index = 0; code != GRILLE_OK; index++, tried++) {
        grille_identity *identity = NULL;
        grille_error error;
        failing_malloc_from(index);
        code = grille_identity_load_x509(chain_path, key_path, &identity, &error);
        failing_malloc_never();
        if (code != GRILLE_OK) assert_null(identity);
        grille_identity_free(identity);
        assert_int_equal(before, failing_malloc_living());
    }
    assert_true(tried >= 4);
}

static void kinds_without_certificates_survive_too(void **state) {
    const char *path = forge_psk_file("memory.psk", forge_psk_text("a", "initiator", 1));
    grille_identity *identity = NULL;
    grille_error error;
    (void)state;
    failing_malloc_from(0);
    assert_int_equal(GRILLE_RESOURCE_EXHAUSTED, grille_identity_load_psk(path, &identity, &error));
    assert_null(identity);
    assert_int_equal(GRILLE_RESOURCE_EXHAUSTED, grille_identity_new_anonymous(&identity, &error));
    failing_malloc_never();
    assert_null(identity);
}

/* An identity and a policy of a key file, used once and freed. */
static void use_key(const char *identity_path, const char *policy_path) {
    static forge_session session;
    static uint8_t body[400];
    grille_identity *identity = NULL;
    grille_policy *policy = NULL;
    grille_error error;
    size_t len = 0;
    forge_session_init(&session, 'I', 1);
    assert_int_equal(GRILLE_OK, grille_identity_load_psk(identity_path, &identity, &error));
    assert_int_equal(GRILLE_OK, grille_policy_load(policy_path, &policy, &error));
    assert_int_equal(GRILLE_REASON_OK, grille_evidence_prove(identity, grille_crypto_wolf(), &session.binding, body,
                                                             sizeof body, &len, &error));
    grille_identity_free(identity);
    grille_policy_free(policy);
}

/* A compiler that sees free leaves out what was written just before. */
static void (*volatile give_back)(void *memory) = free;

/* The text of the key, its bytes, and what is derived of it. */
static void keys_are_wiped_before_their_memory_is_given_back(void **state) {
    const char *text = forge_psk_text("a", "initiator", 1), *hex = strstr(text, "key: ") + 5;
    const char *policy = "peers:\n- {name: a, kind: psk, psk: wiped.psk}\n";
    static uint8_t key[GRILLE_PSK_BYTES], control[GRILLE_PSK_BYTES];
    static grille_psk psk;
    char key_path[512], policy_path[512];
    size_t len = 0;
    (void)state;
    (void)snprintf(key_path, sizeof key_path, "%s", forge_psk_file("wiped.psk", text));
    (void)snprintf(policy_path, sizeof policy_path, "%s", forge_file("wiped.yaml", grille_bytes_of_text(policy)));
    assert_true(grille_hex_decode(hex, 64, key, sizeof key, &len));
    assert_int_equal(GRILLE_REASON_OK,
                     grille_psk_read(grille_crypto_wolf(), grille_bytes_of_text(text), "a", &psk, NULL));
    const grille_bytes sought[] = {grille_bytes_of(hex, 64), grille_bytes_of(key, sizeof key),
                                   grille_bytes_of(psk.mac_key, sizeof psk.mac_key)};
    for (size_t i = 0; i < sizeof sought / sizeof sought[0]; i++) {
        failing_malloc_seek(sought[i].data, sought[i].len);
        use_key(key_path, policy_path);
        assert_int_equal(0, failing_malloc_found());
    }
    uint8_t *volatile block = malloc(2 * sizeof control); /* volatile: what is written before free stays written */
    assert_non_null(block);
    failing_malloc_seek(control, sizeof control); /* it would be found */
    memset(control, 0x5a, sizeof control);
    memcpy(block + 7, control, sizeof control);
    give_back(block);
    assert_int_equal(1, failing_malloc_found());
    failing_malloc_seek(NULL, 0);
}

static void an_nsm_is_closed_when_its_identity_can_not_be_made(void **state) {
    forge_nsm nsm;
    grille_identity *identity = NULL;
    size_t before = failing_malloc_living();
    grille_error error;
    (void)state;
    for (size_t index = 0; identity == NULL; index++) {
        grille_code code;
        forge_nsm_init(&nsm, &chain);
        failing_malloc_from(index);
        code = grille_identity_from_nsm(&nsm.nsm, &identity, &error);
        failing_malloc_never();
        assert_int_equal(index < 3 ? GRILLE_RESOURCE_EXHAUSTED : GRILLE_OK, code);
        assert_int_equal(code != GRILLE_OK, nsm.closed);
        assert_true((identity == NULL) == (code != GRILLE_OK));
    }
    grille_identity_free(identity);
    assert_int_equal(before, failing_malloc_living());
}

/* wolfCrypt may allocate for a signature; nothing else does. */
static grille_reason accept_any(grille_curve curve, grille_bytes point, grille_bytes digest, grille_bytes raw) {
    (void)curve;
    (void)point;
    (void)digest;
    (void)raw;
    return GRILLE_REASON_OK;
}

static void judging_a_document_allocates_nothing(void **state) {
    grille_crypto crypto = *grille_crypto_wolf();
    const grille_document_check check = {.root = forge_chain_der(&chain, 0), .now_ms = FORGE_NOW_MS, .max_age_ms = -1};
    forge_document forged;
    grille_document document;
    grille_bytes encoded;
    grille_error error;
    grille_wall_ms expires_ms = 0;
    (void)state;
    crypto.ecdsa_verify = accept_any;
    forge_document_init(&forged, &chain);
    encoded = forge_document_sign(&forged, &chain);
    failing_malloc_from(0); /* the first would fail */
    assert_int_equal(GRILLE_REASON_OK, grille_document_read(encoded, &document, &error));
    assert_int_equal(GRILLE_REASON_OK, grille_document_verify(&crypto, &document, &check, &expires_ms, &error));
    for (size_t cut = 0; cut < encoded.len; cut++) {
        assert_int_not_equal(GRILLE_REASON_OK,
                             grille_document_read(grille_bytes_of(encoded.data, cut), &document, &error));
    }
    assert_int_equal(0, failing_malloc_asked());
    failing_malloc_never();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_survives_every_failing_allocation),
        cmocka_unit_test(an_update_survives_every_failing_allocation),
        cmocka_unit_test(an_identity_survives_every_failing_allocation),
        cmocka_unit_test(kinds_without_certificates_survive_too),
        cmocka_unit_test(keys_are_wiped_before_their_memory_is_given_back),
        cmocka_unit_test(an_nsm_is_closed_when_its_identity_can_not_be_made),
        cmocka_unit_test(judging_a_document_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
