/* SPDX-License-Identifier: Apache-2.0
 * Signed updates: who signed, which version, nothing changed, nothing left out. */
#include "attest/policy_update.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/evidence.h"
#include "base/bytes.h"
#include "base/writer.h"
#include "cmocka_all.h"
#include "crypto/certificate.h"
#include "crypto/pem.h"
#include "forge_session.h"
#include "wire/limits.h"

#define A5 "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"
/* One set that leaves nothing open. */
#define PEERS "peers:\n- name: a\n  kind: nitro\n  pcr0: " A5 "\n  pcr3: " A5 "\n"

/* A key that signs, and its PEMs. */
typedef struct signer {
    grille_private_key *key;
    char private_pem[512], public_pem[512];
} signer;

static signer p256, p384, other;

static void write_pem(grille_pem_label label, grille_bytes der, char *text, size_t capacity) {
    size_t len = 0;
    assert_int_equal(GRILLE_REASON_OK, grille_pem_write(label, der, text, capacity - 1, &len));
    text[len] = '\0';
}

static void make(signer *made, grille_curve curve) {
    const grille_crypto *crypto = grille_crypto_wolf();
    uint8_t der[256], point[GRILLE_POINT_MAX];
    size_t len = 0;
    assert_int_equal(GRILLE_REASON_OK, crypto->key_generate(curve, &made->key));
    assert_int_equal(GRILLE_REASON_OK, crypto->key_export(made->key, der, sizeof der, &len));
    write_pem(GRILLE_PEM_EC_PRIVATE_KEY, grille_bytes_of(der, len), made->private_pem, sizeof made->private_pem);
    assert_int_equal(GRILLE_REASON_OK, crypto->key_point(made->key, point, sizeof point, &len));
    assert_int_equal(GRILLE_REASON_OK, grille_spki_write(curve, grille_bytes_of(point, len), der, sizeof der, &len));
    write_pem(GRILLE_PEM_PUBLIC_KEY, grille_bytes_of(der, len), made->public_pem, sizeof made->public_pem);
}

static int setup(void **state) {
    (void)state;
    make(&p256, GRILLE_P256);
    make(&p384, GRILLE_P384);
    make(&other, GRILLE_P256);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    grille_crypto_wolf()->key_free(p256.key);
    grille_crypto_wolf()->key_free(p384.key);
    grille_crypto_wolf()->key_free(other.key);
    return 0;
}

static grille_error error;

/* A policy in force: version 0 for none. */
static grille_policy *in_force(const signer *key, unsigned version) {
    char line[64] = "";
    if (version > 0) (void)snprintf(line, sizeof line, "version: %u\n", version);
    return forge_policy("%supdate_key: %s" PEERS, line, forge_yaml_block(key->public_pem, 2));
}

static grille_bytes sign(const char *text, const signer *key) {
    static uint8_t room[8192];
    size_t len = 0;
    assert_int_equal(GRILLE_OK,
                     grille_policy_update_sign(grille_bytes_of_text(text), grille_bytes_of_text(key->private_pem), room,
                                               sizeof room, &len, &error));
    assert_string_equal("", error.text);
    return grille_bytes_of(room, len);
}

/* The name of what was refused; "OK" and *next otherwise. */
static const char *update(const grille_policy *current, grille_bytes encoded, grille_policy **next) {
    grille_code code = grille_policy_update(current, encoded, next, &error);
    assert_int_equal(code, error.code);
    assert_int_equal(code == GRILLE_OK, *next != NULL);
    assert_int_equal(code == GRILLE_OK, error.text[0] == '\0');
    return code == GRILLE_OK ? "OK" : error.name;
}

static void refused(const grille_policy *current, grille_bytes encoded, const char *name, const char *part) {
    grille_policy *next = NULL;
    assert_string_equal(name, update(current, encoded, &next));
    if (strstr(error.text, part) == NULL) fail_msg("expected \"%s\" in: %s", part, error.text);
}

