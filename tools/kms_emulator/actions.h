/* SPDX-License-Identifier: Apache-2.0
 * The key service's actions: a request whose signature was checked already, in; an answer and a line of the log, out.
 * AWS KMS API reference, Encrypt, Decrypt, GenerateDataKey, GenerateDataKeyWithoutPlaintext, GenerateRandom,
 * DescribeKey, ListKeys, ListAliases, CreateKey, CreateAlias, EnableKey, DisableKey, GetKeyPolicy, PutKeyPolicy,
 * ScheduleKeyDeletion, CancelKeyDeletion, RotateKeyOnDemand. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_ACTIONS_H
#define GRILLE_TOOLS_KMS_EMULATOR_ACTIONS_H

#include "kms_emulator/errors.h"
#include "kms_emulator/store.h"

/* What the service is. Borrowed, all of it, as long as it is used; constant then. */
typedef struct kms_service {
    kms_store *store;
    const char *region; /* in ARNs: "eu-central-1" */
    /* Whose attestation documents count: roots in DER, none of them AWS's, and AWS Nitro Enclaves G1. */
    const grille_bytes *insecure_development_roots;
    size_t insecure_development_root_count;
    bool takes_aws_root;
    grille_wall_ms documents_at_ms; /* documents are verified as of this time; 0: of the request */
    bool primitive_content;         /* CiphertextForRecipient with its content in one piece (cms_write.h) */
    bool insecure_explain;          /* AccessDeniedException says which statement decided, as AWS never does */
} kms_service;

/* Who asks, as the signature proved. Borrowed during the call; texts are UTF-8. */
typedef struct kms_caller {
    const char *arn;             /* "arn:aws:sts::111122223333:assumed-role/Role/session" … */
    const char *account;         /* 12 digits */
    const char *access_key_id;   /* for the log */
    bool identity_policy_allows; /* the caller's own IAM policies allow every action of this service */
    const char *source_address;  /* for the log: "127.0.0.1" */
    const char *user_agent;      /* for the log; may be NULL */
} kms_caller;

typedef struct kms_request {
    const char *target; /* of X-Amz-Target: "TrentService.Decrypt"; NULL: absent */
    grille_bytes body;
    grille_wall_ms now_ms;
} kms_request;

#define KMS_REQUEST_ID_BYTES 37

/* Caller's storage; kms_answer_clear. */
typedef struct kms_answer {
    kms_error error; /* NONE: it was done */
    unsigned status; /* of HTTP */
    char *body;      /* JSON ("application/x-amz-json-1.1"), terminated; may hold a plaintext */
    size_t body_len;
    char request_id[KMS_REQUEST_ID_BYTES]; /* of x-amzn-RequestId */
    char *log; /* one line of JSON without its line end, shaped as CloudTrail's; no secrets. NULL: no memory for it */
} kms_answer;

/* Does what is asked, or refuses it. Always gives an answer; any thread. From the first call on, jansson wipes what it
 * frees in this process. */
void kms_action(const kms_service *service, const kms_caller *caller, const kms_request *request, kms_answer *answer);

/* The same for a request that is refused before it is anybody's: a bad signature, throttling. `caller` may be NULL or
 * have NULLs where nobody is known; `message` NULL: the error's own. */
void kms_refuse(const kms_service *service, const kms_caller *caller, const kms_request *request, kms_error error,
                const char *message, kms_answer *answer);

/* Wipes and frees what the answer holds. */
void kms_answer_clear(kms_answer *answer);

#endif
