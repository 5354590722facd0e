/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/policy_set.h"

#include <string.h>

#include "attest/policy_value.h"
#include "base/bytes.h"
#include "base/error.h"
#include "wire/limits.h"

typedef struct set_reader {
    grille_policy_parser *parser;
    grille_policy_set *set;
} set_reader;

static grille_reason out_of_memory(const set_reader *reader) {
    return grille_error_default(reader->parser->yaml.error, GRILLE_REASON_OUT_OF_MEMORY);
}

/* A copy that outlives the YAML tree. */
static grille_reason keep(const set_reader *reader, grille_bytes text, grille_bytes *kept) {
    *kept = grille_arena_copy(&reader->parser->policy->arena, text);
    return kept->data == NULL ? out_of_memory(reader) : GRILLE_REASON_OK;
}

static grille_reason read_name(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    set_reader *reader = target;
    grille_bytes name;
    grille_reason reason = grille_policy_read_label(&reader->parser->yaml, value, key->key, GRILLE_NAME_MAX - 1, &name);
    if (reason == GRILLE_REASON_OK) reason = keep(reader, name, &name);
    if (reason == GRILLE_REASON_OK) reader->set->name = (const char *)name.data;
    return reason;
}

/* `kind` chose this table already. */
static grille_reason read_kind(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    (void)target;
    (void)key;
    (void)value;
    return GRILLE_REASON_OK;
}

static grille_reason read_not_after(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    set_reader *reader = target;
    return grille_policy_read_time(&reader->parser->yaml, value, key->key, &reader->set->not_after_ms);
}

static grille_reason read_min_build(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    set_reader *reader = target;
    return grille_policy_read_unsigned(&reader->parser->yaml, value, key->key, &reader->set->min_build);
}

static grille_reason read_methods(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    set_reader *reader = target;
    bool may_call = key->argument == 0;
    grille_policy_methods *methods = may_call ? &reader->set->may_call : &reader->set->serves;
    size_t count = 0;
    grille_bytes *patterns;
    grille_reason reason = grille_yaml_list(&reader->parser->yaml, value, key->key, &count);
    if (reason != GRILLE_REASON_OK) return reason;
    patterns = grille_arena_alloc(&reader->parser->policy->arena, count * sizeof *patterns);
    if (patterns == NULL) return out_of_memory(reader);
    for (size_t i = 0; i < count; i++) {
        reason = grille_policy_read_method(&reader->parser->yaml, grille_yaml_item(&reader->parser->yaml, value, i),
                                           &patterns[i]);
        if (reason == GRILLE_REASON_OK) reason = keep(reader, patterns[i], &patterns[i]);
        if (reason != GRILLE_REASON_OK) return reason;
    }
    *methods = (grille_policy_methods){.patterns = patterns, .count = count};
    return GRILLE_REASON_OK;
}

static grille_reason read_pcr(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    set_reader *reader = target;
    uint8_t pcr[GRILLE_PCR_BYTES];
    grille_reason reason = grille_policy_read_hex(&reader->parser->yaml, value, key->key, pcr, sizeof pcr);
    if (reason != GRILLE_REASON_OK) return reason;
    return grille_policy_pin(reader->parser, value, reader->set, key->argument, pcr);
}

static grille_reason read_measurements(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    set_reader *reader = target;
    (void)key;
    return grille_policy_read_measurements(reader->parser, value, reader->set);
}

/* SHA384(48 zero bytes ‖ content): how the NSM extends a PCR that starts at zero. */
static grille_reason pin_extended(set_reader *reader, const yaml_node_t *value, unsigned index, grille_bytes content) {
    static const uint8_t zeros[GRILLE_PCR_BYTES];
    const grille_bytes parts[] = {grille_bytes_of(zeros, sizeof zeros), content};
    uint8_t pcr[GRILLE_PCR_BYTES];
    grille_reason reason = reader->parser->crypto->hash(GRILLE_SHA384, parts, 2, pcr);
    if (reason != GRILLE_REASON_OK) return grille_error_default(reader->parser->yaml.error, reason);
    return grille_policy_pin(reader->parser, value, reader->set, index, pcr);
}

/* `role` (PCR3, the ARN) and `instance` (PCR4, the instance id): hashed as they are. */
static grille_reason read_hashed_text(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    set_reader *reader = target;
    const char *start = key->argument == 3 ? "arn:" : "i-";
    grille_bytes text;
    grille_reason reason = grille_policy_read_label(&reader->parser->yaml, value, key->key, 2048, &text);
    if (reason != GRILLE_REASON_OK) return reason;
    if (text.len <= strlen(start) || memcmp(text.data, start, strlen(start)) != 0) {
        return grille_yaml_fail(&reader->parser->yaml, value, GRILLE_REASON_POLICY_VALUE,
                                "%s does not begin with \"%s\"; a PCR value goes to pcr%u", key->key, start,
                                key->argument);
    }
    return pin_extended(reader, value, key->argument, text);
}

