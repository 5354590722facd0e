/* SPDX-License-Identifier: Apache-2.0
 * What the three programs agree on: purposes, names of blobs. */
#ifndef ACME_CRYPTOR_H
#define ACME_CRYPTOR_H

#include "grille/seal.h"

/* What each seal is for; both ends must say the same. */
#define CRYPTOR_PURPOSE_KEY    "acme cryptor 1 data key"
#define CRYPTOR_PURPOSE_FILE   "acme cryptor 1 file"
#define CRYPTOR_PURPOSE_RESULT "acme cryptor 1 result"
#define CRYPTOR_PURPOSE_TOKEN  "acme cryptor 1 token"

/* The application's part of the document's user_data. */
#define CRYPTOR_USER_DATA "acme cryptor 1"

enum { CRYPTOR_NONCE_BYTES = 32, CRYPTOR_DOCUMENT_MAX = 16384, CRYPTOR_SEALED_KEY_BYTES = 48 };

/* Largest file, and largest sealed result: half a million bad lines, each reported, take 37 MiB. */
#define CRYPTOR_FILE_MAX   ((size_t)1 << 20)
#define CRYPTOR_RESULT_MAX ((size_t)64 << 20)

/* Blobs in the folder through which owner and parent hand them over. */
#define CRYPTOR_BLOB_NONCE        "nonce"
#define CRYPTOR_BLOB_DOCUMENT     "document.cose"
#define CRYPTOR_BLOB_ENCAPSULATED "encapsulated"
#define CRYPTOR_BLOB_SEALED_KEY   "sealed-key"
#define CRYPTOR_BLOB_FILE         "file.sealed"
#define CRYPTOR_BLOB_RESULT       "result.sealed"

#endif
