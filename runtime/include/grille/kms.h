/* SPDX-License-Identifier: Apache-2.0
 * Keys that a key service (AWS KMS) releases to attested enclaves only: the client, for use inside the enclave. Each
 * request carries a document of the enclave's NSM with a fresh RSA key, and what comes back is encrypted for that key.
 * Who links this links //runtime/kms. docs/kms.md says what a hostile parent can and can't do. */
#ifndef GRILLE_KMS_H
#define GRILLE_KMS_H

#include <string.h>

#include "grille/channel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The longest plaintext that the service encrypts or generates, and the longest ciphertext. */
#define GRILLE_KMS_PLAINTEXT_MAX  4096
#define GRILLE_KMS_CIPHERTEXT_MAX 6144
/* The longest name of an error of the service, with its terminator. */
#define GRILLE_KMS_ERROR_TYPE_MAX 64
/* The longest message of one that is kept, with its terminator. */
#define GRILLE_KMS_ERROR_MESSAGE_MAX 512

struct grille_server;

/* A client: some connections at a time to one key service, and a thread that leads them. */
typedef struct grille_kms grille_kms;

/* One pair of the encryption context: UTF-8 texts that the service authenticates with the ciphertext, judges in its key
 * policies, and logs. No secrets. */
typedef struct grille_kms_pair {
    grille_bytes key;
    grille_bytes value;
} grille_kms_pair;

/* Of two texts that outlive it. */
static inline grille_kms_pair grille_kms_pair_of_text(const char *key, const char *value) {
    const grille_kms_pair pair = {{(const uint8_t *)(const void *)key, strlen(key)},
                                  {(const uint8_t *)(const void *)value, strlen(value)}};
    return pair;
}

/* Made by grille_kms_options_default(). Everything is copied by grille_kms_open. Comes from the measured image: what
 * the parent can choose pins nothing. */
typedef struct grille_kms_options {
    size_t size;
    const grille_identity *identity; /* of the enclave, of kind nitro; required; referenced */
    const char *region;              /* "eu-central-1"; required */
    const char *host;                /* the service's DNS name; NULL: kms.REGION.amazonaws.com (….com.cn in China) */
    uint16_t port;                   /* asked for through an egress channel; default 443 */
    const char *const *key_arns;     /* the keys that may be used: "arn:aws:kms:REGION:ACCOUNT:key/ID"; required */
    size_t key_arn_count;
    grille_bytes ca_pem; /* the CAs that may issue the service's certificate, PEM; required: Amazon's roots, say */
    /* Where the parent takes connections to the service ("vsock:parent:8000", a `grille relay`): any address of a
     * channel but several. NULL: by grille_kms_set_egress_channel. Who it leads to proves TLS. */
    const char *egress;
    uint32_t max_in_flight;      /* connections at once, each with one request; default 16 */
    uint32_t max_queued;         /* calls that wait for one; default 256 */
    uint32_t timeout_ms;         /* of a call with all its attempts, unless it says otherwise; default 10,000 */
    uint32_t connect_timeout_ms; /* default 3,000 */
    uint32_t attempt_timeout_ms; /* of one attempt, connecting included; default 5,000 */
    uint32_t max_attempts;       /* the first one included; default 4 */
    uint32_t first_backoff_ms;   /* before the second attempt, with jitter, times 1.6 each; default 100 */
    uint32_t longest_backoff_ms; /* default 2,000 */
    uint32_t uses_per_key;       /* requests with one RSA key, then it is wiped; default 64 */
    uint32_t key_age_ms;         /* or so long after its first use; default 300,000 */
    uint32_t keys_ahead;         /* RSA keys made before they are needed; default 1 */
    const grille_kms_pair *required_context; /* in every call's context, whether the call names them or not */
    size_t required_context_count;
} grille_kms_options;

grille_kms_options grille_kms_options_default(void);

