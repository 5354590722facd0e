/* SPDX-License-Identifier: Apache-2.0
 * Evidence: making it for ourselves, judging the peer's. The gate (secure/gate.h) carries it; trust is decided here and
 * nowhere else. design.md 4: kinds are pairs of functions prove(B_X) and verify(B_X, body). */
#ifndef GRILLE_ATTEST_EVIDENCE_H
#define GRILLE_ATTEST_EVIDENCE_H

#include "attest/path_cache.h"
#include "base/time.h"
#include "crypto/crypto.h"
#include "grille/attest.h"
#include "grille/identity.h"
#include "grille/policy.h"
#include "wire/limits.h"

#define GRILLE_BINDER_BYTES 48
#define GRILLE_NONCE_BYTES  32

/* user_data of documents that the channel asks for begins so; of those that applications ask for with
 * GRILLE_ATTEST_APP_PREFIX: no enclave signs one for the other. */
#define GRILLE_ATTEST_CHANNEL_PREFIX "grille-attest-1"

/* What ties evidence to one session and one epoch. Views borrowed during a call. */
typedef struct grille_binding {
    char prover_role; /* 'I' or 'R' */
    uint8_t binder[GRILLE_BINDER_BYTES];
    grille_bytes verifier_nonce; /* GRILLE_NONCE_BYTES */
    grille_bytes prover_spki;    /* of the prover's TLS leaf */
    grille_bytes verifier_spki;  /* of the verifier's own TLS leaf */
    grille_bytes claims;         /* of the prover, encoded as in wire.proto */
} grille_binding;

/* Bodies by kind (design: docs/protocol.md, "Attested gate").
 *   nitro  the attestation document: nonce = the verifier's nonce, public_key = the prover's TLS SPKI,
 *          user_data = GRILLE_ATTEST_CHANNEL_PREFIX ‖ role ‖ binder (64 bytes)
 *   x509   u8 number of certificates (1 to GRILLE_LIMIT_X509_CHAIN), then each with its u16 length before it, leaf
 * first, each issued by the next, the root left out or last; then a u16 length and the signature r ‖ s (64 bytes of a
 *          P-256 key over SHA-256, 96 of a P-384 key over SHA-384) over
 *          64 × 0x20 ‖ "grille x509 evidence" ‖ 0x00 ‖ role ‖ binder
 *   psk    u8 length of the id, the id, then HMAC-SHA384(HKDF-SHA384(key, "grille psk evidence"), role ‖ binder)
 *   anonymous   nothing
 *
 * Makes the body of our EVIDENCE of our identity's kind. May block for as long as the NSM takes. */
GRILLE_MUST_USE grille_reason grille_evidence_prove(const grille_identity *identity, const grille_crypto *crypto,
                                                    const grille_binding *binding, uint8_t *body, size_t capacity,
                                                    size_t *len, grille_error *error);

/* What judges, and when. Borrowed during a call. */
typedef struct grille_judge {
    const grille_policy *policy;
    const grille_crypto *crypto;
    const grille_identity *own; /* for sets with `peer: self`; NULL: such a set accepts nobody */
    grille_path_cache *cache;   /* NULL: none */
    grille_wall_ms now_ms;
} grille_judge;

/* What stays of accepted evidence beside the peer, to judge it again later or under another policy. */
typedef struct grille_evidence_facts {
    char prover_role;                    /* 'I' or 'R' */
    uint8_t anchor[GRILLE_SHA256_BYTES]; /* nitro: SHA-256 of the root's DER; psk: of the key (attest/psk.h);
                                            zero for the other kinds */
    grille_bytes chain;                  /* x509: the certificates as they stand in the body, count and lengths
                                            included; a view into the body: who keeps it copies it */
    grille_wall_ms evidence_expires_ms;  /* the earliest notAfter; GRILLE_WALL_NEVER where nothing expires */
    grille_wall_ms set_expires_ms;       /* the set's not_after, or GRILLE_WALL_NEVER */
    grille_wall_ms verified_ms;
} grille_evidence_facts;

/* Judges the peer's EVIDENCE, cheapest checks first. OK fills *peer (epoch 0; the gate sets it) and *facts (NULL: not
 * wanted); anything else is a rejection with a stable name and an explanation for the local operator, and both are
 * zeroed. */
GRILLE_MUST_USE grille_reason grille_evidence_verify(const grille_judge *judge, grille_identity_kind kind,
                                                     const grille_binding *binding, grille_bytes body,
                                                     grille_peer_identity *peer, grille_evidence_facts *facts,
                                                     grille_error *error);

