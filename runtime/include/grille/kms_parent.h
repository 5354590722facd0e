/* SPDX-License-Identifier: Apache-2.0
 * Keys released on attestation, the parent's part: credentials of its role for the enclave behind a channel, from where
 * AWS's own programs have them, and again before they end. Link //runtime/kms:parent; docs/kms.md. */
#ifndef GRILLE_KMS_PARENT_H
#define GRILLE_KMS_PARENT_H

#include <stdint.h>

#include "grille/channel.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GRILLE_KMS_ACCESS_KEY_ID_MAX 128
#define GRILLE_KMS_SECRET_MAX        128
#define GRILLE_KMS_SESSION_TOKEN_MAX 8192
#define GRILLE_KMS_REGION_MAX        63

/* Credentials of a role or user. The secret is one: wipe it (grille_kms_role_credentials_wipe). */
typedef struct grille_kms_role_credentials {
    char access_key_id[GRILLE_KMS_ACCESS_KEY_ID_MAX + 1];
    char secret_access_key[GRILLE_KMS_SECRET_MAX + 1];
    char session_token[GRILLE_KMS_SESSION_TOKEN_MAX + 1]; /* "": keys that are not of a session */
    char region[GRILLE_KMS_REGION_MAX + 1];               /* where we are; "": the source does not tell */
    int64_t expires_ms;                                   /* milliseconds since 1970; 0: never */
} grille_kms_role_credentials;

/* Overwrites all of it. Any thread. */
void grille_kms_role_credentials_wipe(grille_kms_role_credentials *credentials);

/* ---- where credentials come from ---- */

/* Immutable, but for what a callback does; reads from one thread at a time. The caller's, and outlives its feeders. */
typedef struct grille_kms_source grille_kms_source;

/* The instance metadata service, version 2 only (a token first): the role of the EC2 instance that we are. */
typedef struct grille_kms_imds_options {
    size_t size;
    const char *address; /* default "tcp:169.254.169.254:80", what a real instance has; copied */
    const char *role;    /* NULL: the one that the instance has; copied */
    uint32_t timeout_ms; /* each of its three or four requests; default 2,000 */
} grille_kms_imds_options;
grille_kms_imds_options grille_kms_imds_options_default(void);

/* Connects to nothing yet. INVALID_ARGUMENT: an address that is none or can't be dialled, a role with characters that
 * IAM does not have. *source is then NULL. `options` may be NULL. */
GRILLE_MUST_USE grille_code grille_kms_source_open_imds(const grille_kms_imds_options *options,
                                                        grille_kms_source **source, grille_error *error);

/* AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION (or AWS_DEFAULT_REGION) of this process,
 * read each time. */
GRILLE_MUST_USE grille_code grille_kms_source_open_environment(grille_kms_source **source, grille_error *error);

/* A profile of a shared credentials file (`aws_access_key_id = …` under `[profile]`), read each time. NULL as path:
 * AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials; as profile: AWS_PROFILE, else "default". Copied. */
GRILLE_MUST_USE grille_code grille_kms_source_open_file(const char *path, const char *profile,
                                                        grille_kms_source **source, grille_error *error);

/* The first of these that has any, each time, as in AWS's own programs: environment, file, metadata service. */
GRILLE_MUST_USE grille_code grille_kms_source_open_default(const grille_kms_imds_options *imds,
                                                           grille_kms_source **source, grille_error *error);

/* The application's own. `read` fills `credentials` (zeros before) or says in `error` why it can't; it may block and is
 * called by one thread at a time: the feeder's, or the one in grille_kms_source_read. */
typedef grille_code grille_kms_read_fn(void *user, grille_kms_role_credentials *credentials, grille_error *error);
GRILLE_MUST_USE grille_code grille_kms_source_open_callback(grille_kms_read_fn *read, void *user,
                                                            grille_kms_source **source, grille_error *error);

/* NULL is ignored. After the feeders that use it. */
void grille_kms_source_free(grille_kms_source *source);

/* Credentials as of now, well formed; blocks up to the source's timeouts. NOT_FOUND (KMS-SOURCE-EMPTY): it has none;
 * UNAVAILABLE: it does not answer, or not with credentials; INVALID_ARGUMENT: what it has is malformed.
 * `credentials` holds zeros unless OK. */
GRILLE_MUST_USE grille_code grille_kms_source_read(grille_kms_source *source, grille_kms_role_credentials *credentials,
                                                   grille_error *error);

/* Where the last credentials came from, for people ("profile default of /root/.aws/credentials"); before the first
 * read, where they would. Never a secret. Lives as long as the source; same thread as reads. */
const char *grille_kms_source_describe(const grille_kms_source *source);

/* ---- feeding them to an enclave ---- */

/* A thread that has the enclave behind a channel hold credentials: puts them when it connects, again before they end,
 * again when the enclave behind the channel is another one or has none any more (it is asked every five seconds, and
 * when a connection was lost); with growing pauses between attempts
 * that fail. The policy of the channel has said who the enclave is; that of the enclave lets us call
 * /grille.v1.KeyRelease/PutCredentials and /grille.v1.KeyRelease/WatchCredentials. */
typedef struct grille_kms_feeder grille_kms_feeder;

typedef struct grille_kms_feeder_options {
    size_t size;
    grille_kms_source *source;   /* required; must outlive the feeder */
    uint32_t renew_ahead_ms;     /* new ones so long before the old ones end; default 300,000 */
    uint32_t first_backoff_ms;   /* between failed attempts, with jitter of 20 %, doubled each; default 250 */
    uint32_t longest_backoff_ms; /* default 30,000 */
    uint32_t call_timeout_ms;    /* of one call that puts; default 10,000 */
} grille_kms_feeder_options;
grille_kms_feeder_options grille_kms_feeder_options_default(void);

/* Starts it; the channel is referenced, and stands until the feeder has stopped, too. INVALID_ARGUMENT, OUT_OF_MEMORY,
 * SYSTEM; *feeder is then NULL. */
GRILLE_MUST_USE grille_code grille_kms_feeder_start(grille_channel *channel, const grille_kms_feeder_options *options,
                                                    grille_kms_feeder **feeder, grille_error *error);

/* Waits until the enclave has taken credentials: OK at once when it has. Else, when the time is over, the code and
 * error of the last attempt, or DEADLINE_EXCEEDED. Blocks: not from callbacks (WOULD_DEADLOCK). Any thread. */
GRILLE_MUST_USE grille_code grille_kms_feeder_wait(grille_kms_feeder *feeder, uint32_t timeout_ms, grille_error *error);

/* Puts again now, from new credentials: for a caller that was told that the enclave has none, or bad ones. Any thread;
 * does not block. */
void grille_kms_feeder_renew(grille_kms_feeder *feeder);

typedef struct grille_kms_feeder_stats {
    uint64_t reads;   /* of the source */
    uint64_t puts;    /* that the enclave took */
    uint64_t failed;  /* attempts, of either kind */
    bool held;        /* the enclave holds what was put last, as far as we know */
    int64_t until_ms; /* when that ends, milliseconds since 1970; 0: never, or nothing held */
} grille_kms_feeder_stats;
grille_kms_feeder_stats grille_kms_feeder_get_stats(grille_kms_feeder *feeder);

/* Stops and frees; what it does is given up. Before the channel is closed or after. NULL is ignored; not from
 * callbacks. */
void grille_kms_feeder_stop(grille_kms_feeder *feeder);

#ifdef __cplusplus
}
#endif
#endif
