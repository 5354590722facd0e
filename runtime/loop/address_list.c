/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/address_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* More than any address needs, so that an error shows what is too long. */
#define PIECE_BYTES 512

static grille_reason add(grille_address_list *list, const char *piece, size_t len, grille_error *error) {
    char text[PIECE_BYTES];
    if (len >= sizeof text) len = sizeof text - 1;
    memcpy(text, piece, len);
    text[len] = '\0';
    return grille_address_parse(text, &list->addresses[list->count++], error);
}

static size_t count_pieces(const char *text) {
    size_t count = 1;
    for (const char *comma = strchr(text, ','); comma != NULL; comma = strchr(comma + 1, ','))
        count++;
    return count;
}

grille_reason grille_address_list_parse(const char *text, grille_address_list *list, grille_error *error) {
    grille_address none;
    size_t count = 0;
    *list = (grille_address_list){0};
    if (text == NULL) return grille_address_parse(NULL, &none, error);
    count = count_pieces(text);
    if (count > GRILLE_LIMIT_TARGETS) {
        return grille_error_set(error, GRILLE_REASON_LOOP_BAD_ADDRESS, "%zu addresses, expected %d at most", count,
                                GRILLE_LIMIT_TARGETS);
    }
    list->addresses = calloc(count, sizeof *list->addresses);
    if (list->addresses == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    for (;;) {
        const size_t len = strcspn(text, ",");
        const grille_reason reason = add(list, text, len, error);
        if (reason != GRILLE_REASON_OK || text[len] == '\0') return reason;
        text += len + 1;
    }
}

void grille_address_list_free(grille_address_list *list) {
    free(list->addresses);
    *list = (grille_address_list){0};
}
