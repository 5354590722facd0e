/* SPDX-License-Identifier: Apache-2.0
 * A service as another library (OpenSSL) makes it, in memory: certificates made to order, TLS, and what the test has it
 * say. Everything asserts; keys are made at random, once for each kind and process. */
#ifndef GRILLE_TESTS_UNIT_KMS_HTTPS_SERVER_H
#define GRILLE_TESTS_UNIT_KMS_HTTPS_SERVER_H

#include <stdbool.h>

#include "base/time.h"
#include "grille/bytes.h"

#define HTTPS_NAME "kms.eu-west-1.example"
/* 2026-06-01T12:00:00Z: when tests take place. Certificates hold an hour before and after. */
#define HTTPS_NOW_MS  INT64_C(1780315200000)
#define HTTPS_HOUR_MS INT64_C(3600000)

typedef enum https_key {
    HTTPS_P256,
    HTTPS_P384,
    HTTPS_RSA_1024,
    HTTPS_RSA_2048,
    HTTPS_RSA_3072,
    HTTPS_RSA_4096,
    HTTPS_KEYS
} https_key;

/* Zeros: a good service with keys on P-256. */
typedef struct https_options {
    https_key leaf;
    https_key authorities; /* a root, which is the anchor, and one below it */
    const char *name;      /* of the certificate; NULL: HTTPS_NAME */
    const char *groups, *suites, *alpn;
    grille_wall_ms moved_ms; /* validity of the leaf */
    bool self_signed;
    bool other_root; /* of the same name as the anchor */
    bool alone;      /* the authority below the root is not sent */
    bool root_too;
    size_t copies; /* of the root, after it */
    size_t bulk;   /* bytes of a comment in the root's certificate */
    bool only_tls12;
    bool bad_signature; /* one bit of CertificateVerify */
    bool asks;          /* for a certificate, and takes none */
} https_options;

typedef struct https_server https_server;

https_server *https_server_new(const https_options *options);
void https_server_free(https_server *server);
/* The root's certificate, DER. */
grille_bytes https_server_anchor(const https_server *server);

/* Takes what the client sent, and reads all that comes of it. */
void https_server_feed(https_server *server, grille_bytes bytes);
/* What it wants sent; so many bytes at most. */
size_t https_server_take(https_server *server, void *out, size_t capacity);
/* Plaintext that came. */
grille_bytes https_server_request(const https_server *server);
/* Says something, in one record where it is short enough. */
void https_server_say(https_server *server, const void *data, size_t len);
void https_server_update_keys(https_server *server);
/* close_notify. */
void https_server_close(https_server *server);

bool https_server_shook_hands(const https_server *server);
/* What the client said: a fatal alert's number or -1, the server's name or "", and whether close_notify. */
int https_server_alert(const https_server *server);
const char *https_server_name(const https_server *server);
bool https_server_was_closed(const https_server *server);
/* Of its own signature: "RSA-PSS" or "ECDSA", and of the suite in use. */
const char *https_server_signature(const https_server *server);
const char *https_server_suite(const https_server *server);

#endif