/* Evidence that is made while the caller does something else: of a nitro identity by the thread of its NSM; of other
 * kinds, and on an NSM without a thread, it is finished when prove_later returns, and `done` is not called.
 * `done` runs on any thread, once at most, perhaps before prove_later has returned, and must neither block nor call
 * the proof: it wakes whoever asks take. Identity and crypto outlive the proof, the binding is copied. What the NSM and
 * OUT_OF_MEMORY answer; *proof is then NULL. */
typedef struct grille_proof grille_proof;
GRILLE_MUST_USE grille_reason grille_evidence_prove_later(const grille_identity *identity, const grille_crypto *crypto,
                                                          const grille_binding *binding, void (*done)(void *user),
                                                          void *user, grille_proof **proof, grille_error *error);
/* Most bytes that one proof holds, for whoever charges a budget. */
#define GRILLE_PROOF_BYTES (GRILLE_LIMIT_EVIDENCE_BYTES + 512)
/* The body as grille_evidence_prove makes it, copied. MORE: not yet; the same again after OK. */
GRILLE_MUST_USE grille_reason grille_proof_take(grille_proof *proof, uint8_t *body, size_t capacity, size_t *len,
                                                grille_error *error);
/* Cancels; when it returns `done` is not running and will not run. NULL is ignored. */
void grille_proof_free(grille_proof *proof);

/* Judges a peer again from what its accepted evidence left, by the policy and the time of *judge: nitro the root, debug
 * or not, PCRs and claims; x509 the kept chain's path, names and times, and claims; psk id and key; anonymous whether
 * it is allowed; and that the evidence itself has not expired. Nothing is asked of the peer. OK sets set, insecure,
 * debug, name and expires_ms of *peer and the expiries of *facts; else nothing is changed, and the reasons are those of
 * grille_evidence_verify. */
GRILLE_MUST_USE grille_reason grille_evidence_judge_again(const grille_judge *judge, grille_evidence_facts *facts,
                                                          grille_peer_identity *peer, grille_error *error);

/* What the gate needs to know of a policy. */
bool grille_policy_accepts_kind(const grille_policy *policy, grille_identity_kind kind);
bool grille_policy_requires_responder_first(const grille_policy *policy);
/* How long evidence is good at most, from when it was verified: `reattest`; 0: until it expires. */
int64_t grille_policy_reattest_ms(const grille_policy *policy);
/* Whether this build has means for development that a release has not: our claim `debug`. */
bool grille_policy_is_of_development_build(void);
/* What the session needs: `schema: exact` refuses a peer whose services have other schema digests than ours. */
bool grille_policy_requires_exact_schema(const grille_policy *policy);

/* Whether an end with an identity of kind `own` may serve these services, whoever asks: an enclave only where its
 * policy says so (`reflection: true`, `stats: true`), others unless it says no. */
bool grille_policy_allows_reflection(const grille_policy *policy, grille_identity_kind own);
bool grille_policy_allows_stats(const grille_policy *policy, grille_identity_kind own);

/* Whether evidence of this identity can be made by an end of role 'I' or 'R': a psk proves the one of its file, an
 * anonymous end only opens connections. ATTEST_IDENTITY says what to do. */
GRILLE_MUST_USE grille_reason grille_identity_check_role(const grille_identity *identity, char role,
                                                         grille_error *error);

/* A later epoch shows the same kind and identity as the one before: nitro the module id and PCR0 to PCR15, x509 the
 * subject and name, psk the id. ATTEST_IDENTITY_CHANGED says what differs. */
GRILLE_MUST_USE grille_reason grille_evidence_same_identity(const grille_peer_identity *before,
                                                            const grille_peer_identity *after, grille_error *error);

/* An identity on an NSM that the caller has opened (device or simulated); the identity takes it over, on failure too,
 * and closes it. It is managed (nsm/managed.h) from now on, unless it is already. Its
 * PCR0, 1 and 2 are read, for policies with `peer: self`. */
struct grille_nsm;
GRILLE_MUST_USE grille_code grille_identity_from_nsm(struct grille_nsm *nsm, grille_identity **identity,
                                                     grille_error *error);

/* Wall time of an identity of kind nitro by its own documents; mono_now_us is of CLOCK_MONOTONIC. Never runs backwards.
 * False: another kind, or no document was made yet (grille_attest_time has one made). Never blocks; any thread. */
GRILLE_MUST_USE bool grille_identity_wall_ms(const grille_identity *identity, grille_time_us mono_now_us,
                                             grille_wall_ms *now_ms);

#endif
