/* SPDX-License-Identifier: Apache-2.0
 * The path from a TLS server's certificates, as they were sent, to one of our anchors: for services outside of Grille's
 * channels, which are named by DNS. */
#ifndef GRILLE_ATTEST_PATH_SERVER_H
#define GRILLE_ATTEST_PATH_SERVER_H

#include "attest/path.h"

typedef struct grille_server_path_request {
    const grille_bytes *anchors; /* DER of the CAs that we trust */
    size_t anchor_count;         /* 1 to GRILLE_LIMIT_POLICY_AUTHORITIES */
    const grille_bytes *sent;    /* DER, the leaf first, each certified by the next (RFC 8446 4.4.2) */
    size_t sent_count;           /* 1 to GRILLE_LIMIT_CABUNDLE_CERTIFICATES */
    grille_bytes dns_name;       /* must be among the leaf's DNS names, byte for byte; no wildcards */
    grille_wall_ms now_ms;
    int64_t leeway_ms;        /* on notBefore only */
    grille_path_cache *cache; /* NULL: none */
    const grille_rsa *rsa;    /* grille_rsa_wolf(), where the server's CAs may use RSA; NULL: refused */
} grille_server_path_request;

/* Walks from an anchor to the leaf by the profile GRILLE_PATH_TLS_SERVER. The anchor may be any of those sent, or the
 * issuer of any of them: what was sent above it (another root's certificate of it, say) is not looked at. The shortest
 * path that is good is taken. BAD_ARGUMENT for our own counts and an empty name; ATTEST_CERT_CHAIN,
 * ATTEST_CERT_NAME, ATTEST_CERT_UNKNOWN_ISSUER, and the reasons of grille_path_verify for the last path that was tried;
 * *path is zeroed then. */
GRILLE_MUST_USE grille_reason grille_path_verify_server(const grille_crypto *crypto,
                                                        const grille_server_path_request *request, grille_path *path,
                                                        grille_error *error);

#endif
