/* SPDX-License-Identifier: Apache-2.0
 * Between the files of a loop thread: loop_thread.c serves and stops, loop_thread_renew.c takes another policy or
 * identity. */
#ifndef GRILLE_LOOP_LOOP_THREAD_PRIVATE_H
#define GRILLE_LOOP_LOOP_THREAD_PRIVATE_H

#include "loop/loop_thread.h"
#include "loop/renewal.h"

typedef struct served_connection {
    grille_link link;
    grille_loop_thread *thread;
    grille_connection *connection;
    bool half_open;
} served_connection;

/* A connection may leave the list meanwhile, never another one. */
void grille_loop_thread_for_each(grille_loop_thread *thread,
                                 void (*act)(grille_connection *connection, const void *argument),
                                 const void *argument);

/* loop_thread_renew.c */

void grille_loop_thread_init_renewals(grille_loop_thread *thread);
/* Frees what waits, and the policy and identity in force. */
void grille_loop_thread_deinit_renewals(grille_loop_thread *thread);
/* Nobody waits for this loop any more. */
void grille_loop_thread_is_over(grille_loop_thread *thread);

#endif