/* Starts the client and its threads; connects nowhere yet. The client is the caller's. *kms is NULL on failure.
 * INVALID_ARGUMENT: an option is missing, malformed or out of range, an ARN is of another region or of an alias, no CA
 * in the PEM; FAILED_PRECONDITION: the identity is no enclave's; RESOURCE_EXHAUSTED; UNAVAILABLE: no thread. */
GRILLE_MUST_USE grille_code grille_kms_open(const grille_kms_options *options, grille_kms **kms, grille_error *error);

/* Ends every call with CANCELLED, ends the threads, wipes keys and credentials, frees. Blocks meanwhile; from a
 * callback of the client it is completed after that has returned. Nobody may use the client any more. NULL is ignored.
 */
void grille_kms_close(grille_kms *kms);

/* What signs requests. It comes from the parent, who chooses it: it decides whether the service answers, never which
 * key or context is taken. */
typedef struct grille_kms_credentials {
    grille_bytes access_key_id;
    grille_bytes secret_access_key;
    grille_bytes session_token; /* empty: keys that do not expire */
    int64_t expiry_ms;          /* milliseconds since 1970; not used from then on; 0: never */
} grille_kms_credentials;

/* Copies them in the place of those before, which are wiped. INVALID_ARGUMENT (KMS-CREDENTIALS): a field is empty where
 * it can't be, too long, or has bytes that no credentials have; or they have expired by the NSM's time. What was there
 * before stays then. Any thread; does not block. */
GRILLE_MUST_USE grille_code grille_kms_set_credentials(grille_kms *kms, const grille_kms_credentials *credentials,
                                                       grille_error *error);

/* Serves grille.v1.KeyRelease, by which a parent sets them (grille/kms_parent.h), before the server starts; the client
 * outlives the server. Peers call it only if a `may_call` of the policy says so. The errors of grille_server_register;
 * INTERNAL: no randomness. */
GRILLE_MUST_USE grille_code grille_kms_register_credentials(struct grille_server *server, grille_kms *kms,
                                                            grille_error *error);

/* From now on connections to the service go through this channel, whose peer serves grille.v1.Egress
 * (grille/egress.h): a channel that a call or a server lent, say. Referenced; NULL: none any more. With an `egress`
 * address: FAILED_PRECONDITION. Any thread. */
GRILLE_MUST_USE grille_code grille_kms_set_egress_channel(grille_kms *kms, grille_channel *channel,
                                                          grille_error *error);

/* What a call may say; GRILLE_KMS_CALL_OPTIONS(.timeout_ms = 500), or grille_kms_call_options_default(). Borrowed until
 * the function returns. */
typedef struct grille_kms_call_options {
    size_t size;
    const char *key_arn; /* one of the client's; NULL: its first */
    const grille_kms_pair *context;
    size_t context_count;
    uint32_t timeout_ms; /* 0: the client's */
} grille_kms_call_options;

#ifndef __cplusplus
#define GRILLE_KMS_CALL_OPTIONS(...) ((grille_kms_call_options){.size = sizeof(grille_kms_call_options), __VA_ARGS__})
#endif
grille_kms_call_options grille_kms_call_options_default(void);

/* How a call ended; always initialised. Views live until grille_kms_reply_free, or the callback's end. */
typedef struct grille_kms_reply {
    grille_code code;
    grille_error error;
    grille_bytes plaintext;  /* the secret: what was decrypted, the data key, random bytes */
    grille_bytes ciphertext; /* of a data key: itself under the key `key_arn`, to be kept and decrypted later */
    uint32_t attempts;       /* that were begun */
    uint32_t status;         /* HTTP status of the last answer; 0: there was none */
    char error_type[GRILLE_KMS_ERROR_TYPE_MAX]; /* that answer's name of its error ("AccessDeniedException"), or "" */
    char error_message[GRILLE_KMS_ERROR_MESSAGE_MAX]; /* what it said with it, cut where longer; or "" */
    void *memory;                                     /* the library's */
} grille_kms_reply;

/* Wipes the secret and frees. */
void grille_kms_reply_free(grille_kms_reply *reply);

