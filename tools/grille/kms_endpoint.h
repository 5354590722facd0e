/* SPDX-License-Identifier: Apache-2.0
 * The key service as the options name it: its name, its addresses, the CAs that may vouch for it. */
#ifndef GRILLE_TOOLS_KMS_ENDPOINT_H
#define GRILLE_TOOLS_KMS_ENDPOINT_H

#include "kms/https.h"
#include "kms_service.h"

#define KMS_ENDPOINT_ADDRESSES 8

typedef struct kms_endpoint {
    char region[64];
    char host[GRILLE_LIMIT_KMS_HOST_BYTES + 1];
    grille_address address; /* what --to said */
    bool has_address;
    uint8_t *der; /* of all anchors */
    grille_bytes anchors[GRILLE_LIMIT_POLICY_AUTHORITIES];
    size_t anchor_count;
} kms_endpoint;

/* False: an option's file or address can't be used, and error->text says which; kms_endpoint_close in either case. */
GRILLE_MUST_USE bool kms_endpoint_open(const kms_service_options *said, kms_endpoint *endpoint, grille_error *error);
void kms_endpoint_close(kms_endpoint *endpoint);

/* Asks where it is said to be, or each address of its name in turn until one can be reached. */
GRILLE_MUST_USE grille_reason kms_endpoint_ask(const kms_endpoint *endpoint, grille_bytes request, uint32_t timeout_ms,
                                               uint8_t *answer, size_t capacity, grille_kms_exchange_result *result,
                                               grille_error *error);

#endif
