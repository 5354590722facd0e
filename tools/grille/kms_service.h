/* SPDX-License-Identifier: Apache-2.0
 * One action of a key service, asked from the parent: no attestation, and nothing comes back but ciphertext. */
#ifndef GRILLE_TOOLS_KMS_SERVICE_H
#define GRILLE_TOOLS_KMS_SERVICE_H

#include "kms_arn.h"
#include "kms_source.h"
#include "wire/limits.h"

#define KMS_SERVICE_USAGE                                                                                              \
    "         --context N=V    a pair of the encryption context; up to 8 times\n"                                      \
    "         --host NAME      the service's name; default kms.REGION.amazonaws.com\n"                                 \
    "         --to ADDRESS     where it is, like tcp:127.0.0.1:8443; default: its name, port 443\n"                    \
    "         --ca FILE        PEM of the CAs that may vouch for it; default: Amazon's, as Debian's ca-certificates\n" \
    "                          has them\n"                                                                             \
    "         -o FILE          write the ciphertext itself to a new FILE, in place of base64 to standard output\n"

#define KMS_SERVICE_PAIRS 8

/* What was said. */
typedef struct kms_service_options {
    const char *key, *host, *to, *ca, *output;
    const char *pairs[KMS_SERVICE_PAIRS]; /* "NAME=VALUE" */
    size_t pair_count;
    kms_source_options source;
} kms_service_options;

/* Entries for command_line_parse. */
#define KMS_SERVICE_OPTIONS(said)                                                                                      \
    {.name = "--key", .value = &(said).key}, {.name = "--host", .value = &(said).host},                                \
        {.name = "--to", .value = &(said).to}, {.name = "--ca", .value = &(said).ca},                                  \
        {.name = "-o", .value = &(said).output}, KMS_SOURCE_OPTIONS((said).source)

/* Whether the options can be used; else EXIT_USAGE, and it was said. */
int kms_service_check(const char *command, const char *usage, const kms_service_options *said);

/* A ciphertext of the service's. */
typedef struct kms_service_answer {
    uint8_t bytes[GRILLE_LIMIT_KMS_CIPHERTEXT_BYTES];
    size_t len;
} kms_service_answer;

/* Asks for `action` ("Encrypt") with the key, the context and `more`, members of JSON that end in a comma. Tries again
 * while the service is busy. The answer's KeyId must be the key. EXIT_DONE; EXIT_USAGE: an option's file or address;
 * EXIT_REJECTED: the service refused; EXIT_FAILED: it, or the source of credentials, could not be asked; the reason was
 * said. */
int kms_service_ask(const char *command, const char *usage, const kms_service_options *said, const char *action,
                    const char *more, kms_service_answer *answer);

/* Puts the ciphertext where -o says. */
int kms_service_deliver(const char *command, const kms_service_options *said, const kms_service_answer *answer);

#endif
