/* SPDX-License-Identifier: Apache-2.0
 * Names that the service gives: UUIDs (RFC 9562 5.4), of keys and requests. Any thread. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_IDENTIFIER_H
#define GRILLE_TOOLS_KMS_EMULATOR_IDENTIFIER_H

#include <stdbool.h>

#include "grille/bytes.h"

/* "1234abcd-12ab-44cd-96ef-1234567890ab" and its terminator; and its bytes. */
#define KMS_UUID_TEXT_BYTES 37
#define KMS_UUID_BYTES      16

/* One at random; false: there is no randomness. */
GRILLE_MUST_USE bool kms_uuid_make(char text[KMS_UUID_TEXT_BYTES]);

void kms_uuid_write(const uint8_t uuid[KMS_UUID_BYTES], char text[KMS_UUID_TEXT_BYTES]);

/* False: not in small letters and hyphens as above, of any version. */
GRILLE_MUST_USE bool kms_uuid_read(const char *text, uint8_t uuid[KMS_UUID_BYTES]);

#endif
