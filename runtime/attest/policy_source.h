/* SPDX-License-Identifier: Apache-2.0
 * Files that a policy names, and what is computed from them. */
#ifndef GRILLE_ATTEST_POLICY_SOURCE_H
#define GRILLE_ATTEST_POLICY_SOURCE_H

#include "attest/policy_rules.h"
#include "attest/policy_yaml.h"

/* A policy while it is read. Caller's storage. */
typedef struct grille_policy_parser {
    grille_yaml yaml;
    grille_policy *policy;
    const grille_crypto *crypto;
    const char *folder; /* NULL: no file may be named */
} grille_policy_parser;

#define GRILLE_POLICY_PATH_BYTES 4096

/* The path of a file that a value names, relative to the policy's folder. POLICY_FILE when there is no folder,
 * POLICY_VALUE. */
GRILLE_MUST_USE grille_reason grille_policy_named_path(const grille_policy_parser *parser, const yaml_node_t *node,
                                                       const char *what, grille_bytes name,
                                                       char path[GRILLE_POLICY_PATH_BYTES]);

/* Reads a whole file of at most `limit` bytes into the arena: POLICY_FILE with the cause. */
GRILLE_MUST_USE grille_reason grille_policy_read_file(const char *path, size_t limit, grille_arena *arena,
                                                      grille_bytes *content, grille_error *error);

/* Certificates of a value that is PEM itself or the path of a PEM file: at least one, DER in the arena. Each must be a
 * certificate as attest/x509.h reads it. POLICY_FILE, POLICY_CERTIFICATE. */
GRILLE_MUST_USE grille_reason grille_policy_read_certificates(grille_policy_parser *parser, const yaml_node_t *node,
                                                              const char *what, grille_bytes *certificates,
                                                              size_t capacity, size_t *count);

/* The public key of a value that is PEM itself or the path of a PEM file: one block PUBLIC KEY with a P-256 or P-384
 * key that is on its curve. The point is in the arena. POLICY_FILE, POLICY_KEY. */
GRILLE_MUST_USE grille_reason grille_policy_read_public_key(grille_policy_parser *parser, const yaml_node_t *node,
                                                            const char *what, grille_curve *curve, grille_bytes *point);

/* Pins PCR0, PCR1, PCR2 (and PCR8 when it is there) from a measurements file in nitro-cli's form. POLICY_FILE,
 * POLICY_MEASUREMENTS, POLICY_PINNED_TWICE, POLICY_ZERO_PCR. */
GRILLE_MUST_USE grille_reason grille_policy_read_measurements(grille_policy_parser *parser, const yaml_node_t *node,
                                                              grille_policy_set *set);

/* Pins one PCR of a set by the value `node` of the key `key` (static storage), where to complain. POLICY_PINNED_TWICE,
 * POLICY_ZERO_PCR. */
GRILLE_MUST_USE grille_reason grille_policy_pin(const grille_policy_parser *parser, const yaml_node_t *node,
                                                grille_policy_set *set, const char *key, unsigned index,
                                                const uint8_t value[GRILLE_PCR_BYTES]);

/* Pins one PCR of a set to what it is in our own enclave. POLICY_PINNED_TWICE. */
GRILLE_MUST_USE grille_reason grille_policy_pin_self(const grille_policy_parser *parser, const yaml_node_t *node,
                                                     grille_policy_set *set, const char *key, unsigned index);

/* Folds the bytes of a named file into the policy's digest: SHA-384(digest ‖ file). */
GRILLE_MUST_USE grille_reason grille_policy_fold_digest(grille_policy_parser *parser, grille_bytes content);

#endif
