/* SPDX-License-Identifier: Apache-2.0
 * What a record touches of wolfSSL's memory, by the layout of the release that is built: the only file that looks into
 * wolfSSL's own structures, and never reads what is in them but for where their parts lie. */
#include <stddef.h>

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/internal.h>

#include "secure/tls_private.h"

/* From one member to the end of another. */
#define add_members(footprint, object, first, last)                                                                    \
    grille_footprint_add((footprint), &(object)->first,                                                                \
                         offsetof(__typeof__(*(object)), last) + sizeof(object)->last -                                \
                             offsetof(__typeof__(*(object)), first))

/* Key schedule, nonce and hash key; not the tables for CPUs without instructions for AES. */
static void add_key(const Ciphers *ciphers, grille_footprint *footprint) {
    const Aes *aes = ciphers->aes;
    grille_footprint_add(footprint, ciphers->nonce, AEAD_NONCE_SZ);
    if (ciphers->chacha != NULL) grille_footprint_add(footprint, ciphers->chacha, sizeof *ciphers->chacha);
    if (aes == NULL) return;
    add_members(footprint, aes, key, gcm.H);
    add_members(footprint, aes, use_aesni, heap);
}

void grille_tls_footprint(const grille_tls *tls, grille_footprint *receiving, grille_footprint *sending) {
    const WOLFSSL *ssl = tls->ssl;
    add_members(receiving, tls, ssl, io_reason);
    grille_footprint_add(receiving, &ssl->ctx, sizeof ssl->ctx);
    add_members(receiving, ssl->ctx, heap, minEccKeySz);
    add_members(receiving, ssl, IOCB_ReadCtx, specs);
    add_members(receiving, ssl, keys.aead_exp_IV, options);
    add_key(&ssl->encrypt, sending);
    add_key(&ssl->decrypt, receiving);
}
