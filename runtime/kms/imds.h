/* SPDX-License-Identifier: Apache-2.0
 * What an EC2 instance's metadata service says of its role's credentials: IMDSv2 only (EC2 User Guide, "Use IMDS" and
 * "Retrieve security credentials from instance metadata"): a token by PUT, then GETs that carry it, each on a
 * connection of its own. Sans-IO, no heap; one thread at a time. */
#ifndef GRILLE_KMS_IMDS_H
#define GRILLE_KMS_IMDS_H

#include "kms/http.h"
#include "kms/role_credentials.h"

/* IAM's limit of a role's name. */
#define GRILLE_IMDS_ROLE_BYTES 64

typedef enum grille_imds_step {
    GRILLE_IMDS_TOKEN,
    GRILLE_IMDS_ROLE,
    GRILLE_IMDS_CREDENTIALS,
    GRILLE_IMDS_REGION,
    GRILLE_IMDS_DONE
} grille_imds_step;

/* Caller's storage; it holds secrets: grille_imds_end. */
typedef struct grille_imds {
    grille_imds_step step;
    const char *host;                      /* of the `host` header; borrowed */
    char role[GRILLE_IMDS_ROLE_BYTES + 1]; /* "": the one that the instance has */
    char token[GRILLE_LIMIT_IMDS_TOKEN_BYTES + 1];
    grille_kms_role_credentials credentials; /* count once the step is DONE */
    grille_http_answer answer;
    uint8_t body[GRILLE_LIMIT_IMDS_ANSWER_BYTES];
} grille_imds;

/* Whether IAM lets a role have this name. */
bool grille_imds_role_valid(grille_bytes name);

/* Before the first request; `role` is NULL or valid. */
void grille_imds_begin(grille_imds *imds, const char *host, const char *role);

/* Writes the request of this step, and makes ready for its answer; 1,024 bytes are always enough. BAD_ARGUMENT: a host
 * that is no header's value. NO_SPACE. */
GRILLE_MUST_USE grille_reason grille_imds_request(grille_imds *imds, grille_writer *request);

/* Takes what came of the answer, in pieces of any size. MORE; OK: it is whole and good, and `step` is the next one.
 * KMS_SOURCE_EMPTY: the instance has no role, or the role has another name; KMS_SOURCE: anything else that is no
 * answer of the service, or one that says that it can't, and in the text what the operator may do. */
GRILLE_MUST_USE grille_reason grille_imds_take(grille_imds *imds, grille_bytes bytes, grille_error *error);

/* "asking for a token": what this step is, for texts. */
const char *grille_imds_doing(const grille_imds *imds);

/* Wipes. */
void grille_imds_end(grille_imds *imds);

#endif
