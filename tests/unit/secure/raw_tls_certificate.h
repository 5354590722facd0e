/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GRILLE_TESTS_UNIT_SECURE_RAW_TLS_CERTIFICATE_H
#define GRILLE_TESTS_UNIT_SECURE_RAW_TLS_CERTIFICATE_H

#include <stddef.h>

struct WOLFSSL_CTX;

/* The leaf as it will be sent, to write over. */
unsigned char *raw_tls_certificate(struct WOLFSSL_CTX *context, size_t *len);

#endif
