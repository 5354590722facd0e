/* SPDX-License-Identifier: Apache-2.0
 * A private key that is taken is the same key after export and import, and its signature verifies. */
#include "crypto/private_key_der.h"

#include "base/bytes.h"
#include "tests/fuzz/crypto/fuzz_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const grille_crypto *crypto = grille_crypto_wolf();
    uint8_t der[GRILLE_PRIVATE_KEY_DER_MAX], point[GRILLE_POINT_MAX], again[GRILLE_POINT_MAX];
    size_t der_len = 0, point_len = 0, again_len = 0;
    grille_private_key *key = NULL, *copy = NULL;
    if (crypto->key_import(grille_bytes_of(data, size), &key) != GRILLE_REASON_OK) {
        FUZZ_CHECK(key == NULL);
        return 0;
    }
    FUZZ_CHECK(crypto->key_point(key, point, sizeof point, &point_len) == GRILLE_REASON_OK);
    FUZZ_CHECK(crypto->key_export(key, der, sizeof der, &der_len) == GRILLE_REASON_OK);
    FUZZ_CHECK(crypto->key_import(grille_bytes_of(der, der_len), &copy) == GRILLE_REASON_OK);
    FUZZ_CHECK(crypto->key_point(copy, again, sizeof again, &again_len) == GRILLE_REASON_OK);
    FUZZ_CHECK(grille_bytes_equal(grille_bytes_of(point, point_len), grille_bytes_of(again, again_len)));
    crypto->key_free(key);
    crypto->key_free(copy);
    return 0;
}
