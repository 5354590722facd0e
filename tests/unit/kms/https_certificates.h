/* SPDX-License-Identifier: Apache-2.0
 * Keys and certificates of https_server.h; for its file only. */
#ifndef GRILLE_TESTS_UNIT_KMS_HTTPS_CERTIFICATES_H
#define GRILLE_TESTS_UNIT_KMS_HTTPS_CERTIFICATES_H

#include <openssl/x509.h>

#include "https_server.h"

typedef struct https_certificates {
    X509 *root, *middle, *leaf;
    EVP_PKEY *signer; /* of CertificateVerify */
    X509 *sent[12];   /* above the leaf; borrowed from here */
    size_t sent_count;
    uint8_t anchor[16384];
    size_t anchor_len;
} https_certificates;

void https_certificates_make(const https_options *options, https_certificates *made);
void https_certificates_free(https_certificates *made);

#endif
