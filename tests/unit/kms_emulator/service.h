/* SPDX-License-Identifier: Apache-2.0
 * A service with a store of its own in a fresh folder, and a caller. Everything asserts. */
#ifndef GRILLE_TESTS_KMS_EMULATOR_SERVICE_H
#define GRILLE_TESTS_KMS_EMULATOR_SERVICE_H

#include <jansson.h>
#include <openssl/evp.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "forge_document.h"
#include "kms_emulator/actions.h"

#define ACCOUNT       "111122223333"
#define OTHER_ACCOUNT "444455556666"
#define REGION        "eu-central-1"
#define ROLE_SESSION  "arn:aws:sts::" ACCOUNT ":assumed-role/Enclaves/i-0123456789abcdef0"

/* Of all tests of a program. The caller is ROLE_SESSION with policies that allow everything; the root is the forged
 * chain's; tests change what they like. */
extern kms_service service;
extern kms_caller caller;
extern grille_wall_ms now_ms;
extern forge_chain chain;

/* cmocka's fixtures: of a group, which may be set up twice, and of each test, which makes a fresh store. */
int service_group_setup(void **state);
int service_setup(void **state);
int service_teardown(void **state);

/* Where the store of this test stands. */
const char *service_store_path(void);
/* Closes it and opens it again. */
void service_reopen(void);

/* Sends a request ("Decrypt", the body's format); the answer is good until the next one. */
const json_t *ask(const char *action, const char *format, ...) GRILLE_PRINTF(2, 3);
/* The same of any target and any bytes. */
const json_t *ask_raw(const char *target, grille_bytes body);
/* The last answer once more. */
const json_t *ask_last(void);
/* Of it. */
const char *answer_type(void); /* "" when it was no error */
const char *answer_message(void);
unsigned answer_status(void);
const json_t *answer_log(void);
/* A text inside the last answer: members one inside the other. NULL: it is not there. */
const char *answer_text(const char *name);

/* The last answer was an error of this type; says what it was otherwise. */
void assert_refused(const char *type);
void assert_done(void);

/* A new key, by CreateKey with the default policy or this one: its id, good until the fourth next. */
const char *make_key(void);
const char *make_key_with(const char *policy);

/* Base64, of a buffer that is good until the fourth next. */
const char *base64(grille_bytes bytes);
/* Decodes into a buffer that is good until the next but three. */
grille_bytes unbase64(const char *text);

/* An RSA-2048 key of this program's, and its SubjectPublicKeyInfo. */
EVP_PKEY *recipient_key(void);
grille_bytes recipient_spki(void);
/* A public RSA key of so many bits that nobody has the other half of; to be freed. SubjectPublicKeyInfo in `spki`. */
grille_bytes spki_of_bits(int bits, unsigned exponent, uint8_t spki[1024]);

/* A right document with the recipient's key, to be changed, and in base64. */
void document_init(forge_document *document);
const char *document_base64(const forge_document *document);

#endif
