/* SPDX-License-Identifier: Apache-2.0
 * In what the ends of channels (tls.h) and of services (tls_service.h) differ; included by tls*.c only. */
#ifndef GRILLE_SECURE_TLS_KIND_H
#define GRILLE_SECURE_TLS_KIND_H

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/ssl.h>

#include <string.h>

#include "secure/tls_options.h"

#ifdef GRILLE_TLS_OF_SERVICES

/* For texts: what a peer that does not do as expected likely is not. */
#define GRILLE_TLS_EXPECTED_PEER "the service"
/* And why it sent an alert. */
#define GRILLE_TLS_ALERT_CAUSE "likely it has no TLS 1.3 (70), or nothing else that we offer (40)"
/* Rows of tls_error.c. */
#define GRILLE_TLS_MORE_ERRORS                                                                                         \
    {BAD_PADDING_E, GRILLE_REASON_TLS_BAD_SIGNATURE}, {RSA_BUFFER_E, GRILLE_REASON_TLS_BAD_SIGNATURE},                 \
        {RSA_KEY_SIZE_E, GRILLE_REASON_TLS_BAD_CERTIFICATE}, {MP_VAL, GRILLE_REASON_TLS_BAD_SIGNATURE},

/* Whether there are servers and certificates of our own, whether an exporter's secrets are kept, and whether the peer
 * must agree to an application protocol. */
enum { tls_kind_has_servers = 0, tls_kind_has_certificates = 0, tls_kind_exports = 0, tls_kind_needs_alpn = 0 };

static inline WOLFSSL_METHOD *tls_kind_method(grille_tls_role role) {
    (void)role;
    return wolfTLSv1_3_client_method();
}

static inline int tls_kind_handshake(WOLFSSL *ssl, grille_tls_role role) {
    (void)role;
    return wolfSSL_connect(ssl);
}

/* False: no memory, or longer than wolfSSL takes. */
static inline bool tls_kind_send_server_name(WOLFSSL *ssl, const char *name) {
    return name == NULL || wolfSSL_UseSNI(ssl, WOLFSSL_SNI_HOST_NAME, name, (word16)strlen(name)) == WOLFSSL_SUCCESS;
}

#else

#define GRILLE_TLS_EXPECTED_PEER "a Grille endpoint"
#define GRILLE_TLS_ALERT_CAUSE   "its log says why"
#define GRILLE_TLS_MORE_ERRORS

enum { tls_kind_has_servers = 1, tls_kind_has_certificates = 1, tls_kind_exports = 1, tls_kind_needs_alpn = 1 };

static inline WOLFSSL_METHOD *tls_kind_method(grille_tls_role role) {
    return role == GRILLE_TLS_SERVER ? wolfTLSv1_3_server_method() : wolfTLSv1_3_client_method();
}

static inline int tls_kind_handshake(WOLFSSL *ssl, grille_tls_role role) {
    return role == GRILLE_TLS_SERVER ? wolfSSL_accept(ssl) : wolfSSL_connect(ssl);
}

/* The peer is attested, not named. */
static inline bool tls_kind_send_server_name(WOLFSSL *ssl, const char *name) {
    (void)ssl;
    (void)name;
    return true;
}

#endif
#endif
