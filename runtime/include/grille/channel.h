/* SPDX-License-Identifier: Apache-2.0
 * A channel: where calls go. */
#ifndef GRILLE_CHANNEL_H
#define GRILLE_CHANNEL_H

#include "grille/call.h"
#include "grille/policy.h"

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
    GRILLE_CHANNEL_CLOSED
} grille_channel_state;

typedef struct grille_channel grille_channel;

/* Made by grille_channel_options_default(). */
typedef struct grille_channel_options {
    size_t size;
    grille_policy *policy;           /* whom to trust; required; referenced */
    const grille_identity *identity; /* who we are; required; must outlive the channel */
    uint32_t connect_timeout_ms;     /* one attempt: dialing and the gate together; default 10,000 */
    grille_cipher_choice cipher;
    size_t max_message_bytes; /* largest message taken; default 4 MiB */
    size_t max_memory_bytes;  /* what one connection may hold for its peer; default 64 MiB */
    uint32_t spin_us;         /* polling before sleep, 0: off; default 50 */
    uint64_t build;           /* claim: our build number */
} grille_channel_options;

grille_channel_options grille_channel_options_default(void);

/* Starts connecting to `address` (docs/quickstart.md lists the forms: vsock:CID:PORT, unix:PATH, unix-abstract:NAME,
 * tcp:HOST:PORT, hybrid:PATH:PORT, fd:N) and returns without waiting. Calls wait while the first attempt runs. Errors:
 * INVALID_ARGUMENT for a malformed address or options, RESOURCE_EXHAUSTED (no memory), UNAVAILABLE (the operating
 * system refused); *channel is then NULL. The channel is the caller's. */
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

/* Ends every call with CANCELLED, closes the connection and frees the channel. Legal inside a callback (it is then
 * completed after the callback has returned). No callback comes after it has returned, but for that one case. NULL is
 * ignored. */
void grille_channel_close(grille_channel *channel);

/* ---- used by generated code ---- */

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