static void an_update_is_taken(void **state) {
    static const char text[] = "version: 8\nmax_age: 7m\n" PEERS;
    const signer *const signers[] = {&p256, &p384};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        grille_policy *current = in_force(signers[i], 7), *next = NULL;
        grille_bytes encoded = sign(text, signers[i]), bytes = grille_bytes_of_text(text);
        grille_policy_update_parts parts;
        uint8_t digest[48], expected[48];
        assert_int_equal(sizeof text - 1 + GRILLE_POLICY_UPDATE_OVERHEAD - (i == 0 ? 32 : 0), encoded.len);
        assert_int_equal(GRILLE_REASON_OK, grille_policy_update_decode(encoded, &parts));
        assert_int_equal(8, parts.version);
        assert_int_equal(i == 0 ? GRILLE_P256 : GRILLE_P384, parts.curve);
        assert_true(grille_bytes_equal(bytes, parts.text));
        assert_string_equal("OK", update(current, encoded, &next));
        assert_int_equal(8, grille_policy_version(next));
        assert_int_equal(7, grille_policy_version(current));
        assert_int_equal(GRILLE_REASON_OK, grille_crypto_wolf()->hash(GRILLE_SHA384, &bytes, 1, expected));
        grille_policy_digest(next, digest);
        assert_memory_equal(expected, digest, sizeof digest);
        grille_policy_free(next);
        grille_policy_free(current);
    }
}

static void versions_rise(void **state) {
    grille_policy *current = in_force(&p256, 7), *unnumbered = in_force(&p256, 0), *next = NULL;
    (void)state;
    refused(current, sign("version: 7\n" PEERS, &p256), "POLICY-ROLLBACK", "version 7, expected one above 7");
    refused(current, sign("version: 6\n" PEERS, &p256), "POLICY-ROLLBACK", "version 6");
    refused(current, sign("version: 1\n" PEERS, &p256), "POLICY-ROLLBACK", "version 1");
    assert_string_equal("OK", update(current, sign("version: 999999999999999999\n" PEERS, &p256), &next));
    grille_policy_free(next);
    assert_string_equal("OK", update(unnumbered, sign("version: 1\n" PEERS, &p256), &next));
    grille_policy_free(next);
    grille_policy_free(unnumbered);
    grille_policy_free(current);
}

static void only_the_pinned_key_decides(void **state) {
    grille_policy *current = in_force(&p256, 7), *keyless = forge_policy("version: 7\n" PEERS);
    const char *text = "version: 8\n" PEERS;
    (void)state;
    refused(current, sign(text, &other), "POLICY-UPDATE-SIGNATURE", "another key");
    refused(current, sign(text, &p384), "POLICY-UPDATE-KEY", "a P-384 key, expected a P-256 key");
    refused(keyless, sign(text, &p256), "POLICY-UPDATE-KEY", "no update_key");
    grille_policy_free(keyless);
    keyless = in_force(&p384, 7);
    refused(keyless, sign(text, &p256), "POLICY-UPDATE-KEY", "a P-256 key, expected a P-384 key");
    grille_policy_free(keyless);
    grille_policy_free(current);
}

/* The key of the newest policy signs the next one. */
static void a_key_can_be_replaced(void **state) {
    grille_policy *current = in_force(&p256, 7), *next = NULL, *after = NULL;
    char text[2048];
    (void)state;
    (void)snprintf(text, sizeof text, "version: 8\nupdate_key: %s" PEERS, forge_yaml_block(p384.public_pem, 2));
    assert_string_equal("OK", update(current, sign(text, &p256), &next));
    refused(next, sign("version: 9\n" PEERS, &p256), "POLICY-UPDATE-KEY", "P-256");
    assert_string_equal("OK", update(next, sign("version: 9\n" PEERS, &p384), &after));
    refused(after, sign("version: 10\n" PEERS, &p384), "POLICY-UPDATE-KEY", "no update_key");
    grille_policy_free(after);
    grille_policy_free(next);
    grille_policy_free(current);
}

