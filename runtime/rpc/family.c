/* SPDX-License-Identifier: Apache-2.0
 * Parents and children may end on different threads at the same time, and a child may outlive its parent: one lock for
 * all families, which only calls with children take. */
#include <pthread.h>

#include "rpc/client_call_private.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

bool grille_call_family_join(grille_call *parent, grille_link *link) {
    bool joined = false;
    pthread_mutex_lock(&lock);
    joined = !parent->over;
    if (joined) {
        if (parent->children.next == NULL) grille_list_init(&parent->children);
        grille_list_append(&parent->children, link);
    }
    pthread_mutex_unlock(&lock);
    return joined;
}

void grille_call_family_leave(grille_link *link) {
    pthread_mutex_lock(&lock);
    grille_list_remove(link);
    pthread_mutex_unlock(&lock);
}

/* The next child, kept for the caller, or NULL. */
static grille_call *take_child(grille_call *parent) {
    grille_call *child = NULL;
    grille_link *link = NULL;
    pthread_mutex_lock(&lock);
    parent->over = true;
    if (parent->children.next != NULL) link = grille_list_take_first(&parent->children);
    if (link != NULL) child = grille_call_ref(&grille_container(link, grille_client_call, family_link)->base);
    pthread_mutex_unlock(&lock);
    return child;
}

void grille_call_family_end(grille_call *parent) {
    grille_call *child = NULL;
    while ((child = take_child(parent)) != NULL) {
        grille_call_cancel(child);
        grille_call_unref(child);
    }
}
