/* SPDX-License-Identifier: Apache-2.0
 * By itself: names of wolfSSL's inside collide with ours. */
#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/internal.h>

#include "raw_tls_certificate.h"

unsigned char *raw_tls_certificate(WOLFSSL_CTX *context, size_t *len) {
    *len = context->certificate->length;
    return context->certificate->buffer;
}
