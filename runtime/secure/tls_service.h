/* SPDX-License-Identifier: Apache-2.0
 * TLS 1.3 towards services outside of Grille's channels (a key service): clients only, and their peers may have RSA
 * keys of 2,048 to 4,096 bits (rsa_pss_rsae, RFC 8446 4.2.3), which a channel's end neither offers nor has the code
 * for. The same source and behaviour as tls.h's, built once more (tls_service.c), so that a program that does not name
 * //runtime/secure:tls_service links none of it. */
#ifndef GRILLE_SECURE_TLS_SERVICE_H
#define GRILLE_SECURE_TLS_SERVICE_H

#include "secure/tls_options.h"

/* Ends of one kind; each function as its namesake in tls.h. An end that one table made is for that table alone. */
typedef struct grille_tls_functions {
    grille_reason (*new)(const grille_tls_options *options, grille_tls **tls, grille_error *error);
    void (*free)(grille_tls *tls);
    grille_reason (*feed)(grille_tls *tls, grille_bytes bytes);
    grille_reason (*retain)(grille_tls *tls);
    size_t (*unread)(const grille_tls *tls);
    grille_reason (*handshake)(grille_tls *tls, grille_error *error);
    grille_reason (*read)(grille_tls *tls, uint8_t *plain, size_t capacity, size_t *len, grille_time_us now_us,
                          grille_error *error);
    bool (*is_closed)(const grille_tls *tls);
    int (*peer_alert)(const grille_tls *tls);
    grille_reason (*write)(grille_tls *tls, grille_bytes plain, grille_error *error);
    grille_bytes (*outgoing)(const grille_tls *tls);
    void (*sent)(grille_tls *tls, size_t len);
    void (*shutdown)(grille_tls *tls);
} grille_tls_functions;

/* Ends towards services. `role` must be the client's; `server_name` is sent (SNI, RFC 6066 3), and whether the
 * certificate has it the verify hook looks. `alpn` may be NULL: none is offered, and one that the service names all the
 * same ends the handshake. Static storage; any thread. */
const grille_tls_functions *grille_tls_of_services(void);

#endif
