/* SPDX-License-Identifier: Apache-2.0
 * What stands between the wire and the actions: signatures, throttling, policies' files, the log. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_FRONT_H
#define GRILLE_TOOLS_KMS_EMULATOR_FRONT_H

#include "kms_emulator/actions.h"
#include "kms_emulator/folder.h"
#include "kms_emulator/sigv4_check.h"

/* The longest body: AWS's limit of an attestation document (262,144) in base64, and all that can stand beside it. */
#define KMS_BODY_BYTES 524288

typedef struct kms_front kms_front;

/* How a folder is served. Borrowed while it is opened. */
typedef struct kms_front_options {
    const char *folder;
    size_t throttled; /* so many well signed requests are answered ThrottlingException first */
} kms_front_options;

/* Opens the folder: settings, callers, roots, keys, policies, the log. kms_front_close. BAD_ARGUMENT, SYSTEM. */
GRILLE_MUST_USE grille_reason kms_front_open(const kms_front_options *options, kms_front **front, grille_error *error);
void kms_front_close(kms_front *front);

/* Of the folder; as long as the front. */
const kms_settings *kms_front_settings(const kms_front *front);

/* Reads callers and policies again, and opens the log anew. A failure changes nothing of what failed. Any thread. */
GRILLE_MUST_USE bool kms_front_reload(kms_front *front, grille_error *error);

/* A request as it came; views, the caller's. */
typedef struct kms_front_request {
    const char *method;
    const char *path; /* with its query */
    const char *source_address;
    grille_wall_ms now_ms;
    bool is_too_large; /* its body is over the limit, and empty here */
    bool has_too_many_headers;
    grille_bytes body;
    size_t header_count;
    grille_kms_header headers[KMS_HEADERS_MOST]; /* as in kms_signed_request */
} kms_front_request;

/* Answers it, always; kms_answer_clear. What was done stands on the disk then, and its line in the log. Any thread. */
void kms_front_answer(kms_front *front, const kms_front_request *request, kms_answer *answer);

#endif
