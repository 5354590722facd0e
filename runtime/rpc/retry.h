/* SPDX-License-Identifier: Apache-2.0
 * Whether and when a call is tried again (gRFC A6, without hedging). Sans-IO: time and randomness are arguments. One
 * thread: the loop's. */
#ifndef GRILLE_RPC_RETRY_H
#define GRILLE_RPC_RETRY_H

#include "base/backoff.h"
#include "base/time.h"
#include "grille/bytes.h"
#include "grille/channel.h"

/* Reserved metadata, decimal without leading zeros. Of a request: how many attempts of this call went before, when
 * there were any. Of a failing answer's trailers: try again after so many milliseconds; anything else there: never. */
#define GRILLE_METADATA_PREVIOUS_ATTEMPTS "grille-previous-attempts"
#define GRILLE_METADATA_RETRY_PUSHBACK    "grille-retry-pushback-ms"

/* The first fault of the options, one line for people, or NULL. */
const char *grille_retry_options_fault(const grille_retry_options *options);

/* What the calls of one channel share: while too many of them fail nothing is tried again. Caller's storage. */
typedef struct grille_retry_throttle {
    uint64_t most; /* all three in thousandths of a token */
    uint64_t tokens;
    uint64_t gain;
} grille_retry_throttle;

/* Starts full. */
void grille_retry_throttle_init(grille_retry_throttle *throttle, const grille_retry_options *options);

/* One call's. Caller's storage. */
typedef struct grille_retry {
    uint32_t attempts; /* the one under way included; attempts that provably never ran don't count */
    bool was_repeated; /* once at once, as an attempt that never ran */
    bool pauses;       /* `backoff` is set: a call that ends well at once never needs it */
    grille_backoff backoff;
} grille_retry;

void grille_retry_init(grille_retry *retry);

/* How an attempt ended. */
typedef struct grille_retry_facts {
    grille_code code;
    bool never_sent;      /* not a byte of it left this end */
    bool never_processed; /* no handler of the peer ran for it (session/session.h, grille_stream_end) */
    bool answered;        /* initial metadata or a message of the answer has come */
    bool idempotent;      /* the method is */
    bool no_retry;        /* the caller wants one attempt, or what it sent can't be sent again */
    bool has_pushback;
    grille_bytes pushback; /* the trailer's value */
} grille_retry_facts;

typedef enum grille_retry_verdict {
    GRILLE_RETRY_OVER,    /* this was the call's end */
    GRILLE_RETRY_AT_ONCE, /* on another connection if there is one */
    GRILLE_RETRY_LATER    /* at *at_us */
} grille_retry_verdict;

/* Judges the end of an attempt, an OK one too: the throttle lives of both. LATER is never at or after `deadline_us`
 * (GRILLE_TIME_NEVER: none): such a call is over now, with the error that it has. */
grille_retry_verdict grille_retry_judge(grille_retry *retry, grille_retry_throttle *throttle,
                                        const grille_retry_options *options, const grille_retry_facts *end,
                                        grille_time_us now_us, grille_time_us deadline_us, uint32_t random,
                                        grille_time_us *at_us);

/* For GRILLE_METADATA_PREVIOUS_ATTEMPTS of the next attempt; 0: none is sent. */
uint32_t grille_retry_previous_attempts(const grille_retry *retry);

#endif
