/* SPDX-License-Identifier: Apache-2.0
 * Sizes of what the emulator's store holds; texts with their terminators. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_STORE_LIMITS_H
#define GRILLE_TOOLS_KMS_EMULATOR_STORE_LIMITS_H

/* A UUID as text. */
#define KMS_KEY_ID_BYTES 37

/* 12 digits. */
#define KMS_ACCOUNT_BYTES 13

/* A region's name: AWS's longest has 16 characters. */
#define KMS_REGION_BYTES 33

/* "alias/NAME": 256 characters (AWS KMS API reference, "CreateAlias"). */
#define KMS_ALIAS_BYTES 257

#define KMS_KEY_ARN_BYTES   (sizeof "arn:aws:kms:::key/" + KMS_REGION_BYTES + KMS_ACCOUNT_BYTES + KMS_KEY_ID_BYTES)
#define KMS_ALIAS_ARN_BYTES (sizeof "arn:aws:kms:::" + KMS_REGION_BYTES + KMS_ACCOUNT_BYTES + KMS_ALIAS_BYTES)

/* A key of AES-256. */
#define KMS_SECRET_BYTES 32

/* Bytes of a description, terminator not counted: AWS's own ("CreateKey"). */
#define KMS_DESCRIPTION_CHARACTERS 8192

/* Keys, or aliases, of one answer: AWS's own ("ListKeys", "ListAliases"). */
#define KMS_LISTED_KEYS    1000
#define KMS_LISTED_ALIASES 100

/* How long one waits for another process that changes the file: a change takes milliseconds. */
#define KMS_STORE_BUSY_MS 5000

#endif
