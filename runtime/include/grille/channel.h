/* SPDX-License-Identifier: Apache-2.0
 * A channel: where calls go. */
#ifndef GRILLE_CHANNEL_H
#define GRILLE_CHANNEL_H

#include "grille/call.h"
#include "grille/interceptor.h"
#include "grille/policy.h"
#include "grille/services.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum grille_cipher_choice {
    GRILLE_CIPHER_CHOICE_AUTO, /* AES-128-GCM where the CPU has AES, else ChaCha20-Poly1305 */
    GRILLE_CIPHER_CHOICE_AES128,
    GRILLE_CIPHER_CHOICE_AES256,
    GRILLE_CIPHER_CHOICE_CHACHA20
} grille_cipher_choice;

typedef enum grille_channel_state {
    GRILLE_CHANNEL_CONNECTING,
    GRILLE_CHANNEL_READY,
    GRILLE_CHANNEL_FAILED, /* the last attempt failed; the next one comes after its backoff */
    GRILLE_CHANNEL_CLOSED,
    GRILLE_CHANNEL_IDLE /* without a connection for want of calls; the next one, or grille_channel_connect_now, dials */
} grille_channel_state;

typedef struct grille_channel grille_channel;

/* How calls are spread over several addresses. */
typedef enum grille_balancing {
    GRILLE_PICK_FIRST, /* the first address that can be reached, in the order given */
    GRILLE_ROUND_ROBIN /* all of them in turn, those that can't be reached or say that they are not serving left out */
} grille_balancing;

/* When a call is tried again. A call that provably never reached a handler is tried again once at once, whatever stands
 * here (not with no_retry); any other only when its method is idempotent, nothing of an answer has come, and time is
 * left. Semantics: gRFC A6, throttling included. */
typedef struct grille_retry_options {
    uint32_t max_attempts;       /* the first one included; 1: never again; default 3, at most 5 */
    uint32_t first_backoff_ms;   /* before the second attempt, with jitter of +-20 %; doubled each time; default 20 */
    uint32_t longest_backoff_ms; /* default 1,000 */
    uint32_t codes;              /* bit n: code n; default UNAVAILABLE */
    uint32_t throttle_tokens;    /* a failure takes one; no retries while half or fewer are left; 0: no
                                  * such limit; default 10 */
    uint32_t throttle_ratio_permille; /* what a success gives back; default 100: a tenth of a token */
} grille_retry_options;

/* Where a channel learns which of several peers serve; grille_channel_options_use_health (grille/health.h) fills it. */
struct grille_health_source;

/* Made by grille_channel_options_default(). */
typedef struct grille_channel_options {
    size_t size;
    grille_policy *policy;           /* whom to trust; required; referenced */
    const grille_identity *identity; /* who we are; required; referenced */
    grille_services *services;       /* what the peer may call here; NULL: nothing; must outlive the channel */
    uint32_t workers;                /* threads for methods of `services` that are marked offload; default 2 */
    uint32_t max_streams;            /* calls of the peer at once; default 256 */
    uint32_t max_calls;              /* ours at once on one connection, if the peer allows; others wait; default 256 */
    const grille_interceptor *interceptors; /* copied; first to last on the way out */
    size_t interceptor_count;
    grille_balancing balancing;                       /* default PICK_FIRST */
    const struct grille_health_source *health_source; /* NULL: connected peers count as serving */
    const char *health_service;                       /* what to ask it for; copied; NULL: the peer as a whole */
    grille_retry_options retry;
    uint32_t connect_timeout_ms;    /* one attempt: dialing and the gate together; default 10,000 */
    uint32_t first_backoff_ms;      /* between failed attempts, with jitter of +-20 %, times 1.6 each; default 20 */
    uint32_t longest_backoff_ms;    /* default 5,000 */
    uint32_t keepalive_interval_ms; /* PING after so long without a byte; 0: never; default 30,000 */
    uint32_t keepalive_timeout_ms;  /* and the connection ends so long after it; default 20,000 */
    uint32_t idle_timeout_ms; /* a connection without calls is closed, and dialled again by the next call; 0: never */
    uint32_t
        max_age_ms; /* a successor replaces an older connection, whose calls go on; with jitter of 10 %; 0: never */
    grille_cipher_choice cipher;
    size_t max_message_bytes; /* largest message taken; default 4 MiB */
    size_t max_memory_bytes;  /* what one connection may hold for its peer; default 64 MiB */
    uint32_t spin_us;         /* polling before sleep, 0: off; default 50 */
    uint64_t build;           /* claim: our build number */
    uint32_t revoke_grace_ms; /* what runs with a peer that a new policy refuses gets this long; default 0 */
    bool system_clock;        /* trust the machine's wall clock even in an enclave, whose NSM tells a better one */
} grille_channel_options;

grille_channel_options grille_channel_options_default(void);

/* Starts connecting to `address` (docs/quickstart.md lists the forms: vsock:CID:PORT, unix:PATH, unix-abstract:NAME,
 * tcp:HOST:PORT, hybrid:PATH:PORT, inproc:NAME, fd:N; several of them separated by commas) and returns without waiting.
 * Calls wait while the first attempt runs. Errors: INVALID_ARGUMENT for a malformed address or options,
 * RESOURCE_EXHAUSTED (no memory), UNAVAILABLE (the operating system refused); *channel is then NULL. The channel is the
 * caller's. */
GRILLE_MUST_USE grille_code grille_channel_open(const char *address, const grille_channel_options *options,
                                                grille_channel **channel, grille_error *error);

