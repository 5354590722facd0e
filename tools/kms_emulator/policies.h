/* SPDX-License-Identifier: Apache-2.0
 * Key policies as files: FOLDER/policies/KEY-ID.json has the policy of each key, for people to read and to change. The
 * file counts: what it says is put into the store when the service starts and when it is asked to look again, and what
 * changes through the service stands in the file before the answer is given. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_POLICIES_H
#define GRILLE_TOOLS_KMS_EMULATOR_POLICIES_H

#include <stdbool.h>

#include "kms_emulator/store.h"

#define KMS_POLICIES_FOLDER "policies"

/* Writes the file of a key from the store. Who calls has locked the folder (kms_folder_lock) since before he set the
 * policy there: the others here lock it themselves. */
GRILLE_MUST_USE bool kms_policies_save(const char *folder, kms_store *store, const char *id, grille_error *error);

/* Takes `policy` for a key, into the store and its file. BAD_ARGUMENT: it is no policy ("line L, column C: …"), or
 * there is no such key; SYSTEM. */
GRILLE_MUST_USE bool kms_policies_put(const char *folder, kms_store *store, const char *id, grille_bytes policy,
                                      grille_error *error);

/* Takes all files. One that is no policy, or is of no key, is said on standard error and left: its key keeps the policy
 * that it had. False: the folder or the store can't be used. */
GRILLE_MUST_USE bool kms_policies_take(const char *folder, kms_store *store, grille_error *error);

/* Writes the files that keys of an account lack: a kill between the store and the file leaves such a key. */
GRILLE_MUST_USE bool kms_policies_add_missing(const char *folder, kms_store *store, const char *account,
                                              grille_error *error);

#endif
