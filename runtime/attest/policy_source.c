/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/policy_source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/certificate.h"
#include "crypto/pem.h"
#include "wire/limits.h"

static grille_reason fail_file(const char *path, grille_error *error) {
    return grille_error_set(error, GRILLE_REASON_POLICY_FILE,
                            "%s can't be read: %s. Check the path and its permissions", path, strerror(errno));
}

static grille_reason read_open_file(FILE *file, const char *path, size_t limit, grille_arena *arena,
                                    grille_bytes *content, grille_error *error) {
    struct stat status;
    uint8_t *bytes;
    size_t len;
    if (fstat(fileno(file), &status) != 0) return fail_file(path, error);
    if (!S_ISREG(status.st_mode) || status.st_size < 0 || (uint64_t)status.st_size > limit) {
        return grille_error_set(error, GRILLE_REASON_POLICY_FILE, "%s is no regular file of at most %zu bytes", path,
                                limit);
    }
    bytes = grille_arena_alloc(arena, (size_t)status.st_size + 1);
    if (bytes == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    len = fread(bytes, 1, (size_t)status.st_size, file);
    if (ferror(file)) return fail_file(path, error);
    *content = grille_bytes_of(bytes, len);
    return GRILLE_REASON_OK;
}

grille_reason grille_policy_read_file(const char *path, size_t limit, grille_arena *arena, grille_bytes *content,
                                      grille_error *error) {
    FILE *file = fopen(path, "rbe");
    grille_reason reason;
    if (file == NULL) return fail_file(path, error);
    reason = read_open_file(file, path, limit, arena, content, error);
    (void)fclose(file);
    return reason;
}

grille_reason grille_policy_fold_digest(grille_policy_parser *parser, grille_bytes content) {
    const grille_bytes parts[] = {grille_bytes_of(parser->policy->digest, sizeof parser->policy->digest), content};
    return parser->crypto->hash(GRILLE_SHA384, parts, 2, parser->policy->digest);
}

grille_reason grille_policy_named_path(const grille_policy_parser *parser, const yaml_node_t *node, const char *what,
                                       grille_bytes name, char path[GRILLE_POLICY_PATH_BYTES]) {
    int len;
    if (parser->folder == NULL) {
        return grille_yaml_fail(&parser->yaml, node, GRILLE_REASON_POLICY_FILE,
                                "%s names a file, but this policy has no folder: write the content itself", what);
    }
    len = name.len > 0 && name.data[0] == '/'
              ? snprintf(path, GRILLE_POLICY_PATH_BYTES, "%.*s", (int)name.len, (const char *)name.data)
              : snprintf(path, GRILLE_POLICY_PATH_BYTES, "%s/%.*s", parser->folder, (int)name.len,
                         (const char *)name.data);
    if (name.len == 0 || len < 0 || len >= GRILLE_POLICY_PATH_BYTES || memchr(name.data, 0, name.len) != NULL) {
        return grille_yaml_fail(&parser->yaml, node, GRILLE_REASON_POLICY_VALUE, "%s is not a path", what);
    }
    return GRILLE_REASON_OK;
}

/* The file that a value names; its bytes become part of the policy's digest. */
static grille_reason read_named_file(grille_policy_parser *parser, const yaml_node_t *node, const char *what,
                                     grille_bytes name, grille_bytes *content) {
    char path[GRILLE_POLICY_PATH_BYTES];
    grille_error cause = {.code = GRILLE_OK};
    grille_reason reason = grille_policy_named_path(parser, node, what, name, path);
    if (reason != GRILLE_REASON_OK) return reason;
    reason = grille_policy_read_file(path, GRILLE_LIMIT_POLICY_FILE_BYTES, &parser->policy->arena, content, &cause);
    if (reason != GRILLE_REASON_OK) return grille_yaml_fail(&parser->yaml, node, reason, "%s: %s", what, cause.text);
    return grille_policy_fold_digest(parser, *content);
}

static bool is_pem(grille_bytes text) {
    static const char mark[] = "-----BEGIN";
    grille_reader reader = grille_reader_of(text);
    return grille_bytes_equal(grille_read_bytes(&reader, sizeof mark - 1), grille_bytes_of_text(mark));
}

/* The PEM text of a value: the value itself, or the file that it names. */
static grille_reason read_pem_text(grille_policy_parser *parser, const yaml_node_t *node, const char *what,
                                   grille_bytes *text) {
    grille_reason reason = grille_yaml_text(&parser->yaml, node, what, text);
    if (reason == GRILLE_REASON_OK && !is_pem(*text)) reason = read_named_file(parser, node, what, *text, text);
    return reason;
}

static grille_reason read_certificate(grille_policy_parser *parser, grille_reader *text, grille_bytes *der) {
    uint8_t bytes[GRILLE_LIMIT_PEER_CERTIFICATE_BYTES];
    size_t len = 0;
    grille_pem_label label;
    grille_x509 parsed;
    grille_reason reason = grille_pem_read(text, &label, bytes, sizeof bytes, &len);
    if (reason == GRILLE_REASON_OK && label != GRILLE_PEM_CERTIFICATE) reason = GRILLE_REASON_CRYPTO_BAD_PEM;
    if (reason == GRILLE_REASON_OK) reason = grille_x509_read(grille_bytes_of(bytes, len), &parsed);
    if (reason == GRILLE_REASON_OK) {
        *der = grille_arena_copy(&parser->policy->arena, grille_bytes_of(bytes, len));
        if (der->data == NULL) reason = GRILLE_REASON_OUT_OF_MEMORY;
    }
    grille_wipe(bytes, sizeof bytes); /* somebody may have named a private key */
    return reason;
}

grille_reason grille_policy_read_certificates(grille_policy_parser *parser, const yaml_node_t *node, const char *what,
                                              grille_bytes *certificates, size_t capacity, size_t *count) {
    grille_bytes text;
    grille_reader reader;
    grille_reason reason = read_pem_text(parser, node, what, &text);
    if (reason != GRILLE_REASON_OK) return reason;
    reader = grille_reader_of(text);
    *count = 0;
    while (reason == GRILLE_REASON_OK && grille_pem_more(&reader)) {
        if (*count == capacity) {
            return grille_yaml_fail(&parser->yaml, node, GRILLE_REASON_POLICY_CERTIFICATE,
                                    "%s has more than %zu certificates", what, capacity);
        }
        reason = read_certificate(parser, &reader, &certificates[*count]);
        if (reason == GRILLE_REASON_OK) ++*count;
    }
    if (reason == GRILLE_REASON_OUT_OF_MEMORY) return grille_error_default(parser->yaml.error, reason);
    if (reason == GRILLE_REASON_OK && *count > 0) return reason;
    return grille_yaml_fail(&parser->yaml, node, GRILLE_REASON_POLICY_CERTIFICATE,
                            "%s: certificate %zu can't be read (%s): write PEM, or the path of a PEM file", what,
                            *count + 1, reason == GRILLE_REASON_OK ? "there is none" : grille_reason_text(reason));
}

/* One block PUBLIC KEY and nothing else; the point is a view into `der`. */
static grille_reason read_spki(grille_reader *text, uint8_t der[GRILLE_SPKI_MAX], grille_curve *curve,
                               grille_bytes *point) {
    grille_pem_label label = GRILLE_PEM_CERTIFICATE;
    size_t len = 0;
    grille_reason reason = grille_pem_more(text) ? grille_pem_read(text, &label, der, GRILLE_SPKI_MAX, &len)
                                                 : GRILLE_REASON_CRYPTO_BAD_PEM;
    if (reason == GRILLE_REASON_OK && (label != GRILLE_PEM_PUBLIC_KEY || grille_pem_more(text))) {
        reason = GRILLE_REASON_CRYPTO_BAD_PEM;
    }
    return reason == GRILLE_REASON_OK ? grille_spki_read(grille_bytes_of(der, len), curve, point) : reason;
}

/* Verifying anything tells whether the point is on its curve. */
static bool is_on_curve(const grille_crypto *crypto, grille_curve curve, grille_bytes point) {
    uint8_t raw[GRILLE_RAW_SIGNATURE_MAX] = {0};
    size_t half = grille_curve_scalar_len(curve);
    grille_hash_kind hash = curve == GRILLE_P384 ? GRILLE_SHA384 : GRILLE_SHA256;
    raw[half - 1] = raw[2 * half - 1] = 1;
    return crypto->ecdsa_verify(curve, point, grille_bytes_of(raw, grille_hash_len(hash)),
                                grille_bytes_of(raw, 2 * half)) == GRILLE_REASON_CRYPTO_BAD_SIGNATURE;
}

grille_reason grille_policy_read_public_key(grille_policy_parser *parser, const yaml_node_t *node, const char *what,
                                            grille_curve *curve, grille_bytes *point) {
    uint8_t der[GRILLE_SPKI_MAX];
    grille_bytes text, found = grille_bytes_of(NULL, 0);
    grille_reader reader;
    grille_reason reason = read_pem_text(parser, node, what, &text);
    if (reason != GRILLE_REASON_OK) return reason;
    reader = grille_reader_of(text);
    reason = read_spki(&reader, der, curve, &found);
    if (reason == GRILLE_REASON_OK && !is_on_curve(parser->crypto, *curve, found)) {
        reason = GRILLE_REASON_CRYPTO_BAD_KEY;
    }
    if (reason == GRILLE_REASON_OK) {
        *point = grille_arena_copy(&parser->policy->arena, found);
        if (point->data == NULL) return grille_error_default(parser->yaml.error, GRILLE_REASON_OUT_OF_MEMORY);
    }
    grille_wipe(der, sizeof der); /* somebody may have named a private key */
    if (reason == GRILLE_REASON_OK) return reason;
    return grille_yaml_fail(&parser->yaml, node, GRILLE_REASON_POLICY_KEY,
                            "%s: %s: write one PEM block PUBLIC KEY with a P-256 or P-384 key, or its file's path",
                            what, grille_reason_text(reason));
}

grille_reason grille_policy_pin_self(const grille_policy_parser *parser, const yaml_node_t *node,
                                     grille_policy_set *set, const char *key, unsigned index) {
    if ((set->pcr_mask & 1u << index) != 0) {
        return grille_yaml_fail(&parser->yaml, node, GRILLE_REASON_POLICY_PINNED_TWICE,
                                "PCR%u is pinned a second time in this set, first by %s at line %zu: keep one of them",
                                index, set->origins[index].key, set->origins[index].line);
    }
    set->pcr_mask |= 1u << index;
    set->origins[index] = (grille_policy_origin){.key = key, .line = node->start_mark.line + 1};
    return GRILLE_REASON_OK;
}

grille_reason grille_policy_pin(const grille_policy_parser *parser, const yaml_node_t *node, grille_policy_set *set,
                                const char *key, unsigned index, const uint8_t value[GRILLE_PCR_BYTES]) {
    grille_reason reason = grille_policy_pin_self(parser, node, set, key, index);
    if (reason != GRILLE_REASON_OK) return reason;
    if (grille_bytes_all_zero(grille_bytes_of(value, GRILLE_PCR_BYTES))) {
        return grille_yaml_fail(&parser->yaml, node, GRILLE_REASON_POLICY_ZERO_PCR,
                                "PCR%u is all zero: it would accept every debug enclave, or one without the thing that "
                                "PCR%u measures. Take the value from the build's measurements",
                                index, index);
    }
    memcpy(set->pcrs[index], value, GRILLE_PCR_BYTES);
    return GRILLE_REASON_OK;
}

/* One "PCRn" of the map Measurements; absent is fine when it is not `required`. */
static grille_reason pin_measured(grille_policy_parser *parser, grille_yaml *file, const yaml_node_t *measured,
                                  const yaml_node_t *node, grille_policy_set *set, unsigned index, bool required) {
    uint8_t value[GRILLE_PCR_BYTES];
    size_t len = 0;
    char key[8];
    const yaml_node_t *found;
    (void)snprintf(key, sizeof key, "PCR%u", index);
    found = grille_yaml_find(file, measured, key);
    if (found == NULL && !required) return GRILLE_REASON_OK;
    if (found == NULL || found->type != YAML_SCALAR_NODE ||
        !grille_hex_decode((const char *)found->data.scalar.value, found->data.scalar.length, value, sizeof value,
                           &len) ||
        len != sizeof value) {
        return grille_yaml_fail(
            &parser->yaml, node, GRILLE_REASON_POLICY_MEASUREMENTS,
            "the measurements file has no Measurements.%s of 96 hex digits; expected what nitro-cli "
            "build-enclave prints",
            key);
    }
    return grille_policy_pin(parser, node, set, "measurements", index, value);
}

grille_reason grille_policy_read_measurements(grille_policy_parser *parser, const yaml_node_t *node,
                                              grille_policy_set *set) {
    static const unsigned pinned[] = {0, 1, 2, 8};
    grille_bytes name, content;
    grille_error cause = {.code = GRILLE_OK};
    grille_yaml file; /* JSON is YAML */
    yaml_node_t *root = NULL, *measured;
    grille_reason reason = grille_yaml_text(&parser->yaml, node, "measurements", &name);
    if (reason == GRILLE_REASON_OK) reason = read_named_file(parser, node, "measurements", name, &content);
    if (reason != GRILLE_REASON_OK) return reason;
    reason = grille_yaml_open(&file, content, "measurements", &root, &cause);
    if (reason != GRILLE_REASON_OK) {
        if (reason != GRILLE_REASON_OUT_OF_MEMORY) reason = GRILLE_REASON_POLICY_MEASUREMENTS;
        return grille_yaml_fail(&parser->yaml, node, reason, "%s", cause.text);
    }
    measured = grille_yaml_find(&file, root, "Measurements");
    if (!grille_yaml_keys_unique(&file, root) || !grille_yaml_keys_unique(&file, measured)) {
        reason = grille_yaml_fail(&parser->yaml, node, GRILLE_REASON_POLICY_MEASUREMENTS,
                                  "the measurements file is no map \"Measurements\" with each key once; expected what "
                                  "nitro-cli build-enclave prints");
    }
    for (size_t i = 0; i < sizeof pinned / sizeof pinned[0] && reason == GRILLE_REASON_OK; i++) {
        reason = pin_measured(parser, &file, measured, node, set, pinned[i], pinned[i] != 8);
    }
    grille_yaml_close(&file);
    return reason;
}
