/* SPDX-License-Identifier: Apache-2.0 */
#include "base/list.h"

void grille_list_move_all(grille_link *to, grille_link *from) {
    if (grille_list_empty(from)) return;
    from->next->previous = to->previous;
    to->previous->next = from->next;
    from->previous->next = to;
    to->previous = from->previous;
    grille_list_init(from);
}
