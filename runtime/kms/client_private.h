/* SPDX-License-Identifier: Apache-2.0
 * What the files of a client share (grille/kms.h): client.c opens and closes and has the thread, client_options.c what
 * was configured, client_call.c takes calls from other threads, client_schedule.c decides which of them goes on,
 * client_attempt.c makes one attempt by a way out (client_way.c, client_egress.c), client_request.c writes what is
 * sent, client_answer.c reads what came, client_end.c ends a call. */
#ifndef GRILLE_KMS_CLIENT_PRIVATE_H
#define GRILLE_KMS_CLIENT_PRIVATE_H

#include <errno.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/backoff.h"
#include "grille/kms.h"
#include "grille/log.h"
#include "kms/credentials.h"
#include "kms/exchange.h"
#include "kms/key_supply.h"
#include "kms/message.h"
#include "loop/dialer.h"
#include "loop/transport.h"

typedef struct kms_call kms_call;
typedef struct kms_attempt kms_attempt;

/* What tests put others in the place of. */
typedef struct grille_kms_seams {
    const grille_crypto *crypto;
    const grille_rsa_private *rsa_private;
    grille_time_us (*now_us)(void);
    grille_reason (*exchange_new)(const grille_kms_exchange_options *options, grille_kms_exchange **exchange,
                                  grille_error *error);
    void (*exchange_free)(grille_kms_exchange *exchange);
    grille_reason (*exchange_feed)(grille_kms_exchange *exchange, grille_bytes bytes, grille_time_us now_us,
                                   grille_kms_exchange_result *result, grille_error *error);
    grille_reason (*exchange_ended)(grille_kms_exchange *exchange, grille_kms_exchange_result *result,
                                    grille_error *error);
    grille_bytes (*exchange_outgoing)(const grille_kms_exchange *exchange);
    void (*exchange_sent)(grille_kms_exchange *exchange, size_t len);
} grille_kms_seams;

grille_kms_seams grille_kms_seams_default(void);

/* grille_kms_open with others. */
GRILLE_MUST_USE grille_code grille_kms_open_with(const grille_kms_options *options, const grille_kms_seams *seams,
                                                 grille_kms **kms, grille_error *error);

/* The options, checked and copied: texts are in one arena. */
typedef struct kms_config {
    grille_kms_options options; /* numbers; its pointers are not used */
    grille_identity *identity;  /* referenced */
    grille_budget budget;
    grille_arena arena;
    const char *region;
    const char *host;
    const char **key_arns;
    grille_bytes *anchors; /* DER */
    size_t anchor_count;
    grille_kms_pair *context;
    size_t context_count;
    bool has_address;
    grille_address address;
} kms_config;

/* LOOP_BAD_OPTIONS, ATTEST_IDENTITY, LOOP_BAD_ADDRESS, LOOP_ADDRESS_UNSUPPORTED, CRYPTO_BAD_PEM, OUT_OF_MEMORY.
 * grille_kms_config_deinit in any case. */
GRILLE_MUST_USE grille_reason grille_kms_config_init(kms_config *config, const grille_kms_options *options,
                                                     grille_error *error);
void grille_kms_config_deinit(kms_config *config);

/* BAD_ARGUMENT: too many pairs, too long, a key twice, or no text. */
GRILLE_MUST_USE grille_reason grille_kms_check_context(const grille_kms_pair *pairs, size_t count, grille_error *error);

/* How an attempt gets its connection. The client's thread. */
typedef struct kms_way {
    /* Begins; grille_kms_attempt_dialed comes in a later turn. OUT_OF_MEMORY, BAD_ARGUMENT: it does not. */
    grille_reason (*start)(kms_attempt *attempt, uint32_t timeout_ms, grille_error *error);
    /* Gives up before that. */
    void (*cancel)(kms_attempt *attempt);
    /* When the connection is closed, or was never had. */
    void (*end)(kms_attempt *attempt);
    /* Why the connection broke, where the way knows better; NULL: it does not. */
    const grille_error *(*why)(const kms_attempt *attempt);
} kms_way;

extern const kms_way grille_kms_way_by_address;

struct grille_kms {
    kms_config config;
    grille_kms_seams seams;
    grille_credentials_store credentials;
    grille_key_supply *supply;
    pthread_t thread;
    grille_loop loop;
    grille_job poke; /* something changed that other threads decide; any thread posts it */

    pthread_mutex_t lock; /* for all until the next gap */
    grille_link inbox;    /* calls that the thread has not seen */
    uint32_t calls;       /* that have not ended */
    bool closing;
    bool detached;      /* closed in a callback: the thread frees */
    const kms_way *way; /* NULL: there is none */
    grille_channel *egress;
    grille_kms_state counts; /* calls, failures, attempts, in_flight */

