/* SPDX-License-Identifier: Apache-2.0
 * Where the commands' credentials come from: the options that say so, for each verb that signs. */
#ifndef GRILLE_TOOLS_KMS_SOURCE_H
#define GRILLE_TOOLS_KMS_SOURCE_H

#include "grille/kms_parent.h"
#include "options.h"

#define KMS_SOURCE_USAGE                                                                                               \
    "         --file FILE      only a shared credentials file; default: the environment (AWS_ACCESS_KEY_ID …),\n"    \
    "                          ~/.aws/credentials, the instance's metadata service, the first that has any\n"          \
    "         --profile NAME   of the file; default AWS_PROFILE, else \"default\"\n"                                   \
    "         --imds ADDRESS   only a metadata service, like tcp:169.254.169.254:80\n"

/* What was said; all NULL: the default. */
typedef struct kms_source_options {
    const char *file, *profile, *imds;
} kms_source_options;

/* Entries for command_line_parse. */
#define KMS_SOURCE_OPTIONS(said)                                                                                       \
    {.name = "--file", .value = &(said).file}, {.name = "--profile", .value = &(said).profile}, {                      \
        .name = "--imds", .value = &(said).imds                                                                        \
    }

/* INVALID_ARGUMENT and the errors of grille_kms_source_open_…; the caller frees. */
GRILLE_MUST_USE grille_code kms_source_open(const kms_source_options *said, grille_kms_source **source,
                                            grille_error *error);

#endif