/* An envelope by hand, signed over whatever is wished. */
static grille_bytes craft(uint8_t algorithm, uint64_t version, const char *text, const signer *key, const char *context,
                          size_t context_len) {
    static uint8_t room[4096];
    const grille_crypto *crypto = grille_crypto_wolf();
    grille_writer writer = grille_writer_into(room, sizeof room);
    uint8_t digest[GRILLE_HASH_MAX_BYTES], signature[GRILLE_RAW_SIGNATURE_MAX];
    grille_bytes parts[2] = {grille_bytes_of(context, context_len)};
    grille_hash_kind hash = crypto->key_curve(key->key) == GRILLE_P384 ? GRILLE_SHA384 : GRILLE_SHA256;
    size_t len = 0;
    grille_write_bytes(&writer, grille_bytes_of_text("grilpol1"));
    grille_write_u8(&writer, algorithm);
    grille_write_u64(&writer, version);
    grille_write_block_u32(&writer, grille_bytes_of_text(text));
    parts[1] = grille_written(&writer);
    assert_int_equal(GRILLE_REASON_OK, crypto->hash(hash, parts, 2, digest));
    assert_int_equal(GRILLE_REASON_OK, crypto->key_sign(key->key, grille_bytes_of(digest, grille_hash_len(hash)),
                                                        signature, sizeof signature, &len));
    grille_write_bytes(&writer, grille_bytes_of(signature, len));
    assert_int_equal(GRILLE_REASON_OK, grille_writer_end(&writer));
    return grille_written(&writer);
}

#define CONTEXT "grille policy update" /* with its zero byte */

static void what_is_signed_is_judged_too(void **state) {
    static const char text[] = "version: 8\n" PEERS;
    grille_policy *current = in_force(&p256, 7), *next = NULL;
    (void)state;
    /* the layout and the digest are those of the page */
    assert_string_equal("OK", update(current, craft(1, 8, text, &p256, CONTEXT, sizeof CONTEXT), &next));
    grille_policy_free(next);
    /* a signature of the same key for another use */
    refused(current, craft(1, 8, text, &p256, "", 0), "POLICY-UPDATE-SIGNATURE", "");
    refused(current, craft(1, 8, text, &p256, CONTEXT, sizeof CONTEXT - 1), "POLICY-UPDATE-SIGNATURE", "");
    refused(current, craft(1, 8, text, &p256, "grille x509 evidence", 21), "POLICY-UPDATE-SIGNATURE", "");
    /* the algorithm is signed, and none but the two */
    refused(current, craft(0, 8, text, &p256, CONTEXT, sizeof CONTEXT), "POLICY-UPDATE-FORMAT", "");
    refused(current, craft(3, 8, text, &p256, CONTEXT, sizeof CONTEXT), "POLICY-UPDATE-FORMAT", "");
    refused(current, craft(2, 8, text, &p256, CONTEXT, sizeof CONTEXT), "POLICY-UPDATE-FORMAT", ""); /* too short */
    refused(current, craft(1, 8, text, &p384, CONTEXT, sizeof CONTEXT), "POLICY-UPDATE-FORMAT", ""); /* too long */
    /* versions inside and outside */
    refused(current, craft(1, 9, text, &p256, CONTEXT, sizeof CONTEXT), "POLICY-UPDATE-VERSION",
            "version 8, the update around it 9");
    refused(current, craft(1, 8, PEERS, &p256, CONTEXT, sizeof CONTEXT), "POLICY-UPDATE-VERSION", "version 0");
    refused(current, craft(1, 0, PEERS, &p256, CONTEXT, sizeof CONTEXT), "POLICY-UPDATE-FORMAT", "");
    refused(current, craft(1, 8, "version: 7\n" PEERS, &p256, CONTEXT, sizeof CONTEXT), "POLICY-UPDATE-VERSION", "");
    /* the text is a policy as strict as any, and names no files */
    refused(current, craft(1, 8, "version: 8\n", &p256, CONTEXT, sizeof CONTEXT), "POLICY-EMPTY", "update 8:1:1: ");
    refused(current, craft(1, 8, "version: 8\nversions: 1\n", &p256, CONTEXT, sizeof CONTEXT), "POLICY-UNKNOWN-KEY",
            "update 8:2:1: ");
    refused(current, craft(1, 8, "version: 8\nupdate_key: key.pem\n" PEERS, &p256, CONTEXT, sizeof CONTEXT),
            "POLICY-FILE", "update 8:2:13: update_key names a file");
    refused(current,
            craft(1, 8, "version: 8\npeers:\n- name: a\n  kind: nitro\n  measurements: /m.json\n", &p256, CONTEXT,
                  sizeof CONTEXT),
            "POLICY-FILE", "update 8:5:17: measurements names a file");
    refused(current,
            craft(1, 8, "version: 8\npeers:\n- name: a\n  kind: x509\n  ca: /ca.pem\n  names: [a]\n", &p256, CONTEXT,
                  sizeof CONTEXT),
            "POLICY-FILE", "update 8:5:7: ca names a file");
    grille_policy_free(current);
}

