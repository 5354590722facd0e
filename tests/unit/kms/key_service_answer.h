/* SPDX-License-Identifier: Apache-2.0
 * What key_service.h's service reads and writes; for its files only. */
#ifndef GRILLE_TESTS_KMS_KEY_SERVICE_ANSWER_H
#define GRILLE_TESTS_KMS_KEY_SERVICE_ANSWER_H

#include "key_service.h"

/* Reads a request of HTTP, and looks whether it has the right headers and the right signature. */
void key_service_read(char *bytes, size_t len, key_service_request *request);
/* A whole answer of HTTP: its length. */
size_t key_service_write(const key_service_request *request, const key_service_reply *reply, char *out,
                         size_t capacity);
/* SHA-256 of the public key. */
void key_service_digest(const key_service_request *request, uint8_t digest[32]);

#endif