/* ---- Calls. They wait while there are no credentials, no egress or no connection to be had, until their time is over.
 * Each attempt has a connection of its own; another one follows where the service was busy or the connection broke,
 * never after a refusal. Codes of reply->code beside those of grille_kms_open:
 *     INVALID_ARGUMENT     the call's own mistake, or the service says that the ciphertext or the context is wrong
 *     PERMISSION_DENIED    the service refused: by the key's policy, or for the credentials
 *     NOT_FOUND            the service knows no such key
 *     FAILED_PRECONDITION  the key is disabled, of another use, or about to be deleted; or no credentials came
 *     RESOURCE_EXHAUSTED   too many calls wait, or the service throttled the last attempt too
 *     UNAVAILABLE          the service could not be reached, or was broken at the last attempt too
 *     DEADLINE_EXCEEDED    the time ran out; the text says what was waited for
 *     UNAUTHENTICATED      who answered is not the service (its certificate), or answers of another key
 *     INTERNAL             an answer that no key service gives
 *     CANCELLED            the client was closed
 *
 * The blocking forms return reply->code, which is WOULD_DEADLOCK on a thread that turns a loop of the library; any
 * other thread may call them. ---- */

/* Decrypts what was encrypted under a key of the client's, in the same context. */
grille_code grille_kms_decrypt(grille_kms *kms, grille_bytes ciphertext, const grille_kms_call_options *options,
                               grille_kms_reply *reply);

/* A new data key of `len` bytes, 1 to 1,024: reply->plaintext, and reply->ciphertext to keep. */
grille_code grille_kms_generate_data_key(grille_kms *kms, size_t len, const grille_kms_call_options *options,
                                         grille_kms_reply *reply);

/* Random bytes of the service's, 1 to 1,024. No key and no context take part. */
grille_code grille_kms_generate_random(grille_kms *kms, size_t len, const grille_kms_call_options *options,
                                       grille_kms_reply *reply);

/* On the client's thread, exactly once, never inside the function that started the call (but it may run on its thread
 * before that has returned on another). Must not block. The reply is wiped when it returns. */
typedef void grille_kms_done_fn(const grille_kms_reply *reply, void *user);

/* The same without blocking, for deferred handlers (grille_call_defer). If they return non-zero no callback comes. The
 * arguments are copied. `error` may be NULL. Any thread, callbacks included. */
GRILLE_MUST_USE grille_code grille_kms_decrypt_async(grille_kms *kms, grille_bytes ciphertext,
                                                     const grille_kms_call_options *options, grille_kms_done_fn *done,
                                                     void *user, grille_error *error);
GRILLE_MUST_USE grille_code grille_kms_generate_data_key_async(grille_kms *kms, size_t len,
                                                               const grille_kms_call_options *options,
                                                               grille_kms_done_fn *done, void *user,
                                                               grille_error *error);
GRILLE_MUST_USE grille_code grille_kms_generate_random_async(grille_kms *kms, size_t len,
                                                             const grille_kms_call_options *options,
                                                             grille_kms_done_fn *done, void *user, grille_error *error);

/* How a client stands, and what it did. Counts only rise. */
typedef struct grille_kms_state {
    bool has_credentials; /* that have not expired, and that the service has not called expired */
    bool has_egress;
    int64_t credentials_expiry_ms; /* 0: never, or there are none */
    uint32_t in_flight;
    uint32_t queued;            /* that wait for a connection, or for their next attempt */
    uint64_t calls;             /* that were begun */
    uint64_t failures;          /* that ended with another code than OK */
    uint64_t attempts;          /* requests that were begun */
    uint64_t keys_made;         /* RSA keys */
    uint64_t keys_wiped;        /* of those */
    uint64_t documents;         /* made for them */
    uint64_t credentials_taken; /* times */
} grille_kms_state;

/* Any thread; does not block. */
void grille_kms_get_state(grille_kms *kms, grille_kms_state *state);

#ifdef __cplusplus
}
#endif
#endif
