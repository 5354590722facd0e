/* SPDX-License-Identifier: Apache-2.0
 * One request while it is served: what the parts of the actions share. For actions*.c and call*.c only. Where one of
 * these answers false, the call has its error already, so that `return kms_fail(…)` ends an action. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_CALL_H
#define GRILLE_TOOLS_KMS_EMULATOR_CALL_H

#include "kms_emulator/actions.h"
#include "kms_emulator/blob.h"
#include "kms_emulator/policy_decide.h"
#include "kms_emulator/recipient_facts.h"

/* Bytes of a refusal's message: room for what a verifier says. */
#define KMS_MESSAGE_BYTES 1024

typedef struct kms_call kms_call;

/* One row of the table of actions. */
typedef struct kms_operation {
    const char *name; /* "Decrypt" */
    bool (*serve)(kms_call *call);
    bool changes_nothing; /* of CloudTrail's "readOnly" */
} kms_operation;

struct kms_call {
    const kms_service *service;
    const kms_caller *caller;
    const kms_request *request;
    const kms_operation *operation; /* NULL: not known */
    kms_error error;
    char message[KMS_MESSAGE_BYTES];
    json_t *input;  /* an object, once the body was read */
    json_t *output; /* an object */
    bool has_key;
    kms_key key;
    const char *alias; /* by which the request names the key; NULL: it does not */
    kms_context context;
    uint8_t *document; /* the request's, for the recipient's views */
    bool has_recipient;
    kms_recipient recipient;
    key_policy_facts facts;
    bool is_decided;
    key_policy_decision decision;
};

/* Always false. */
bool kms_fail(kms_call *call, kms_error error, const char *format, ...) GRILLE_PRINTF(3, 4);
/* The same with the error's own message. */
bool kms_fail_plainly(kms_call *call, kms_error error);

/* OK, or the error that the store's result stands for; NOT_FOUND and EXISTS are the caller's to name first. */
bool kms_check_store(kms_call *call, kms_store_result result);

/* ---- call_input.c: members of the request. Absent ones are NULL, 0 or false unless required. ---- */

typedef enum kms_presence { KMS_OPTIONAL, KMS_REQUIRED } kms_presence;

/* A text of `least` to `most` bytes, borrowed from the request. */
GRILLE_MUST_USE bool kms_input_text(kms_call *call, const char *name, kms_presence presence, size_t least, size_t most,
                                    const char **text);
/* A whole number; `value` keeps what it has when there is none. */
GRILLE_MUST_USE bool kms_input_number(kms_call *call, const char *name, kms_presence presence, int64_t least,
                                      int64_t most, int64_t *value);
GRILLE_MUST_USE bool kms_input_flag(kms_call *call, const char *name, bool *flag);
/* Bytes in base64, at most `most`, into a new block for the caller to wipe and free (NULL: none). */
GRILLE_MUST_USE bool kms_input_bytes(kms_call *call, const json_t *object, const char *name, kms_presence presence,
                                     size_t most, uint8_t **bytes, size_t *len);
/* EncryptionContext into the call. */
GRILLE_MUST_USE bool kms_input_context(kms_call *call);
/* Recipient, verified, into the call. */
GRILLE_MUST_USE bool kms_input_recipient(kms_call *call);
/* What no key here has: grant tokens. */
GRILLE_MUST_USE bool kms_input_no_grants(kms_call *call);
/* An algorithm for encrypting, which must be the one there is. */
GRILLE_MUST_USE bool kms_input_algorithm(kms_call *call);
/* Policy: one that can be read and does not lock the caller out, or NULL. */
GRILLE_MUST_USE bool kms_input_policy(kms_call *call, kms_presence presence, const char **text);
/* The request asks what would happen: DRY_RUN. */
GRILLE_MUST_USE bool kms_check_dry_run(kms_call *call);

/* ---- call_key.c: which key, and who may. ---- */

typedef enum kms_naming { KMS_BY_KEY, KMS_BY_KEY_OR_ALIAS } kms_naming;

/* The key that a text names: id, ARN, alias, or an alias's ARN. */
GRILLE_MUST_USE bool kms_find_key(kms_call *call, const char *text, kms_naming naming);
/* The same of the request's required member. */
GRILLE_MUST_USE bool kms_input_key(kms_call *call, const char *name, kms_naming naming);
/* May the caller do the operation with the call's key? */
GRILLE_MUST_USE bool kms_authorize(kms_call *call);
/* The same, and only for callers of the key's own account. */
GRILLE_MUST_USE bool kms_authorize_owner(kms_call *call);
/* For operations that are on no key: what the caller's own policies say. */
GRILLE_MUST_USE bool kms_authorize_identity(kms_call *call);
/* Is the key enabled? */
GRILLE_MUST_USE bool kms_check_enabled(kms_call *call);
/* Is it one that encrypts? */
GRILLE_MUST_USE bool kms_check_encrypts(kms_call *call);

/* ---- the answer ---- */

/* Puts a new value into the answer. False: there is no memory for it. */
GRILLE_MUST_USE bool kms_output(kms_call *call, const char *name, json_t *value);
GRILLE_MUST_USE bool kms_output_text(kms_call *call, const char *name, const char *text);
/* In base64. */
GRILLE_MUST_USE bool kms_output_bytes(kms_call *call, const char *name, grille_bytes bytes);
/* A text that may be cut inside a character or be no UTF-8 at all, as one that is: then without what is not ASCII. */
json_t *kms_json_text(const char *text);
/* As AWS's JSON says times: seconds with a fraction. */
json_t *kms_time(grille_wall_ms time_ms);

/* The line of the log; NULL: no memory. `request_id` is the answer's. */
char *kms_log_line(const kms_call *call, const char *request_id);

/* ---- the actions ---- */

bool kms_serve_encrypt(kms_call *call);
bool kms_serve_decrypt(kms_call *call);
bool kms_serve_generate_data_key(kms_call *call);
bool kms_serve_generate_data_key_without_plaintext(kms_call *call);
bool kms_serve_generate_random(kms_call *call);
bool kms_serve_create_key(kms_call *call);
bool kms_serve_describe_key(kms_call *call);
bool kms_serve_list_keys(kms_call *call);
bool kms_serve_list_aliases(kms_call *call);
bool kms_serve_create_alias(kms_call *call);
bool kms_serve_enable_key(kms_call *call);
bool kms_serve_disable_key(kms_call *call);
bool kms_serve_schedule_key_deletion(kms_call *call);
bool kms_serve_cancel_key_deletion(kms_call *call);
bool kms_serve_rotate_key_on_demand(kms_call *call);
bool kms_serve_get_key_policy(kms_call *call);
bool kms_serve_put_key_policy(kms_call *call);

#endif
