/* SPDX-License-Identifier: Apache-2.0
 * Every reason for which a check fails, a call ends or a connection ends: one table with number, stable name, status
 * and text. Functions inside the library return a grille_reason; 0 is success. Rows are added at the end of their
 * section; names are stable. */
#ifndef GRILLE_REASONS_H
#define GRILLE_REASONS_H

#include "grille/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(identifier, name for programs, status code, what it means) */
/* clang-format off */
#define GRILLE_REASON_MAP_GENERAL(X)                                                                                   \
    X(OK,                      "OK",                       OK,                  "success")                             \
    X(MORE,                    "MORE",                     AGAIN,               "not finished: more bytes or time are needed") \
    X(OUT_OF_MEMORY,           "OUT-OF-MEMORY",            RESOURCE_EXHAUSTED,  "memory could not be allocated")       \
    X(BUDGET,                  "BUDGET",                   RESOURCE_EXHAUSTED,  "the memory budget of this connection is used up") \
    X(TRUNCATED,               "TRUNCATED",                INVALID_ARGUMENT,    "the input ends too early")            \
    X(TRAILING,                "TRAILING",                 INVALID_ARGUMENT,    "bytes follow after the end")          \
    X(NO_SPACE,                "NO-SPACE",                 RESOURCE_EXHAUSTED,  "the output does not fit its buffer")  \
    X(BAD_ARGUMENT,            "BAD-ARGUMENT",             INVALID_ARGUMENT,    "an argument is not valid")            \
    X(SYSTEM,                  "SYSTEM",                   UNAVAILABLE,         "the operating system refused")        \
    X(INTERNAL,                "INTERNAL",                 INTERNAL,            "an invariant broke")

#define GRILLE_REASON_MAP_WIRE(X)                                                                                      \
    X(WIRE_FRAME_TOO_LONG,     "WIRE-FRAME-TOO-LONG",      INTERNAL,            "a frame is longer than the limit")    \
    X(WIRE_UNKNOWN_TYPE,       "WIRE-UNKNOWN-TYPE",        INTERNAL,            "an unknown frame type without the ignorable flag") \
    X(WIRE_BAD_FLAGS,          "WIRE-BAD-FLAGS",           INTERNAL,            "a frame has flags that its type does not know") \
    X(WIRE_BAD_STREAM,         "WIRE-BAD-STREAM",          INTERNAL,            "a frame type is on a stream where it can't be") \
    X(WIRE_BAD_PAYLOAD,        "WIRE-BAD-PAYLOAD",         INTERNAL,            "a frame's payload does not have the layout of its type") \
    X(WIRE_BAD_MESSAGE,        "WIRE-BAD-MESSAGE",         INTERNAL,            "a protobuf message of the protocol is malformed") \
    X(WIRE_LIMIT,              "WIRE-LIMIT",               RESOURCE_EXHAUSTED,  "a field is over its limit")

#define GRILLE_REASON_MAP_CRYPTO(X)                                                                                    \
    X(CRYPTO_FAILED,           "CRYPTO-FAILED",            INTERNAL,            "a cryptographic operation failed")    \
    X(CRYPTO_BAD_KEY,          "CRYPTO-BAD-KEY",           INVALID_ARGUMENT,    "a key is malformed or not on its curve") \
    X(CRYPTO_BAD_SIGNATURE,    "CRYPTO-BAD-SIGNATURE",     UNAUTHENTICATED,     "a signature does not verify")         \
    X(CRYPTO_NOT_AUTHENTIC,    "CRYPTO-NOT-AUTHENTIC",     UNAUTHENTICATED,     "a ciphertext is not authentic")

#define GRILLE_REASON_MAP_ATTEST(X)

#define GRILLE_REASON_MAP_POLICY(X)

#define GRILLE_REASON_MAP_NSM(X)                                                                                       \
    X(NSM_FAILED,              "NSM-FAILED",               UNAVAILABLE,         "the NSM did not answer or answered an error")

#define GRILLE_REASON_MAP_TLS(X)

#define GRILLE_REASON_MAP_GATE(X)

#define GRILLE_REASON_MAP_SESSION(X)

#define GRILLE_REASON_MAP_RPC(X)

#define GRILLE_REASON_MAP_LOOP(X)
/* clang-format on */

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
    GRILLE_REASON_MAP_RPC(X)                                                                                           \
    GRILLE_REASON_MAP_LOOP(X)

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

#ifdef __cplusplus
}
#endif
#endif
