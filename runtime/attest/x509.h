/* SPDX-License-Identifier: Apache-2.0
 * Reading X.509 v3 certificates (RFC 5280 4.1) strictly: DER only, nothing after the end, each extension at most once.
 * It reads and judges nothing: path.h does. */
#ifndef GRILLE_ATTEST_X509_H
#define GRILLE_ATTEST_X509_H

#include "crypto/certificate.h"

/* How a certificate is signed; everything else (SHA-1 too) is OTHER. */
typedef enum grille_x509_signature {
    GRILLE_X509_SIGNATURE_OTHER,
    GRILLE_X509_ECDSA_SHA256,
    GRILLE_X509_ECDSA_SHA384,
    GRILLE_X509_RSA_SHA256, /* PKCS #1 v1.5 (RFC 4055 5) */
    GRILLE_X509_RSA_SHA384,
    GRILLE_X509_RSA_SHA512,
    GRILLE_X509_RSA_PSS /* with whatever parameters: no profile allows it */
} grille_x509_signature;

typedef enum grille_x509_name_kind { GRILLE_X509_DNS, GRILLE_X509_URI } grille_x509_name_kind;

/* Views into the certificate's DER. */
typedef struct grille_x509 {
    grille_bytes to_be_signed; /* the whole element */
    grille_x509_signature signature_kind;
    grille_bytes signature; /* ECDSA: DER of r and s */
    grille_bytes issuer;    /* the whole Name: names are compared as raw bytes */
    grille_bytes subject;
    grille_bytes common_name; /* of the subject; empty when it has none */
    grille_wall_ms not_before_ms;
    grille_wall_ms not_after_ms;
    grille_bytes spki; /* the whole element */
    bool has_ec_key;   /* a P-256 or P-384 key, below; else another algorithm (RSA: crypto/rsa.h reads it) or curve */
    grille_curve curve;
    grille_bytes point;

    bool has_basic_constraints;
    bool basic_constraints_critical;
    bool is_ca;
    int path_len; /* -1: none */
    bool has_key_usage;
    uint8_t key_usage; /* GRILLE_KEY_USAGE_… */
    bool has_extended_key_usage;
    bool allows_server_auth;
    bool allows_client_auth;
    grille_bytes alternative_names; /* content of GeneralNames; empty: none */
    bool has_name_constraints;
    bool has_unknown_critical_extension;
} grille_x509;

/* Reads one certificate that fills `der`. ATTEST_CERT_FORMAT or ATTEST_CERT_DUPLICATE_EXTENSION; then *certificate is
 * zeroed. */
GRILLE_MUST_USE grille_reason grille_x509_read(grille_bytes der, grille_x509 *certificate);

/* True when the subjectAltName has exactly this name, byte for byte. No wildcards. */
bool grille_x509_has_name(const grille_x509 *certificate, grille_x509_name_kind kind, grille_bytes name);

/* The first DNS or URI name, for messages; empty when there is none. */
grille_bytes grille_x509_first_name(const grille_x509 *certificate);

/* Text from a certificate, for messages and identities: at most `capacity` bytes with the terminator, whatever is not
 * printable ASCII replaced by '?'. */
void grille_x509_text(grille_bytes name, char *text, size_t capacity);

#endif