/* Waits until the channel is READY (OK), or until the time is over, trying again meanwhile: then the code and error of
 * the last attempt, or DEADLINE_EXCEEDED. A rejected peer ends the wait at once with UNAUTHENTICATED. Blocks: not from
 * callbacks (WOULD_DEADLOCK). */
GRILLE_MUST_USE grille_code grille_channel_wait_ready(grille_channel *channel, uint32_t timeout_ms,
                                                      grille_error *error);

/* Any thread; does not block. */
grille_channel_state grille_channel_get_state(grille_channel *channel);

/* Copies the verified identity of the peer. FAILED_PRECONDITION unless the channel is READY. */
GRILLE_MUST_USE grille_code grille_channel_get_peer(grille_channel *channel, grille_peer_identity *peer);

/* From now on this policy decides (referenced). Every connection is judged again at once from what its peer has proved:
 * one that is refused begins no call any more (PERMISSION_DENIED), what runs on it ends after revoke_grace_ms, then the
 * connection; an attempt under way begins anew. In force when it returns (from a callback of another channel or server:
 * soon after). A policy of a lower version is refused: FAILED_PRECONDITION (POLICY-ROLLBACK). FAILED_PRECONDITION too
 * on a channel that a call or a server lent: there the server's or dialling channel's own decides. Any thread. */
GRILLE_MUST_USE grille_code grille_channel_replace_policy(grille_channel *channel, grille_policy *policy,
                                                          grille_error *error);
/* From now on this identity is shown (referenced): by connections that stand from their next epoch on, if it is of the
 * same kind. Otherwise as grille_channel_replace_policy. */
GRILLE_MUST_USE grille_code grille_channel_replace_identity(grille_channel *channel, const grille_identity *identity,
                                                            grille_error *error);

/* Has both ends prove themselves anew, on the connections that stand: OK when that was asked for; a good one shows as a
 * higher `epoch` of grille_channel_get_peer, a bad one ends the connection with UNAUTHENTICATED. AGAIN when the last
 * one was a moment ago, FAILED_PRECONDITION without a connection. Any thread. */
GRILLE_MUST_USE grille_code grille_channel_reattest(grille_channel *channel, grille_error *error);

/* Ends every call with CANCELLED, closes the connection and frees the channel. Legal inside a callback (it is then
 * completed after the callback has returned). No callback comes after it has returned, but for that one case. NULL is
 * ignored. */
void grille_channel_close(grille_channel *channel);

/* One reference more of a channel that a call or a server lent (grille_call_peer_channel, on_peer); each is given back
 * by grille_channel_close, which then ends nothing but this reference. A channel that was opened counts likewise: its
 * last close ends it. Any thread. */
grille_channel *grille_channel_ref(grille_channel *channel);

/* Moves an idle channel (idle_timeout_ms) towards a connection; harmless otherwise. Any thread. */
void grille_channel_connect_now(grille_channel *channel);

/* ---- used by generated code ---- */

/* Brings a stream's events to the application's typed struct of callbacks, `events`. Members that the method's kind
 * does not have are NULL. All on the loop thread; done last and exactly once. */
typedef struct grille_stream_dispatch {
    void (*headers)(grille_call *call, const grille_metadata *headers, const void *events, void *user);
    void (*message)(grille_call *call, const void *message, const void *events, void *user);
    void (*writable)(grille_call *call, const void *events, void *user);
    void (*done)(grille_call *call, const grille_reply *reply, const void *events, void *user);
} grille_stream_dispatch;

/* Starts a streaming call in callback form. `request` is the one message of a server-streaming method (encoded before
 * it returns), else NULL. `events` outlives the call. If it returns non-zero no callback comes. Any thread. */
GRILLE_MUST_USE grille_code grille_call_open_stream(grille_channel *channel, const grille_method *method,
                                                    const void *request, const grille_call_options *options,
                                                    const grille_stream_dispatch *dispatch, const void *events,
                                                    void *user, grille_call **call);

/* Starts a streaming call in blocking form: grille_call_write, _half_close, _read, _cancel, then exactly one _finish.
 * The same thread rules as grille_call_unary; *call is NULL unless OK. */
GRILLE_MUST_USE grille_code grille_call_begin_stream(grille_channel *channel, const grille_method *method,
                                                     const void *request, const grille_call_options *options,
                                                     grille_call **call, grille_error *error);

/* Half-closes if that was not said, drops messages that were not read, waits for the end, gives the handle back.
 * Returns reply->code; the reply is always initialised, has the response where the method streams requests only, and
 * must be freed. NULL as call: the reply of a stream that never began, code CANCELLED. */
grille_code grille_call_finish(grille_call *call, grille_reply *reply);

/* One unary call, blocking. `reply` is always initialised and must be freed. Returns reply->code, which is
 * WOULD_DEADLOCK when called from any callback of the library or from a handler on its loop thread: what has to
 * complete the call may be waiting for that very thread. Any thread. */
grille_code grille_call_unary(grille_channel *channel, const grille_method *method, const void *request,
                              const grille_call_options *options, grille_reply *reply);

/* Hands a reply to the application's typed callback. */
typedef void grille_deliver_fn(const grille_reply *reply, void (*callback)(void), void *user);

/* One unary call, asynchronous. If it returns non-zero no callback comes; else exactly one does, on the loop thread
 * (the channel's own, or a caller's that is blocked on this channel meanwhile), never before this function has
 * returned. The request is encoded before it returns. `call` (may be NULL) gets the handle. Any thread. */
GRILLE_MUST_USE grille_code grille_call_unary_async(grille_channel *channel, const grille_method *method,
                                                    const void *request, const grille_call_options *options,
                                                    grille_deliver_fn *deliver, void (*callback)(void), void *user,
                                                    grille_call **call);

#ifdef __cplusplus
}
#endif
#endif
