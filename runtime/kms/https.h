/* SPDX-License-Identifier: Apache-2.0
 * One request to a key service by the thread that waits for its answer: kms/exchange.h driven by kms/pump.h. For
 * programs on a parent; enclaves have a client (grille/kms.h). */
#ifndef GRILLE_KMS_HTTPS_H
#define GRILLE_KMS_HTTPS_H

#include "kms/exchange.h"
#include "loop/address.h"

/* All borrowed during the call. */
typedef struct grille_kms_https_request {
    const grille_address *address;
    const char *host;            /* the service's DNS name */
    const grille_bytes *anchors; /* DER of the CAs that may vouch for it */
    size_t anchor_count;
    uint32_t timeout_ms; /* of all of it */
    grille_bytes bytes;  /* whole, as kms/http.h writes it */
    uint8_t *answer;     /* the answer's body comes here */
    size_t answer_capacity;
} grille_kms_https_request;

/* Asks, and waits for the whole answer, of any status. The reasons of kms/exchange.h and kms/pump.h, all with a text;
 * blocks up to the timeout. Any thread. */
GRILLE_MUST_USE grille_reason grille_kms_https_ask(const grille_kms_https_request *request,
                                                   grille_kms_exchange_result *result, grille_error *error);

#endif
