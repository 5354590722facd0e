/* SPDX-License-Identifier: Apache-2.0
 * grille_address_parse, grille_address_format: what is read is written as text that reads the same. */
#include <stdlib.h>
#include <string.h>

#include "loop/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char input[1024], text[GRILLE_ADDRESS_TEXT_BYTES];
    grille_address address, again;
    grille_error error;
    if (size >= sizeof input) return 0;
    memcpy(input, data, size);
    input[size] = '\0';
    if (grille_address_parse(input, &address, &error) != GRILLE_REASON_OK) {
        if (error.code == GRILLE_OK || error.text[0] == '\0') abort();
        return 0;
    }
    grille_address_format(&address, text);
    if (grille_address_parse(text, &again, &error) != GRILLE_REASON_OK) abort();
    if (again.kind != address.kind || again.port != address.port || again.cid != address.cid) abort();
    if (again.path_len != address.path_len || memcmp(again.path, address.path, address.path_len) != 0) abort();
    return 0;
}
