/* SPDX-License-Identifier: Apache-2.0
 * Where a parent's credentials come from: what the sources of grille/kms_parent.h have in common. One thread at a time.
 */
#ifndef GRILLE_KMS_SOURCE_H
#define GRILLE_KMS_SOURCE_H

#include "kms/role_credentials.h"

#define GRILLE_KMS_SOURCE_WHERE_BYTES 4352

struct grille_kms_source {
    /* Fills credentials that are zeros; `stop` as in kms/pump.h. Sets `where`. */
    grille_reason (*read)(struct grille_kms_source *source, int stop, grille_kms_role_credentials *credentials,
                          grille_error *error);
    void (*free)(struct grille_kms_source *source);
    char where[GRILLE_KMS_SOURCE_WHERE_BYTES]; /* for people */
};

/* grille_kms_source_read for a thread that may be stopped; the credentials are well formed, or zeros. */
GRILLE_MUST_USE grille_reason grille_kms_source_take(grille_kms_source *source, int stop,
                                                     grille_kms_role_credentials *credentials, grille_error *error);

/* Zeroed memory of `size` for a source, with its functions; NULL and OUT_OF_MEMORY in `error`. */
void *grille_kms_source_new(size_t size,
                            grille_reason (*read)(struct grille_kms_source *, int, grille_kms_role_credentials *,
                                                  grille_error *),
                            grille_error *error);

/* An environment variable that is set and not empty, else NULL; the process's own. */
const char *grille_kms_setting(const char *name);

/* AWS_REGION or AWS_DEFAULT_REGION, where the source tells none. */
void grille_kms_add_region(grille_kms_role_credentials *credentials);

#endif
