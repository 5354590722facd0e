/* SPDX-License-Identifier: Apache-2.0 */
#include "base/list.h"

void grille_list_init(grille_link *link) {
    link->next = link->previous = link;
}

bool grille_list_empty(const grille_link *head) {
    return head->next == head;
}

static void insert_between(grille_link *previous, grille_link *link, grille_link *next) {
    link->previous = previous;
    link->next = next;
    previous->next = link;
    next->previous = link;
}

void grille_list_append(grille_link *head, grille_link *link) {
    insert_between(head->previous, link, head);
}

void grille_list_prepend(grille_link *head, grille_link *link) {
    insert_between(head, link, head->next);
}

void grille_list_remove(grille_link *link) {
    link->previous->next = link->next;
    link->next->previous = link->previous;
    grille_list_init(link);
}

grille_link *grille_list_take_first(grille_link *head) {
    grille_link *first = head->next;
    if (grille_list_empty(head)) return NULL;
    grille_list_remove(first);
    return first;
}

void grille_list_move_all(grille_link *to, grille_link *from) {
    if (grille_list_empty(from)) return;
    from->next->previous = to->previous;
    to->previous->next = from->next;
    from->previous->next = to;
    to->previous = from->previous;
    grille_list_init(from);
}
