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

/* Inline for the reason that the read cursor is: a call is in and out of a dozen lists. */

static inline void grille_list_init(grille_link *link) {
    link->next = link->previous = link;
}

static inline bool grille_list_empty(const grille_link *head) {
    return head->next == head;
}

static inline void grille_list_insert_between(grille_link *previous, grille_link *link, grille_link *next) {
    link->previous = previous;
    link->next = next;
    previous->next = link;
    next->previous = link;
}

/* `link` must not be in a list. */
static inline void grille_list_append(grille_link *head, grille_link *link) {
    grille_list_insert_between(head->previous, link, head);
}

static inline void grille_list_prepend(grille_link *head, grille_link *link) {
    grille_list_insert_between(head, link, head->next);
}

/* Takes a member out; harmless for a link outside a list. */
static inline void grille_list_remove(grille_link *link) {
    link->previous->next = link->next;
    link->next->previous = link->previous;
    grille_list_init(link);
}

/* Takes the first member out, or NULL. */
static inline grille_link *grille_list_take_first(grille_link *head) {
    grille_link *first = head->next;
    if (grille_list_empty(head)) return NULL;
    grille_list_remove(first);
    return first;
}

/* Moves all members of `from` behind those of `to`, in their order, at a cost that does not depend on their number. */
void grille_list_move_all(grille_link *to, grille_link *from);

#endif
