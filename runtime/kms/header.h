/* SPDX-License-Identifier: Apache-2.0
 * One header field of a request: the same to who signs it and to who sends it. Pure; any thread. */
#ifndef GRILLE_KMS_HEADER_H
#define GRILLE_KMS_HEADER_H

#include <stdbool.h>

#include "base/bytes.h"

/* Views, both of the caller's. */
typedef struct grille_kms_header {
    const char *name;
    grille_bytes value;
} grille_kms_header;

/* Whether it has one form only, so that no line end, list or blank in it makes two readers disagree: a name of small
 * letters, digits and hyphens, a value of visible ASCII with single blanks inside. */
bool grille_kms_header_valid(const grille_kms_header *header);

/* Whether `text` is one or more letters, digits, hyphens and underscores: a region, a service, an access key id. */
bool grille_kms_word_valid(grille_bytes text);

#endif
