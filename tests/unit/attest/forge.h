/* SPDX-License-Identifier: Apache-2.0
 * Certificates and documents made to order for tests: right ones, and ones that are wrong in exactly one way and signed
 * all the same. Everything asserts; keys are made at random. */
#ifndef GRILLE_TESTS_ATTEST_FORGE_H
#define GRILLE_TESTS_ATTEST_FORGE_H

#include "base/writer.h"
#include "crypto/certificate.h"
#include "grille/identity.h"
#include "rsa_forge.h"

/* 2026-06-01T12:00:00Z: when tests take place. */
#define FORGE_NOW_MS  INT64_C(1780315200000)
#define FORGE_HOUR_MS INT64_C(3600000)

#define FORGE_EXTENSIONS_MAX 40

typedef struct forge_extension {
    char oid[16]; /* content */
    size_t oid_len;
    bool critical;
    bool false_encoded; /* critical FALSE written out, which DER forbids */
    uint8_t value[256];
    size_t len;
} forge_extension;

/* What a certificate says; zeros and forge_template_of give a plain one. */
typedef struct forge_template {
    const char *subject;        /* common name; NULL: an empty name */
    const char *issuer;         /* NULL: the issuing certificate's subject */
    const char *second_subject; /* another common name after the first */
    grille_wall_ms not_before_ms, not_after_ms;
    grille_curve curve;
    grille_hash_kind hash;    /* of the signature that its issuer makes */
    uint8_t version;          /* 2: v3 */
    bool rsa_key;             /* the public key is an RSA one of nobody */
    bool rsa_signature;       /* claims sha256WithRSAEncryption */
    const rsa_forge_key *rsa; /* the key, in place of an EC one; borrowed */
    grille_rsa_hash rsa_hash; /* of the signature of an issuer with an RSA key */
    rsa_forge_padding rsa_padding;
    bool other_inner_algorithm;
    bool unique_id;    /* issuerUniqueID */
    bool long_length;  /* the outer length is not minimal */
    bool general_time; /* GeneralizedTime before 2050 */
    size_t trailing_bytes;
    /* Encoded elements in place of the usual ones; empty: as usual. They are signed like everything else. */
    grille_bytes serial, not_before, not_after, public_key, extension_list, algorithm;
    grille_private_key *signer; /* in place of the issuer's key; borrowed */
    forge_extension extensions[FORGE_EXTENSIONS_MAX];
    size_t extension_count;
} forge_template;

/* A certificate with its key. */
typedef struct forge_identity {
    char subject[64];
    grille_private_key *key;
    const rsa_forge_key *rsa; /* or this one */
    grille_curve curve;
    uint8_t der[4096];
    size_t len;
} forge_identity;

/* Two hours around FORGE_NOW_MS. */
forge_template forge_template_of(const char *subject, grille_curve curve);

void forge_add(forge_template *t, const char *oid, size_t oid_len, bool critical, const void *value, size_t len);
void forge_basic_constraints(forge_template *t, bool critical, bool is_ca, int path_len);
void forge_key_usage(forge_template *t, bool critical, uint8_t bits);
void forge_extended_key_usage(forge_template *t, bool client, bool server);
void forge_alternative_names(forge_template *t, const char *dns, const char *uri);
void forge_name_constraints(forge_template *t, bool critical);
/* Content of id-ce 2.5.29.n. */
#define FORGE_ID_CE(n) ((const char[]){0x55, 0x1d, (n)}), 3

/* A usual CA and a usual leaf of a peer. */
forge_template forge_ca(const char *subject, grille_curve curve);
forge_template forge_leaf(const char *subject, grille_curve curve, const char *dns, const char *uri);

/* Makes a key and a certificate over it, signed by `issuer` (NULL: by itself). */
void forge_certificate(const forge_template *t, const forge_identity *issuer, forge_identity *out);
/* The same over a key that exists. */
void forge_certificate_over(const forge_template *t, const forge_identity *issuer, grille_private_key *key,
                            forge_identity *out);
void forge_free(forge_identity *identity);

grille_bytes forge_der(const forge_identity *identity);
/* Writes PEM files into the test's folder; the path is good until the next but three calls. */
const char *forge_chain_file(const forge_identity *const *certificates, size_t count);
const char *forge_key_file(const forge_identity *identity);
const char *forge_file(const char *name, grille_bytes content);
/* PEM text of one certificate; good until the next call. */
const char *forge_pem(const forge_identity *identity);

#endif
