/* SPDX-License-Identifier: Apache-2.0
 * Every reason for which a check fails, a call ends or a connection ends: one table with number, stable name, status
 * and text (grille/reason_map.h). Functions inside the library return a grille_reason; 0 is success. */
#ifndef GRILLE_REASONS_H
#define GRILLE_REASONS_H

#include "grille/reason_map.h"
#include "grille/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GRILLE_REASON_MAP(X)                                                                                           \
    GRILLE_REASON_MAP_GENERAL(X)                                                                                       \
    GRILLE_REASON_MAP_WIRE(X)                                                                                          \
    GRILLE_REASON_MAP_CRYPTO(X)                                                                                        \
    GRILLE_REASON_MAP_ATTEST(X)                                                                                        \
    GRILLE_REASON_MAP_POLICY(X)                                                                                        \
    GRILLE_REASON_MAP_NSM(X)                                                                                           \
    GRILLE_REASON_MAP_TLS(X)                                                                                           \
    GRILLE_REASON_MAP_GATE(X)                                                                                          \
    GRILLE_REASON_MAP_SESSION(X)                                                                                       \
    GRILLE_REASON_MAP_CODEC(X)                                                                                         \
    GRILLE_REASON_MAP_RPC(X)                                                                                           \
    GRILLE_REASON_MAP_LOOP(X)                                                                                          \
    GRILLE_REASON_MAP_EIF(X)                                                                                           \
    GRILLE_REASON_MAP_BOOT(X)                                                                                          \
    GRILLE_REASON_MAP_KMS(X)                                                                                           \
    GRILLE_REASON_MAP_EGRESS(X)

typedef enum grille_reason {
#define X(identifier, name, code, text) GRILLE_REASON_##identifier,
    GRILLE_REASON_MAP(X)
#undef X
        GRILLE_REASON_COUNT
} grille_reason;

/* Stable name ("WIRE-BAD-FLAGS"), status code and one-line meaning of a reason. Static storage; any thread. */
const char *grille_reason_name(grille_reason reason);
grille_code grille_reason_code(grille_reason reason);
const char *grille_reason_text(grille_reason reason);
/* The likely cause of a refusal and what to do next, for the operator; every ATTEST- and BOOT- reason has both, others
 * are empty. Texts of a grille_error with such a reason end in them. */
const char *grille_reason_cause(grille_reason reason);
const char *grille_reason_next(grille_reason reason);

#ifdef __cplusplus
}
#endif
#endif
