/* SPDX-License-Identifier: Apache-2.0
 * Several addresses as one text, separated by commas: those of a channel's peers. Pure. */
#ifndef GRILLE_LOOP_ADDRESS_LIST_H
#define GRILLE_LOOP_ADDRESS_LIST_H

#include "loop/address.h"
#include "wire/limits.h"

/* Caller's storage; zeroed: empty. */
typedef struct grille_address_list {
    size_t count; /* at least 1 */
    grille_address *addresses;
} grille_address_list;

/* `list` is freed by the caller whatever is answered. Errors: those of grille_address_parse for each of them;
 * LOOP_BAD_ADDRESS for more than GRILLE_LIMIT_TARGETS; OUT_OF_MEMORY. A path or name with a comma can't be written.
 * Any thread. */
GRILLE_MUST_USE grille_reason grille_address_list_parse(const char *text, grille_address_list *list,
                                                        grille_error *error);
/* It is empty then. */
void grille_address_list_free(grille_address_list *list);

#endif
