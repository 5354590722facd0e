/* SPDX-License-Identifier: Apache-2.0
 * What the stand-in for /dev/nsm answers, apart from how bytes come and go: those of a simulated module, or a fault
 * that a test asks for. */
#ifndef GRILLE_TOOLS_NSM_DEVICE_EXCHANGE_H
#define GRILLE_TOOLS_NSM_DEVICE_EXCHANGE_H

#include "fault_file.h"
#include "nsm/simulated.h"

/* X(identifier, word) */
#define NSM_FAULT_MAP(X)                                                                                               \
    X(NONE, "none")                                                                                                    \
    X(TRUNCATED, "truncated")               /* the answer's first half */                                              \
    X(OVERSIZE, "oversize")                 /* a length above the room, as the driver reports a cut answer */          \
    X(INVALID_ARGUMENT, "invalid-argument") /* the module's own refusal */                                             \
    X(INTERNAL_ERROR, "internal-error")                                                                                \
    X(GARBAGE, "garbage")                                                                                              \
    X(EMPTY, "empty")                                                                                                  \
    X(GONE, "gone")           /* ENODEV */                                                                             \
    X(TIMED_OUT, "timed-out") /* ETIMEDOUT, at once */                                                                 \
    X(SLOW, "slow")           /* the right answer after 1.5 s */

typedef enum nsm_fault {
#define X(identifier, word) NSM_FAULT_##identifier,
    NSM_FAULT_MAP(X)
#undef X
        NSM_FAULT_COUNT
} nsm_fault;

/* False for an unknown word. */
GRILLE_MUST_USE bool nsm_fault_parse(grille_bytes word, nsm_fault *fault);

typedef struct nsm_exchange {
    grille_nsm_simulated_module *module;
    const char *fault_file; /* holds a fault's word, or is not there; looked at before each request. NULL: none */
} nsm_exchange;

typedef struct nsm_reply {
    int system_error;  /* not 0: what the ioctl fails with */
    size_t len;        /* of `bytes` */
    uint64_t told_len; /* what response.len says */
    uint8_t bytes[GRILLE_NSM_RESPONSE_MAX];
} nsm_reply;

/* Answers one request into the room that the caller of the ioctl has. */
void nsm_exchange_answer(nsm_exchange *exchange, grille_bytes request, size_t room, nsm_reply *reply);

#endif
