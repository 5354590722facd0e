/* SPDX-License-Identifier: Apache-2.0
 * Whom to trust: docs/policy.md has the format. */
#ifndef GRILLE_POLICY_H
#define GRILLE_POLICY_H

#include "grille/identity.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An immutable, reference-counted policy; any thread. */
typedef struct grille_policy grille_policy;

/* Reads a policy file (strict YAML). Paths inside it are relative to its folder. Errors carry file:line:column, the
 * nearest valid key and what to write. An empty policy is an error. */
GRILLE_MUST_USE grille_code grille_policy_load(const char *path, grille_policy **policy, grille_error *error);

/* The same from memory (an enclave's measured image, a test); `name` stands for the file in error texts and `folder`
 * (may be NULL: then every path is refused) is where relative paths start. */
GRILLE_MUST_USE grille_code grille_policy_parse(grille_bytes text, const char *name, const char *folder,
                                                grille_policy **policy, grille_error *error);

/* One more owner; and one less (NULL is ignored). */
grille_policy *grille_policy_ref(grille_policy *policy);
void grille_policy_free(grille_policy *policy);

/* SHA-384 of the policy's text, into which each file that it names is folded, in their order: SHA-384(digest ‖ file).
 * The policy digest of our claims. */
void grille_policy_digest(const grille_policy *policy, uint8_t digest[48]);

/* The policy's `version`; 0: it says none. */
uint64_t grille_policy_version(const grille_policy *policy);

/* What the policy leaves open though it is right, each with file:line:column, the set and what to add: docs/policy.md,
 * "Warnings". Reading a policy logs them as warnings. NULL beyond the count; a text lives as long as the policy. */
size_t grille_policy_warning_count(const grille_policy *policy);
const char *grille_policy_warning(const grille_policy *policy, size_t index);

/* ---- Signed updates: docs/policy.md has their format ---- */

/* What an update takes besides its policy's text, at most. */
#define GRILLE_POLICY_UPDATE_OVERHEAD 117

/* Reads an update that was signed for the policy `current`, which stays as it is; *next is the caller's. In this order:
 * current has an `update_key` (POLICY-UPDATE-KEY), the update is whole (POLICY-UPDATE-FORMAT) and signed by it
 * (POLICY-UPDATE-KEY, POLICY-UPDATE-SIGNATURE), its version is higher than current's (POLICY-ROLLBACK), its text is a
 * policy that names no files (POLICY-…, at "update N:line:column"), of that version (POLICY-UPDATE-VERSION). From then
 * on the key that *next names decides. Reads no file and no clock; any thread. */
GRILLE_MUST_USE grille_code grille_policy_update(const grille_policy *current, grille_bytes update,
                                                 grille_policy **next, grille_error *error);

/* Signs a policy's text, with a `version` and without paths, by a private key (PEM; P-256 or P-384). The update is at
 * most text.len + GRILLE_POLICY_UPDATE_OVERHEAD bytes (NO-SPACE). The text is parsed first, so that nothing is signed
 * that every receiver refuses. */
GRILLE_MUST_USE grille_code grille_policy_update_sign(grille_bytes text, grille_bytes private_key_pem, uint8_t *update,
                                                      size_t capacity, size_t *update_len, grille_error *error);

/* True when a method with its full name ("/package.Service/Method") may be called by this verified peer (may_call; by
 * default none), or may be served to us by it (serves). Without `serves` a peer that we called serves all: its set
 * accepted it as what we call. A peer that called us serves what is listed, and nothing else. False for a peer of a set
 * that this policy has not. Any thread. */
bool grille_policy_may_call(const grille_policy *policy, const grille_peer_identity *peer, const char *method);
bool grille_policy_serves(const grille_policy *policy, const grille_peer_identity *peer, const char *method);
bool grille_policy_serves_listed(const grille_policy *policy, const grille_peer_identity *peer, const char *method);

#ifdef __cplusplus
}
#endif
#endif
