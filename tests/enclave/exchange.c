/* SPDX-License-Identifier: Apache-2.0
 * The least program for an enclave that asks a key service: for its symbols and its size. Never run. */
#include "kms/exchange.h"

int main(int argc, char **argv) {
    const grille_bytes nothing = {(const uint8_t *)argv, (size_t)argc};
    const grille_kms_exchange_options options = {.tls = grille_tls_of_services(),
                                                 .crypto = grille_crypto_wolf(),
                                                 .rsa = grille_rsa_wolf(),
                                                 .host = argv[0],
                                                 .anchors = &nothing,
                                                 .anchor_count = 1,
                                                 .request = nothing};
    grille_kms_exchange *exchange = NULL;
    grille_kms_exchange_result result;
    grille_reason reason = grille_kms_exchange_new(&options, &exchange, NULL);
    if (reason != GRILLE_REASON_OK) return 1;
    reason = grille_kms_exchange_feed(exchange, nothing, 0, &result, NULL);
    grille_kms_exchange_sent(exchange, grille_kms_exchange_outgoing(exchange).len);
    grille_kms_exchange_free(exchange);
    return reason == GRILLE_REASON_OK ? 0 : 1;
}