    /* The thread's. */
    grille_link queued;  /* calls that wait for a place, in their order */
    grille_link flying;  /* that have a place: they wait for a key, or have an attempt */
    grille_link resting; /* until their next attempt */
    uint32_t flying_count;
    grille_link attempts; /* those whose connections are being closed too */
    grille_job again;     /* look at everything at the end of this turn */
    uv_timer_t timer;
    bool over;
};

typedef enum kms_stage { KMS_QUEUED, KMS_WAITS_FOR_KEY, KMS_DIALS, KMS_TALKS, KMS_RESTS } kms_stage;

/* A thread that waits for its call. On its stack. */
typedef struct kms_waiter {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool done;
    grille_kms_reply *reply;
} kms_waiter;

/* One call, in one block of memory. */
struct kms_call {
    grille_link link; /* in one of the client's lists */
    grille_kms *kms;
    size_t bytes; /* of the block, which is wiped */
    kms_stage stage;
    grille_kms_request request; /* views behind this struct; attempts put their document there */
    uint32_t timeout_ms;
    grille_time_us deadline_us;
    grille_time_us attempt_ends_us;
    grille_time_us rest_ends_us;
    grille_backoff backoff;
    uint64_t supply_failures; /* seen */
    kms_attempt *attempt;     /* NULL: none */
    uint32_t attempts;
    unsigned status; /* of the last answer */
    char error_type[GRILLE_KMS_ERROR_TYPE_MAX];
    char error_message[GRILLE_KMS_ERROR_MESSAGE_MAX];
    grille_error last; /* what the last attempt ended with; code OK: there was none */
    grille_kms_done_fn *done;
    void *user;
    kms_waiter *waiter; /* in place of done */
};

/* One request on its way, over one connection. */
struct kms_attempt {
    grille_link link;
    grille_kms *kms;
    kms_call *call; /* NULL: it is over, and its connection is being closed */
    grille_ring_key *key;
    uint64_t credentials_number;
    const kms_way *way;
    grille_dialer *dialer;   /* by address */
    void *egress;            /* by reverse call */
    grille_channel *channel; /* referenced, the same */
    bool dialing;
    bool is_open; /* the transport */
    grille_transport transport;
    grille_kms_exchange *exchange;
    grille_budget budget;
    uint8_t *request;
    size_t request_len, request_capacity;
    uint8_t answer[GRILLE_LIMIT_KMS_ANSWER_BYTES];
};

/* client_schedule.c; the thread */

/* Everything that is due, and what can begin. */
void grille_kms_tick(grille_kms *kms);
/* The same at the end of this turn. */
void grille_kms_look_again(grille_kms *kms);
/* One more call has a place, or one less. */
void grille_kms_count_flying(grille_kms *kms, bool begins);
/* The call's attempt has ended so; `again`: another one may follow. Ends the call, or lets it rest. */
void grille_kms_attempt_failed(kms_call *call, bool again, const grille_error *why);
/* Whether the call's time allows no more. */
void grille_kms_time_is_over(kms_call *call);

/* client_attempt.c; the thread */

/* Begins with a key, which it takes over, and a document. */
void grille_kms_attempt_begin(kms_call *call, grille_ring_key *key, grille_bytes document);
/* What `start` of a way leads to. */
void grille_kms_attempt_dialed(kms_attempt *attempt, grille_conduit conduit, const grille_error *error);
/* Lets go of the call and closes what is open; frees itself then. NULL is ignored. */
void grille_kms_attempt_abandon(kms_attempt *attempt);

/* client_request.c */

/* The whole HTTP request, in memory of the attempt's. BAD_ARGUMENT, OUT_OF_MEMORY, the crypto's reasons. */
GRILLE_MUST_USE grille_reason grille_kms_request_make(kms_attempt *attempt, const grille_credentials *credentials,
                                                      grille_wall_ms now_ms);

/* client_answer.c; ends or continues the call. */
void grille_kms_answer_came(kms_call *call, const grille_kms_exchange_result *result);

/* client_end.c */

/* Space for a reply's bytes: `plain` of GRILLE_LIMIT_KMS_RECIPIENT_BYTES, then `ciphertext_len`. NULL: out of memory.
 */
uint8_t *grille_kms_reply_space(grille_kms_reply *reply, size_t ciphertext_len);
/* Tells the caller, and frees the call. The reply's memory is given over. The thread. */
void grille_kms_end(kms_call *call, grille_kms_reply *reply);
/* With an error. */
void grille_kms_end_failed(kms_call *call, const grille_error *error);
/* Whether one more line may be written at this level, of all clients. Any thread. */
bool grille_kms_may_log(grille_log_level level);
/* "Decrypt" */
const char *grille_kms_action_name(grille_kms_action action);

#endif