/* `signer` (PCR8): the hash of the signing certificate's DER, extended. */
static grille_reason read_signer(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    set_reader *reader = target;
    grille_bytes certificate;
    size_t count = 0;
    uint8_t digest[GRILLE_SHA384_BYTES];
    grille_reason reason = grille_policy_read_certificates(reader->parser, value, key->key, &certificate, 1, &count);
    if (reason != GRILLE_REASON_OK) return reason;
    reason = reader->parser->crypto->hash(GRILLE_SHA384, &certificate, 1, digest);
    if (reason != GRILLE_REASON_OK) return grille_error_default(reader->parser->yaml.error, reason);
    return pin_extended(reader, value, key->argument, grille_bytes_of(digest, sizeof digest));
}

static grille_reason read_peer(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    set_reader *reader = target;
    (void)key;
    return grille_yaml_fail(&reader->parser->yaml, value, GRILLE_REASON_POLICY_NOT_YET,
                            "peer (self: the same image as our own) is not available yet: pin the image with "
                            "measurements or pcr0");
}

static grille_reason read_authorities(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    set_reader *reader = target;
    grille_bytes *authorities =
        grille_arena_alloc(&reader->parser->policy->arena, GRILLE_LIMIT_POLICY_AUTHORITIES * sizeof *authorities);
    grille_reason reason;
    if (authorities == NULL) return out_of_memory(reader);
    reason = grille_policy_read_certificates(reader->parser, value, key->key, authorities,
                                             GRILLE_LIMIT_POLICY_AUTHORITIES, &reader->set->authority_count);
    for (size_t i = 0; i < reader->set->authority_count && reason == GRILLE_REASON_OK; i++) {
        grille_x509 ca;
        reason = grille_x509_read(authorities[i], &ca);
        if (reason != GRILLE_REASON_OK || !ca.is_ca || !ca.has_ec_key) {
            return grille_yaml_fail(&reader->parser->yaml, value, GRILLE_REASON_POLICY_CERTIFICATE,
                                    "certificate %zu is no CA with a P-256 or P-384 key: give the CA's own certificate",
                                    i + 1);
        }
    }
    reader->set->authorities = authorities;
    return reason;
}

static grille_reason read_one_name(set_reader *reader, const yaml_node_t *item, grille_policy_name *name) {
    grille_reason reason =
        grille_policy_read_label(&reader->parser->yaml, item, "a name", GRILLE_NAME_MAX - 1, &name->text);
    if (reason != GRILLE_REASON_OK) return reason;
    if (memchr(name->text.data, '*', name->text.len) != NULL) {
        return grille_yaml_fail(&reader->parser->yaml, item, GRILLE_REASON_POLICY_VALUE,
                                "wildcards are not allowed in names: list each name");
    }
    name->kind = memchr(name->text.data, ':', name->text.len) != NULL ? GRILLE_X509_URI : GRILLE_X509_DNS;
    return keep(reader, name->text, &name->text);
}

static grille_reason read_names(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    set_reader *reader = target;
    size_t count = 0;
    grille_policy_name *names;
    grille_reason reason = grille_yaml_list(&reader->parser->yaml, value, key->key, &count);
    if (reason != GRILLE_REASON_OK) return reason;
    names = grille_arena_alloc(&reader->parser->policy->arena, count * sizeof *names);
    if (names == NULL) return out_of_memory(reader);
    for (size_t i = 0; i < count && reason == GRILLE_REASON_OK; i++) {
        reason = read_one_name(reader, grille_yaml_item(&reader->parser->yaml, value, i), &names[i]);
    }
    reader->set->names = names;
    reader->set->name_count = count;
    return reason;
}

#define COMMON_KEYS                                                                                                    \
    {"name", read_name, 0}, {"kind", read_kind, 0}, {"not_after", read_not_after, 0},                                  \
        {"min_build", read_min_build, 0}, {"may_call", read_methods, 0}, {                                             \
        "serves", read_methods, 1                                                                                      \
    }
