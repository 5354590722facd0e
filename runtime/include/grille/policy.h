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
