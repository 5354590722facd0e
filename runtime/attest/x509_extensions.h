/* SPDX-License-Identifier: Apache-2.0
 * Extensions of a certificate (RFC 5280 4.2); part of x509.h's reader. */
#ifndef GRILLE_ATTEST_X509_EXTENSIONS_H
#define GRILLE_ATTEST_X509_EXTENSIONS_H

#include "attest/x509.h"
#include "base/reader.h"

/* Takes [3] EXPLICIT Extensions into *certificate; fails the reader with ATTEST_CERT_FORMAT or
 * ATTEST_CERT_DUPLICATE_EXTENSION. An unknown extension is skipped; the certificate remembers when it was critical. */
void grille_x509_read_extensions(grille_reader *reader, grille_x509 *certificate);

#endif
