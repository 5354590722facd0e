/* SPDX-License-Identifier: Apache-2.0
 * An image while grille enclave build collects it. */
#ifndef GRILLE_TOOLS_ENCLAVE_PARTS_H
#define GRILLE_TOOLS_ENCLAVE_PARTS_H

#include "enclave_request.h"
#include "image/eif_signature.h"

enum { PEM_FILE_MAX = 2 * EIF_CERTIFICATE_MAX };

/* Everything that the image is made of; owned. */
typedef struct enclave_parts {
    enclave_request request;
    eif image;
    grille_bytes kernel;
    uint8_t *ramdisks[2];
    char *metadata;
    uint8_t pem[PEM_FILE_MAX];
    eif_signer signer;
    uint8_t signature[EIF_SIGNATURE_MAX];
    eif_measurements measured;
    grille_error error;
} enclave_parts;

void enclave_add_section(enclave_parts *b, eif_type type, grille_bytes content);

/* Sets b->error: "PATH: WHAT". Always false. */
bool enclave_refuse_part(enclave_parts *b, const char *what, const char *path);

/* Adds the ramdisk of the init and that of the application. False: b->error says why. */
GRILLE_MUST_USE bool enclave_add_ramdisks(enclave_parts *b);

/* Adds the signature, if one is wanted, of the parts so far, which were measured. */
GRILLE_MUST_USE bool enclave_add_signature(enclave_parts *b);

#endif
