/* SPDX-License-Identifier: Apache-2.0
 * The kinds of sets behind policy_set.h: what each adds to the keys that all sets have. */
#ifndef GRILLE_ATTEST_POLICY_SET_KINDS_H
#define GRILLE_ATTEST_POLICY_SET_KINDS_H

#include "attest/policy_set.h"

/* The target of the keys' readers. */
typedef struct grille_policy_set_reader {
    grille_policy_parser *parser;
    grille_policy_set *set;
} grille_policy_set_reader;

/* One kind; the keys of all kinds and its own are at most GRILLE_YAML_KEYS_MAX. */
typedef struct grille_policy_set_kind {
    grille_identity_kind kind;
    const grille_yaml_key *keys;
    size_t key_count;
    /* How the keys must stand to each other, after all of them were read. */
    grille_reason (*check)(const grille_policy_set_reader *reader, yaml_node_t *node);
} grille_policy_set_kind;

extern const grille_policy_set_kind grille_policy_nitro_sets;
extern const grille_policy_set_kind grille_policy_x509_sets;
extern const grille_policy_set_kind grille_policy_psk_sets;
extern const grille_policy_set_kind grille_policy_anonymous_sets;

/* Readers of `refuse` and `policy_digest`, which all sets have. */
GRILLE_MUST_USE grille_reason grille_policy_set_read_refuse(void *target, const grille_yaml_key *key,
                                                            yaml_node_t *value);
GRILLE_MUST_USE grille_reason grille_policy_set_read_digests(void *target, const grille_yaml_key *key,
                                                             yaml_node_t *value);

/* A copy that outlives the YAML tree. */
GRILLE_MUST_USE grille_reason grille_policy_set_keep(const grille_policy_set_reader *reader, grille_bytes text,
                                                     grille_bytes *kept);

/* Sets the error; OUT_OF_MEMORY. */
grille_reason grille_policy_set_out_of_memory(const grille_policy_set_reader *reader);

#endif
