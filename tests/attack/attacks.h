/* SPDX-License-Identifier: Apache-2.0
 * Attacks on channels, over real connections, against real ends with real evidence (attestation by simulated NSMs).
 * Each names the smallest set of defences that stops it: with all of them off it succeeds, with any one of them on it
 * fails (canary_test.c shows both). docs/security.md has the same table. */
#ifndef GRILLE_TESTS_ATTACK_ATTACKS_H
#define GRILLE_TESTS_ATTACK_ATTACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name): defence_name, one bit each. */
#define DEFENCES(X)                                                                                                    \
    X(binder)          /* user_data is prefix, role and binder of this session */                                      \
    X(key)             /* public_key is the peer's TLS key */                                                          \
    X(nonce)           /* the nonce is ours */                                                                         \
    X(key_is_not_ours) /* the peer's TLS key is not our own */                                                         \
    X(nonce_is_not_ours)                                                                                               \
    X(root)             /* the root is the pinned one, byte for byte */                                                \
    X(not_debug)        /* PCR0 is not zero */                                                                         \
    X(pcr)              /* PCRs are as pinned */                                                                       \
    X(confirm)          /* Confirm is over this transcript */                                                          \
    X(exporter)         /* what evidence is bound to is TLS's exporter of this session, or nothing */                  \
    X(client_leaf)      /* the initiator's certificate is in the transcript */                                         \
    X(hellos)           /* both Hellos are in the transcript */                                                        \
    X(kind)             /* the kind of evidence is one that the policy lists */                                        \
    X(x509)             /* x509 evidence is verified */                                                                \
    X(psk)              /* a psk's MAC is by the key of its id, for this session */                                    \
    X(psk_role)         /* a psk proves one role */                                                                    \
    X(may_respond)      /* whoever is called proves who it is */                                                       \
    X(identity_is_same) /* a later epoch is of the same peer */                                                        \
    X(version)          /* the gate's version is ours */                                                               \
    X(order)            /* `evidence_order: responder_first` */                                                        \
    X(initiator_first)  /* an enclave signs for verified callers only */                                               \
    X(evidence_first)   /* the gate opens after the peer's evidence */                                                 \
    X(confirm_first)    /* and after its Confirm */                                                                    \
    X(app_prefix)       /* documents for applications begin with their own prefix */                                   \
    X(app_prefix_check)                                                                                                \
    X(age)          /* documents have a highest age */                                                                 \
    X(future)       /* and are not from the future */                                                                  \
    X(trusted_time) /* an enclave judges by its NSM's clock */                                                         \
    X(tag)          /* records carry the tag of their AEAD */                                                          \
    X(one_step)     /* a loop makes at most one step of one handshake in each turn */                                  \
    X(bounds)       /* a count is checked against the bytes there are */                                               \
    X(built_out)    /* not in the build: no canary has it */

#define DEFENCE_NUMBER(name) defence_number_##name,
enum { DEFENCES(DEFENCE_NUMBER) defence_count };
#undef DEFENCE_NUMBER

typedef uint64_t defence_set;
#define DEFENCE(name) (UINT64_C(1) << defence_number_##name)
#define NO_DEFENCE    UINT64_C(0)
#define ALL_DEFENCES  ((UINT64_C(1) << defence_count) - 1)

extern const char *const defence_names[defence_count];

typedef struct attack {
    const char *name;
    defence_set stopped_by; /* each of these defences alone stops it */
    const char *reason;     /* of the victim, when all defences are on; "": nothing stops it, and it succeeds */
    bool (*succeeds)(void);
} attack;

typedef struct attack_list {
    const attack *attacks;
    size_t count;
} attack_list;

extern const attack_list relay_attacks, replay_attacks, impostor_attacks, psk_attacks, epoch_attacks, message_attacks,
    resource_attacks, flood_attacks;

/* All of them, in the table's order; NULL behind the last. */
const attack *attack_at(size_t index);
/* Whether it succeeds now, and why the victim refused if not. */
bool attack_succeeds(const attack *a);
const char *attack_last_reason(void);

/* A call to the genuine enclave, whose clock is so far off; true when it was answered. Documents are taken up to these.
 */
#define ATTACK_MAX_AGE_MS  300000
#define ATTACK_MAX_SKEW_MS 60000
bool attack_by_clock(int64_t off_ms);

/* The world that attacks take place in. */
void attacks_begin(void);
void attacks_end(void);

#endif