/* Cut anywhere, longer, one bit changed anywhere: never taken, and the name says why. */
static void only_the_whole_update_is_taken(void **state) {
    uint8_t copy[1024];
    grille_bytes whole = sign("version: 8\n" PEERS, &p256);
    grille_policy *current = in_force(&p256, 7), *next = NULL;
    grille_policy_update_parts parts;
    size_t by_format = 0, by_signature = 0;
    (void)state;
    assert_true(whole.len < sizeof copy);
    memcpy(copy, whole.data, whole.len);
    for (size_t cut = 0; cut < whole.len; cut++) {
        /* a copy of exactly that size, so that a sanitizer sees a read beyond */
        uint8_t *exact = malloc(cut + 1);
        assert_non_null(exact);
        memcpy(exact, copy, cut);
        assert_int_equal(GRILLE_REASON_POLICY_UPDATE_FORMAT,
                         grille_policy_update_decode(grille_bytes_of(exact, cut), &parts));
        refused(current, grille_bytes_of(exact, cut), "POLICY-UPDATE-FORMAT", "no policy update");
        free(exact);
    }
    copy[whole.len] = 0;
    refused(current, grille_bytes_of(copy, whole.len + 1), "POLICY-UPDATE-FORMAT", "");
    for (size_t bit = 0; bit < 8 * whole.len; bit++) {
        const char *name;
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        name = update(current, grille_bytes_of(copy, whole.len), &next);
        if (strcmp(name, "POLICY-UPDATE-FORMAT") == 0) {
            by_format++;
        } else {
            assert_string_equal("POLICY-UPDATE-SIGNATURE", name);
            by_signature++;
        }
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    /* magic, algorithm, length, the one bit of version 8 */
    assert_int_equal(8 * (8 + 1 + 4) + 1, by_format);
    assert_int_equal(8 * whole.len - by_format, by_signature);
    assert_string_equal("OK", update(current, grille_bytes_of(copy, whole.len), &next));
    print_message("%zu prefixes and %zu changed bits of an update refused\n", whole.len, 8 * whole.len);
    grille_policy_free(next);
    grille_policy_free(current);
}

/* The text may have as many bytes as a policy's file, and one more is no update. */
static void texts_have_the_limit_of_files(void **state) {
    const size_t capacity = GRILLE_LIMIT_POLICY_FILE_BYTES + 1 + GRILLE_POLICY_UPDATE_OVERHEAD;
    uint8_t *text = malloc(GRILLE_LIMIT_POLICY_FILE_BYTES + 1), *room = malloc(capacity);
    static const char start[] = "version: 8\n" PEERS "#";
    grille_policy *current = in_force(&p256, 7), *next = NULL;
    grille_writer writer = grille_writer_into(room, capacity);
    size_t len = 0;
    (void)state;
    assert_non_null(text);
    assert_non_null(room);
    memset(text, '#', GRILLE_LIMIT_POLICY_FILE_BYTES + 1);
    memcpy(text, start, sizeof start - 1);
    assert_int_equal(GRILLE_OK,
                     grille_policy_update_sign(grille_bytes_of(text, GRILLE_LIMIT_POLICY_FILE_BYTES),
                                               grille_bytes_of_text(p256.private_pem), room, capacity, &len, &error));
    assert_string_equal("OK", update(current, grille_bytes_of(room, len), &next));
    grille_policy_free(next);
    assert_int_equal(GRILLE_INVALID_ARGUMENT,
                     grille_policy_update_sign(grille_bytes_of(text, GRILLE_LIMIT_POLICY_FILE_BYTES + 1),
                                               grille_bytes_of_text(p256.private_pem), room, capacity, &len, &error));
    assert_string_equal("POLICY-FILE", error.name);
    grille_write_bytes(&writer, grille_bytes_of_text("grilpol1"));
    grille_write_u8(&writer, 1);
    grille_write_u64(&writer, 8);
    grille_write_block_u32(&writer, grille_bytes_of(text, GRILLE_LIMIT_POLICY_FILE_BYTES + 1));
    grille_write_zeros(&writer, 64);
    refused(current, grille_written(&writer), "POLICY-UPDATE-FORMAT", "");
    grille_policy_free(current);
    free(room);
    free(text);
}

static void only_what_can_be_taken_is_signed(void **state) {
    uint8_t room[1024];
    size_t len = 1;
    const grille_bytes good = grille_bytes_of_text("version: 8\n" PEERS);
    const struct {
        const char *text, *key, *name, *part;
    } rows[] = {
        {PEERS, p256.private_pem, "POLICY-UPDATE-VERSION", "has no version"},
        {"version: 8\n", p256.private_pem, "POLICY-EMPTY", "update:1:1: "},
        {"version: 8\nupdate_key: k.pem\n" PEERS, p256.private_pem, "POLICY-FILE", "update:2:13: "},
        {"version: 8\n" PEERS, p256.public_pem, "POLICY-KEY", "PRIVATE KEY"},
        {"version: 8\n" PEERS, "", "POLICY-KEY", "PRIVATE KEY"},
        {"version: 8\n" PEERS, "key.pem", "POLICY-KEY", "PRIVATE KEY"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        len = 1;
        assert_int_not_equal(GRILLE_OK, grille_policy_update_sign(grille_bytes_of_text(rows[i].text),
                                                                  grille_bytes_of_text(rows[i].key), room, sizeof room,
                                                                  &len, &error));
        assert_int_equal(0, len);
        if (strcmp(rows[i].name, error.name) != 0 || strstr(error.text, rows[i].part) == NULL) {
            fail_msg("row %zu: expected %s \"%s\", observed %s \"%s\"", i, rows[i].name, rows[i].part, error.name,
                     error.text);
        }
    }
    for (size_t capacity = 0; capacity < good.len + GRILLE_POLICY_UPDATE_OVERHEAD - 32; capacity += 21) {
        assert_int_equal(
            GRILLE_RESOURCE_EXHAUSTED,
            grille_policy_update_sign(good, grille_bytes_of_text(p256.private_pem), room, capacity, &len, &error));
        assert_string_equal("NO-SPACE", error.name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_update_is_taken),
        cmocka_unit_test(versions_rise),
        cmocka_unit_test(only_the_pinned_key_decides),
        cmocka_unit_test(a_key_can_be_replaced),
        cmocka_unit_test(what_is_signed_is_judged_too),
        cmocka_unit_test(only_the_whole_update_is_taken),
        cmocka_unit_test(texts_have_the_limit_of_files),
        cmocka_unit_test(only_what_can_be_taken_is_signed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
