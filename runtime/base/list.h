/* SPDX-License-Identifier: Apache-2.0
 * Doubly linked list with the links inside its members. No allocation. */
#ifndef GRILLE_BASE_LIST_H
#define GRILLE_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* A member's link, or the list's head. A link outside a list points to itself. */
typedef struct grille_link {
    struct grille_link *next;
    struct grille_link *previous;
} grille_link;

/* The structure that holds `link` as its field `member`. */
#define grille_container(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

void grille_list_init(grille_link *link);
bool grille_list_empty(const grille_link *head);
/* `link` must not be in a list. */
void grille_list_append(grille_link *head, grille_link *link);
void grille_list_prepend(grille_link *head, grille_link *link);
/* Takes a member out; harmless for a link outside a list. */
void grille_list_remove(grille_link *link);
/* Takes the first member out, or NULL. */
grille_link *grille_list_take_first(grille_link *head);
/* Moves all members of `from` behind those of `to`, in their order, at a cost that does not depend on their number. */
void grille_list_move_all(grille_link *to, grille_link *from);

#endif
