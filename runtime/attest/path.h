/* SPDX-License-Identifier: Apache-2.0
 * Certificate paths (RFC 5280 6.1, cut down to what is allowed here): one walk, and a table of profiles. The walk
 * judges everything but the trust anchor itself, which its caller has pinned. */
#ifndef GRILLE_ATTEST_PATH_H
#define GRILLE_ATTEST_PATH_H

#include "attest/path_cache.h"
#include "attest/x509.h"
#include "crypto/rsa.h"
#include "wire/limits.h"

/* An anchor, at most GRILLE_LIMIT_CABUNDLE_CERTIFICATES - 1 further CAs, a leaf. */
#define GRILLE_PATH_MAX (GRILLE_LIMIT_CABUNDLE_CERTIFICATES + 1)

/* What a chain must look like; a profile is one row of the table in path.c. */
typedef enum grille_path_profile {
    GRILLE_PATH_NITRO,     /* P-384 and ecdsa-with-SHA384 only, leaf with digitalSignature */
    GRILLE_PATH_PEER,      /* P-256 or P-384, SHA-256 or SHA-384, extended key usage for the leaf's TLS role */
    GRILLE_PATH_TLS_SERVER /* the same, and RSA where the request hands it on; path_server.h finds the path and looks at
                              the name */
} grille_path_profile;

/* What the leaf is used for, where the profile asks for an extended key usage. */
typedef enum grille_path_purpose { GRILLE_PATH_CLIENT, GRILLE_PATH_SERVER } grille_path_purpose;

typedef struct grille_path_request {
    grille_path_profile profile;
    grille_path_purpose purpose;
    const grille_bytes *certificates; /* DER; [0] is the pinned anchor, the last one the leaf */
    size_t count;                     /* 2 to GRILLE_PATH_MAX */
    grille_wall_ms now_ms;
    int64_t leeway_ms;        /* on notBefore only */
    grille_path_cache *cache; /* signatures of CA certificates that were verified before; NULL: none */
    const grille_rsa *rsa;    /* for GRILLE_PATH_TLS_SERVER; NULL, and for the other profiles: RSA is refused */
} grille_path_request;

/* What a good path yields; views into the certificates. */
typedef struct grille_path {
    grille_x509 leaf;
    grille_bytes issuer_common_name; /* of the certificate above the leaf */
    grille_wall_ms expires_ms;       /* the earliest notAfter */
} grille_path;

/* Walks from the anchor to the leaf: format, extensions, algorithms, names, validity, CA flag, path length and usage of
 * all certificates first, then the signatures. The anchor's own signature is not verified: it is pinned. The error is
 * the first check that failed, with the certificate's place and subject. ATTEST_CERT_…; *path is zeroed then. */
GRILLE_MUST_USE grille_reason grille_path_verify(const grille_crypto *crypto, const grille_path_request *request,
                                                 grille_path *path, grille_error *error);

#endif