#define PCR(n)                                                                                                         \
    { "pcr" #n, read_pcr, n }

static const grille_yaml_key nitro_keys[] = {
    COMMON_KEYS,
    {"measurements", read_measurements, 0},
    {"role", read_hashed_text, 3},
    {"instance", read_hashed_text, 4},
    {"signer", read_signer, 8},
    {"peer", read_peer, 0},
    PCR(0),
    PCR(1),
    PCR(2),
    PCR(3),
    PCR(4),
    PCR(5),
    PCR(6),
    PCR(7),
    PCR(8),
    PCR(9),
    PCR(10),
    PCR(11),
    PCR(12),
    PCR(13),
    PCR(14),
    PCR(15),
    PCR(16),
    PCR(17),
    PCR(18),
    PCR(19),
    PCR(20),
    PCR(21),
    PCR(22),
    PCR(23),
    PCR(24),
    PCR(25),
    PCR(26),
    PCR(27),
    PCR(28),
    PCR(29),
    PCR(30),
    PCR(31),
};

static const grille_yaml_key x509_keys[] = {
    COMMON_KEYS,
    {"ca", read_authorities, 0},
    {"names", read_names, 0},
};

static grille_reason check_nitro(const set_reader *reader, const yaml_node_t *node) {
    uint32_t mask = reader->set->pcr_mask;
    if (mask == 0) {
        return grille_yaml_fail(&reader->parser->yaml, node, GRILLE_REASON_POLICY_EMPTY,
                                "this set pins nothing, so every enclave would pass: add measurements, pcr0 or signer");
    }
    if ((mask & (1u << 0 | 1u << 8)) == 0) {
        return grille_yaml_fail(&reader->parser->yaml, node, GRILLE_REASON_POLICY_WEAK_SET,
                                "this set pins neither the image (pcr0) nor its signer (pcr8), so other images would "
                                "pass: add measurements, pcr0 or signer");
    }
    return GRILLE_REASON_OK;
}

static grille_reason check_x509(const set_reader *reader, const yaml_node_t *node) {
    if (reader->set->authority_count > 0 && reader->set->name_count > 0) return GRILLE_REASON_OK;
    return grille_yaml_fail(&reader->parser->yaml, node, GRILLE_REASON_POLICY_MISSING_KEY,
                            "this set lacks \"%s\": an x509 set needs ca (who issues) and names (who is meant)",
                            reader->set->authority_count == 0 ? "ca" : "names");
}

static grille_reason find_kind(set_reader *reader, yaml_node_t *node) {
    static const char *const words[] = {"nitro", "x509", "psk", "anonymous"};
    grille_yaml *yaml = &reader->parser->yaml;
    const yaml_node_t *value = grille_yaml_find(yaml, node, "kind");
    size_t index = 0;
    grille_reason reason;
    if (value == NULL) {
        return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_MISSING_KEY,
                                "this set lacks \"kind\": write kind: nitro or kind: x509");
    }
    reason = grille_policy_read_word(yaml, value, "kind", words, 4, &index);
    if (reason != GRILLE_REASON_OK) return reason;
    if (index >= 2) {
        return grille_yaml_fail(yaml, value, GRILLE_REASON_POLICY_NOT_YET,
                                "kind %s is not available yet: use nitro or x509", words[index]);
    }
    reader->set->kind = index == 0 ? GRILLE_IDENTITY_NITRO : GRILLE_IDENTITY_X509;
    return GRILLE_REASON_OK;
}

grille_reason grille_policy_read_set(grille_policy_parser *parser, yaml_node_t *node, grille_policy_set *set) {
    set_reader reader = {.parser = parser, .set = set};
    grille_reason reason;
    bool nitro;
    *set = (grille_policy_set){.not_after_ms = GRILLE_WALL_NEVER};
    if (node->type != YAML_MAPPING_NODE) {
        return grille_yaml_fail(&parser->yaml, node, GRILLE_REASON_POLICY_TYPE,
                                "a set is a map of \"key: value\" lines");
    }
    reason = find_kind(&reader, node);
    if (reason != GRILLE_REASON_OK) return reason;
    nitro = set->kind == GRILLE_IDENTITY_NITRO;
    reason = nitro ? grille_yaml_read_map(&parser->yaml, node, "a set", nitro_keys,
                                          sizeof nitro_keys / sizeof nitro_keys[0], &reader)
                   : grille_yaml_read_map(&parser->yaml, node, "a set", x509_keys,
                                          sizeof x509_keys / sizeof x509_keys[0], &reader);
    if (reason == GRILLE_REASON_OK && set->name == NULL) {
        reason = grille_yaml_fail(&parser->yaml, node, GRILLE_REASON_POLICY_MISSING_KEY,
                                  "this set lacks \"name\", which logs and errors call it by");
    }
    if (reason != GRILLE_REASON_OK) return reason;
    return nitro ? check_nitro(&reader, node) : check_x509(&reader, node);
}
