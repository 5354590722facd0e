/* SPDX-License-Identifier: Apache-2.0
 * Makes a development CA, and x509 identities under one. */
#ifndef GRILLE_TOOLS_IDENTITY_MAKE_H
#define GRILLE_TOOLS_IDENTITY_MAKE_H

#include <stdbool.h>

#include "grille/status.h"

/* What the command line asked for; names were checked. */
typedef struct identity_request {
    const char *folder;
    const char *ca_folder; /* of an identity */
    const char *name;      /* common name of a CA (NULL: a default), subjectAltName of an identity */
    bool name_is_uri;      /* else a DNS name */
    int days;
} identity_request;

/* Writes FOLDER/ca.pem and FOLDER/ca.key: P-256, self-signed, path length 0. Both or neither; never over a file. */
GRILLE_MUST_USE bool identity_make_ca(const identity_request *request, grille_error *error);

/* Writes FOLDER/identity.pem and FOLDER/identity.key: P-256, signed by the CA in ca_folder, which it does not outlive,
 * for client and server authentication. Both or neither; never over a file. */
GRILLE_MUST_USE bool identity_make_x509(const identity_request *request, grille_error *error);

#endif
