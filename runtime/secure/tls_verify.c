/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <wolfssl/error-ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#include "base/bytes.h"
#include "base/error.h"
#include "secure/tls_private.h"

bool grille_tls_alpn_agreed(const grille_tls *tls) {
    char *name = NULL;
    unsigned short len = 0;
    if (!tls_kind_needs_alpn && tls->alpn[0] == '\0') return true;
    if (wolfSSL_ALPN_GetProtocol(tls->ssl, &name, &len) != WOLFSSL_SUCCESS) return false;
    return grille_bytes_equal(grille_bytes_of(name, len), grille_bytes_of_text(tls->alpn));
}

/* The one finding of wolfSSL's that may be overruled. */
static bool only_the_issuer_is_unknown(int preverify, const WOLFSSL_X509_STORE_CTX *store) {
    return preverify == 1 || store->error == ASN_NO_SIGNER_E || store->error == ASN_SELF_SIGNED_E;
}

static grille_reason refuse(grille_tls *tls, grille_reason reason, const char *text) {
    return grille_error_set(tls->hook_error, reason, "%s", text);
}

static grille_reason check(grille_tls *tls, int preverify, const WOLFSSL_X509_STORE_CTX *store) {
    grille_bytes chain[GRILLE_TLS_CHAIN_MAX];
    const size_t count = store->totalCerts > 0 ? (size_t)store->totalCerts : 0;
    if (!only_the_issuer_is_unknown(preverify, store))
        return grille_error_set(tls->hook_error, GRILLE_REASON_TLS_BAD_CERTIFICATE,
                                "the peer's TLS certificate is malformed: certificate %d, finding %d (%s); likely the "
                                "peer is not " GRILLE_TLS_EXPECTED_PEER,
                                store->error_depth, store->error,
                                wolfSSL_ERR_reason_error_string((unsigned long)store->error));
    if (count == 0 || count > tls->max_chain)
        return grille_error_set(tls->hook_error, GRILLE_REASON_TLS_CHAIN_LENGTH,
                                "the peer sent %zu TLS certificates; at most %zu may come; likely the peer is "
                                "not " GRILLE_TLS_EXPECTED_PEER,
                                count, tls->max_chain);
    /* Known since the hellos; only here wolfSSL lets us say no with an alert. */
    if (!grille_tls_alpn_agreed(tls))
        return refuse(
            tls, GRILLE_REASON_TLS_ALPN,
            "the peer offered no application protocol (ALPN); likely the peer is not " GRILLE_TLS_EXPECTED_PEER
            ", or something in between ends TLS");
    if (store->error_depth > 0) return GRILLE_REASON_OK;
    for (size_t i = 0; i < count; i++)
        chain[i] = grille_bytes_of(store->certs[i].buffer, store->certs[i].length);
    return tls->verify(tls->verify_user, chain, count, tls->hook_error);
}

int grille_tls_verify_callback(int preverify, WOLFSSL_X509_STORE_CTX *store) {
    grille_tls *tls = store->userCtx;
    if (tls->hook_reason == GRILLE_REASON_OK) tls->hook_reason = check(tls, preverify, store);
    return tls->hook_reason == GRILLE_REASON_OK ? 1 : 0;
}
