/* SPDX-License-Identifier: Apache-2.0
 * The emulator's keys, in one file of SQLite: what is said to be done survives a restart and a kill at any moment. Keys
 * stand in it as they are: it is for development, and its file is its owner's alone (0600). */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_STORE_H
#define GRILLE_TOOLS_KMS_EMULATOR_STORE_H

#include <stdbool.h>

#include "base/time.h"
#include "grille/reasons.h"
#include "kms_emulator/store_limits.h"

/* Any thread, one at a time inside; other processes may have the same file open. */
typedef struct kms_store kms_store;

typedef enum kms_store_result {
    KMS_STORE_OK,
    KMS_STORE_NOT_FOUND,
    KMS_STORE_EXISTS,  /* the id or the alias is taken */
    KMS_STORE_BUSY,    /* another process held the file for KMS_STORE_BUSY_MS */
    KMS_STORE_DAMAGED, /* what the file holds is no key */
    KMS_STORE_FAILED   /* the disk or the memory; kms_store_problem says what */
} kms_store_result;

typedef enum kms_key_state { KMS_KEY_ENABLED, KMS_KEY_DISABLED, KMS_KEY_PENDING_DELETION } kms_key_state;

/* Only ENCRYPT_DECRYPT keys encrypt; the other exists to be refused. */
typedef enum kms_key_usage { KMS_KEY_ENCRYPT_DECRYPT, KMS_KEY_GENERATE_VERIFY_MAC } kms_key_usage;

/* One key, without its secret. Caller's storage; kms_key_clear frees the texts. */
typedef struct kms_key {
    char id[KMS_KEY_ID_BYTES];   /* "1234abcd-12ab-34cd-56ef-1234567890ab" */
    char arn[KMS_KEY_ARN_BYTES]; /* "arn:aws:kms:REGION:ACCOUNT:key/ID" */
    char account[KMS_ACCOUNT_BYTES];
    kms_key_state state;
    kms_key_usage usage;
    grille_wall_ms created_ms;
    grille_wall_ms deletion_ms; /* PENDING_DELETION: when it goes; else 0 */
    unsigned generation;        /* of the secret that encrypts now, from 1 */
    char *description;
    char *policy; /* JSON */
} kms_key;

/* NULL and zeroed ones are fine. */
void kms_key_clear(kms_key *key);

/* What a new key is to be. Texts are borrowed. */
typedef struct kms_key_spec {
    const char *id; /* NULL: at random; else lower-case as in kms_key */
    const char *account;
    const char *region;
    kms_key_usage usage;
    const char *description;
    const char *policy;
    grille_wall_ms now_ms;
} kms_key_spec;

typedef struct kms_alias {
    char name[KMS_ALIAS_BYTES]; /* "alias/NAME" */
    char arn[KMS_ALIAS_ARN_BYTES];
    char key_id[KMS_KEY_ID_BYTES];
    grille_wall_ms created_ms;
} kms_alias;

/* Opens the file, which is made when it is not there (its folder must be). close by kms_store_close. BAD_ARGUMENT: not
 * such a file, or of a newer version; SYSTEM. */
GRILLE_MUST_USE grille_reason kms_store_open(const char *path, kms_store **store, grille_error *error);

/* NULL is fine. */
void kms_store_close(kms_store *store);

/* What this thread's last call that was not done was about, for a log; until its next one. */
const char *kms_store_problem(void);

/* Makes a key with a fresh secret; *key is it (kms_key_clear). EXISTS: the id. DAMAGED never. */
GRILLE_MUST_USE kms_store_result kms_store_create_key(kms_store *store, const kms_key_spec *spec, kms_key *key);

/* *key is set on OK only (kms_key_clear). */
GRILLE_MUST_USE kms_store_result kms_store_find_key(kms_store *store, const char *id, kms_key *key);

/* The key that an alias ("alias/NAME") of this account stands for. */
GRILLE_MUST_USE kms_store_result kms_store_find_alias(kms_store *store, const char *account, const char *name,
                                                      kms_key *key);

/* A state of `from` becomes `to`, with `deletion_ms` (0 unless PENDING_DELETION). NOT_FOUND: no such key, or its state
 * is another one by now. */
GRILLE_MUST_USE kms_store_result kms_store_change_state(kms_store *store, const char *id, kms_key_state from,
                                                        kms_key_state to, grille_wall_ms deletion_ms);

GRILLE_MUST_USE kms_store_result kms_store_set_policy(kms_store *store, const char *id, const char *policy);

/* From now on another secret encrypts; older ones go on decrypting. */
GRILLE_MUST_USE kms_store_result kms_store_rotate_key(kms_store *store, const char *id);

/* The secret of a generation (0: the one that encrypts now), for the caller to wipe. DAMAGED: it is not of 32 bytes. */
GRILLE_MUST_USE kms_store_result kms_store_secret(kms_store *store, const char *id, unsigned generation,
                                                  uint8_t secret[KMS_SECRET_BYTES]);

/* EXISTS: this account has such an alias already. NOT_FOUND: no such key. */
GRILLE_MUST_USE kms_store_result kms_store_create_alias(kms_store *store, const char *account, const char *name,
                                                        const char *key_id, grille_wall_ms now_ms);

/* Up to `capacity` keys of an account by ascending ids after `after` ("" from the first): their ids. */
GRILLE_MUST_USE kms_store_result kms_store_list_keys(kms_store *store, const char *account, const char *after,
                                                     char (*ids)[KMS_KEY_ID_BYTES], size_t capacity, size_t *count);

/* The same of aliases by names; of one key, or of all (NULL). `region` is for their ARNs. */
GRILLE_MUST_USE kms_store_result kms_store_list_aliases(kms_store *store, const char *account, const char *region,
                                                        const char *key_id, const char *after, kms_alias *aliases,
                                                        size_t capacity, size_t *count);

/* Removes keys whose time has come, with their secrets and aliases. */
GRILLE_MUST_USE kms_store_result kms_store_delete_due(kms_store *store, grille_wall_ms now_ms);

#endif
