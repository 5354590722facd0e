/* SPDX-License-Identifier: Apache-2.0
 * A key service's folder: settings.json, credentials.json, keys.db, policies/, roots/, the certificates and its log. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_FOLDER_H
#define GRILLE_TOOLS_KMS_EMULATOR_FOLDER_H

#include "kms_emulator/credentials.h"
#include "kms_emulator/settings.h"
#include "kms_emulator/store.h"

#define KMS_AUTHORITY_FILE   "ca.pem"
#define KMS_CERTIFICATE_FILE "server.pem"
#define KMS_PRIVATE_KEY_FILE "server.key"
#define KMS_STORE_FILE       "keys.db"
#define KMS_EVENTS_FILE      "events.jsonl"
#define KMS_ROOTS_FOLDER     "roots"

/* Roots of attestation documents: each enclave of a laptop may have its own. */
#define KMS_ROOTS_MOST 16

/* What a new folder is to hold. Borrowed. */
typedef struct kms_folder_wishes {
    kms_settings settings;
    const char *const *hosts; /* of the server, beside kms.REGION.amazonaws.com, localhost, 127.0.0.1 and ::1 */
    size_t host_count;
    const char *const *roots; /* files of certificates, PEM or DER */
    size_t root_count;
} kms_folder_wishes;

/* Makes FOLDER, readable by its owner only, or fills an empty one: certificates, and one caller "developer", a user
 * whose policies allow everything. False: there is such a folder already, a wrong name or root (BAD_ARGUMENT), or
 * SYSTEM. */
GRILLE_MUST_USE bool kms_folder_make(const char *folder, const kms_folder_wishes *wishes, grille_error *error);

/* Roots, for kms_service. */
typedef struct kms_roots {
    grille_bytes items[KMS_ROOTS_MOST]; /* DER, from malloc */
    size_t count;
    bool has_aws; /* AWS Nitro Enclaves G1 is among the files */
} kms_roots;

/* All files of FOLDER/roots; kms_roots_free. BAD_ARGUMENT: one is no root, or there are too many; SYSTEM. */
GRILLE_MUST_USE bool kms_roots_read(const char *folder, kms_roots *roots, grille_error *error);
void kms_roots_free(kms_roots *roots);

/* Opens FOLDER/keys.db. NULL: BAD_ARGUMENT where FOLDER has no settings, and kms_store_open's. */
GRILLE_MUST_USE kms_store *kms_folder_store(const char *folder, grille_error *error);

/* Held by whoever changes files of the folder that others change, too: -1 and `error`, or for kms_folder_unlock. */
GRILLE_MUST_USE int kms_folder_lock(const char *folder, grille_error *error);
void kms_folder_unlock(int lock);

#endif
