/* SPDX-License-Identifier: Apache-2.0
 * Free blocks for TLS records, kept by an event loop: threads that take turns in turning it find them all the same, so
 * that handing the loop over costs no heap call. A thread without one keeps blocks of its own. */
#ifndef GRILLE_SECURE_RECORD_POOL_H
#define GRILLE_SECURE_RECORD_POOL_H

typedef struct grille_record_pool grille_record_pool;

/* NULL without memory. The pool is the caller's. */
grille_record_pool *grille_record_pool_new(void);
/* Frees the blocks too; no thread uses it any more. NULL is ignored. */
void grille_record_pool_free(grille_record_pool *pool);

/* This thread takes blocks from `pool` and gives them to it from now on; NULL: from its own. One thread at a time. */
void grille_record_pool_use(grille_record_pool *pool);

#endif
