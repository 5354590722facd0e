/* SPDX-License-Identifier: Apache-2.0
 * Sets of kind nitro: what they pin. */
#include <string.h>

#include "attest/identity_state.h"
#include "attest/policy_set_kinds.h"
#include "attest/policy_value.h"
#include "base/bytes.h"
#include "base/error.h"

static grille_reason read_pcr(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_set_reader *reader = target;
    uint8_t pcr[GRILLE_PCR_BYTES];
    grille_reason reason = grille_policy_read_hex(&reader->parser->yaml, value, key->key, pcr, sizeof pcr);
    if (reason != GRILLE_REASON_OK) return reason;
    return grille_policy_pin(reader->parser, value, reader->set, key->key, key->argument, pcr);
}

static grille_reason read_measurements(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_set_reader *reader = target;
    (void)key;
    return grille_policy_read_measurements(reader->parser, value, reader->set);
}

/* SHA384(48 zero bytes ‖ content): how the NSM extends a PCR that starts at zero. */
static grille_reason pin_extended(grille_policy_set_reader *reader, const yaml_node_t *value,
                                  const grille_yaml_key *key, grille_bytes content) {
    static const uint8_t zeros[GRILLE_PCR_BYTES];
    const grille_bytes parts[] = {grille_bytes_of(zeros, sizeof zeros), content};
    uint8_t pcr[GRILLE_PCR_BYTES];
    grille_reason reason = reader->parser->crypto->hash(GRILLE_SHA384, parts, 2, pcr);
    if (reason != GRILLE_REASON_OK) return grille_error_default(reader->parser->yaml.error, reason);
    return grille_policy_pin(reader->parser, value, reader->set, key->key, key->argument, pcr);
}

/* `role` (PCR3, the ARN) and `instance` (PCR4, the instance id): hashed as they are. */
static grille_reason read_hashed_text(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_set_reader *reader = target;
    const char *start = key->argument == 3 ? "arn:" : "i-";
    grille_bytes text;
    grille_reason reason = grille_policy_read_label(&reader->parser->yaml, value, key->key, 2048, &text);
    if (reason != GRILLE_REASON_OK) return reason;
    if (text.len <= strlen(start) || memcmp(text.data, start, strlen(start)) != 0) {
        return grille_yaml_fail(&reader->parser->yaml, value, GRILLE_REASON_POLICY_VALUE,
                                "%s does not begin with \"%s\"; a PCR value goes to pcr%u", key->key, start,
                                key->argument);
    }
    return pin_extended(reader, value, key, text);
}

/* `signer` (PCR8): the hash of the signing certificate's DER, extended. */
static grille_reason read_signer(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_set_reader *reader = target;
    grille_bytes certificate;
    size_t count = 0;
    uint8_t digest[GRILLE_SHA384_BYTES];
    grille_reason reason = grille_policy_read_certificates(reader->parser, value, key->key, &certificate, 1, &count);
    if (reason != GRILLE_REASON_OK) return reason;
    reason = reader->parser->crypto->hash(GRILLE_SHA384, &certificate, 1, digest);
    if (reason != GRILLE_REASON_OK) return grille_error_default(reader->parser->yaml.error, reason);
    return pin_extended(reader, value, key, grille_bytes_of(digest, sizeof digest));
}

/* `peer: self` pins PCR0, 1 and 2 to what ours are. */
static grille_reason read_peer(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    static const char *const words[] = {"self"};
    grille_policy_set_reader *reader = target;
    size_t index = 0;
    grille_reason reason = grille_policy_read_word(&reader->parser->yaml, value, key->key, words, 1, &index);
    if (reason != GRILLE_REASON_OK) return reason;
    for (unsigned i = 0; i < GRILLE_SELF_PCRS && reason == GRILLE_REASON_OK; i++)
        reason = grille_policy_pin_self(reader->parser, value, reader->set, key->key, i);
    reader->set->self = true;
    return reason;
}

#define PCR(n)                                                                                                         \
    { "pcr" #n, read_pcr, n }

static const grille_yaml_key keys[] = {
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

static grille_reason check_nitro(const grille_policy_set_reader *reader, yaml_node_t *node) {
    uint32_t mask = reader->set->pcr_mask;
    if (mask == 0) {
        return grille_yaml_fail(
            &reader->parser->yaml, node, GRILLE_REASON_POLICY_EMPTY,
            "this set pins nothing, so every enclave would pass: add measurements, pcr0, signer or peer: self");
    }
    if ((mask & (1u << 0 | 1u << 8)) == 0) {
        return grille_yaml_fail(&reader->parser->yaml, node, GRILLE_REASON_POLICY_WEAK_SET,
                                "this set pins neither the image (pcr0) nor its signer (pcr8), so other images would "
                                "pass: add measurements, pcr0 or signer");
    }
    return GRILLE_REASON_OK;
}

const grille_policy_set_kind grille_policy_nitro_sets = {
    .kind = GRILLE_IDENTITY_NITRO, .keys = keys, .key_count = sizeof keys / sizeof keys[0], .check = check_nitro};
