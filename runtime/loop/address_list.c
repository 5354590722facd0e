/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/address_list.h"

#include <string.h>

#include "base/error.h"

/* More than any address needs, so that an error shows what is too long. */
#define PIECE_BYTES 512

static grille_reason add(grille_address_list *list, const char *piece, size_t len, grille_error *error) {
    char text[PIECE_BYTES];
    if (list->count == GRILLE_LIMIT_TARGETS) {
        return grille_error_set(error, GRILLE_REASON_LOOP_BAD_ADDRESS, "more than %d addresses", GRILLE_LIMIT_TARGETS);
    }
    if (len >= sizeof text) len = sizeof text - 1;
    memcpy(text, piece, len);
    text[len] = '\0';
    return grille_address_parse(text, &list->addresses[list->count++], error);
}

grille_reason grille_address_list_parse(const char *text, grille_address_list *list, grille_error *error) {
    list->count = 0;
    if (text == NULL) return grille_address_parse(NULL, &list->addresses[0], error);
    for (;;) {
        const size_t len = strcspn(text, ",");
        const grille_reason reason = add(list, text, len, error);
        if (reason != GRILLE_REASON_OK || text[len] == '\0') return reason;
        text += len + 1;
    }
}
