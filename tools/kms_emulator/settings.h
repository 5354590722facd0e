/* SPDX-License-Identifier: Apache-2.0
 * What a key service is, as its folder's settings.json says it. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_SETTINGS_H
#define GRILLE_TOOLS_KMS_EMULATOR_SETTINGS_H

#include <stdbool.h>

#include "base/time.h"
#include "grille/reasons.h"
#include "kms_emulator/store_limits.h"

#define KMS_SETTINGS_FILE "settings.json"

/* "HOST:PORT" with its terminator: an IPv6 address in brackets is the longest. */
#define KMS_LISTEN_BYTES 64

/* Caller's storage; nothing to free. */
typedef struct kms_settings {
    char region[KMS_REGION_BYTES];
    char account[KMS_ACCOUNT_BYTES];
    char listen[KMS_LISTEN_BYTES];  /* an address of this machine and a port; 0: any that is free */
    bool takes_aws_root;            /* documents of AWS Nitro Enclaves count, beside those of the roots in the folder */
    grille_wall_ms documents_at_ms; /* attestation documents are verified as of this time; 0: of the request */
    bool primitive_content;         /* CiphertextForRecipient in its primitive form */
    bool insecure_explain;          /* refusals say which statement decided */
} kms_settings;

/* What a service is when nobody says otherwise. */
kms_settings kms_settings_default(void);

/* Whether these are a region's name and an account's number. */
bool kms_region_valid(const char *region);
bool kms_account_valid(const char *account);

/* Where an address begins with the host (brackets left out) and its port: "127.0.0.1:8443", "[::1]:8443". False: it is
 * not of the form, or not of the loopback interface: whoever reads the folder or the wire has all keys. */
GRILLE_MUST_USE bool kms_listen_parse(const char *listen, char host[KMS_LISTEN_BYTES], unsigned *port);

/* FOLDER/settings.json: every member once and none else. BAD_ARGUMENT with file and line, SYSTEM. */
GRILLE_MUST_USE bool kms_settings_read(const char *folder, kms_settings *settings, grille_error *error);

/* Writes a new one. */
GRILLE_MUST_USE bool kms_settings_write(const char *folder, const kms_settings *settings, grille_error *error);

#endif
