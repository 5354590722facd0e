/* SPDX-License-Identifier: Apache-2.0
 * A key service for tests, behind a socket: it checks each request's form and signature, reads the document in it,
 * and answers as AWS KMS does, or as the test says. A thread per connection. Everything asserts by abort. What it calls
 * a ciphertext is the word "wrapped:" and the plaintext. */
#ifndef GRILLE_TESTS_KMS_KEY_SERVICE_H
#define GRILLE_TESTS_KMS_KEY_SERVICE_H

#include <stdbool.h>

#include "grille/kms.h"
#include "https_server.h"

#define KEY_SERVICE_REGION "eu-west-1"
#define KEY_SERVICE_ARN    "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
#define KEY_SERVICE_SECOND "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"
#define KEY_SERVICE_ID     "AKIDEXAMPLE"
#define KEY_SERVICE_SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define KEY_SERVICE_TOKEN  "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLWVhc3QtMQ=="

/* What becomes of a request. */
typedef enum key_service_does {
    KEY_SERVICE_ANSWERS,
    KEY_SERVICE_SAYS,           /* `status` and `text` */
    KEY_SERVICE_HANGS,          /* until the client gives up */
    KEY_SERVICE_CLOSES,         /* without a word */
    KEY_SERVICE_CUTS,           /* in the middle of an answer */
    KEY_SERVICE_OF_ANOTHER_KEY, /* answers with KEY_SERVICE_SECOND as KeyId */
    KEY_SERVICE_IN_PLAIN,       /* with a Plaintext */
    KEY_SERVICE_FOR_ANOTHER,    /* encrypted for another enclave's key */
    KEY_SERVICE_TAMPERED,       /* one bit of the wrapped content key */
    KEY_SERVICE_TOO_SHORT       /* a byte less than was asked for */
} key_service_does;

/* What one request said. */
typedef struct key_service_request {
    char target[64];
    char key_arn[256];
    char context[1024]; /* the JSON object as it was written, or "" */
    char token[128];    /* of the session, or "" */
    char user_data[64]; /* of the document */
    uint8_t spki[512];
    size_t spki_len;
    uint8_t ciphertext[8192];
    size_t ciphertext_len;
    size_t wanted_bytes;
    size_t number; /* of this request, from 1 */
} key_service_request;

typedef struct key_service_reply {
    key_service_does does;
    unsigned status;
    const char *text;
} key_service_reply;

typedef struct key_service key_service;

typedef struct key_service_options {
    bool tls; /* else plain */
    bool tcp; /* on loopback, in place of a Unix socket */
    https_options certificate;
    /* Decides; one request at a time. NULL: all are answered. */
    void (*decide)(const key_service_request *request, key_service_reply *reply, void *user);
    void *user;
} key_service_options;

key_service *key_service_start(const key_service_options *options);
/* Every connection must have ended, or ends now. */
void key_service_stop(key_service *service);
/* "unix-abstract:…", or "tcp:127.0.0.1:…" and its port. */
const char *key_service_address(const key_service *service);
uint16_t key_service_port(const key_service *service);
/* PEM of the root. */
const char *key_service_ca(const key_service *service);

size_t key_service_requests(key_service *service);
/* Requests under way at once, the most there were. */
size_t key_service_busiest(key_service *service);
/* Until so many requests have come. */
void key_service_wait(key_service *service, size_t requests);
/* A copy of the last request. */
void key_service_last(key_service *service, key_service_request *request);
/* No SPKI was in more requests than this. */
size_t key_service_most_uses(key_service *service);

#endif
