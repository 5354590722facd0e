/* SPDX-License-Identifier: Apache-2.0
 * wolfSSL's memory. Its allocator hooks carry no connection, so each call into it names one first: what is allocated
 * between enter and leave is charged to that budget, and given back to it whenever and wherever it is freed. Blocks of
 * the sizes that records need are kept by the thread that freed them, or by the pool that it was lent (record_pool.h),
 * so that steady record traffic makes no heap call. */
#ifndef GRILLE_SECURE_TLS_ALLOC_H
#define GRILLE_SECURE_TLS_ALLOC_H

#include <stdbool.h>

#include "base/budget.h"

/* Free blocks that one thread keeps of each size: two records each way and slack. */
#define GRILLE_TLS_POOL_BLOCKS 4
/* What a thread's pool holds at most: GRILLE_TLS_POOL_BLOCKS of 256, 512 … 16,384 and 17,408 bytes. */
#define GRILLE_TLS_POOL_BYTES (GRILLE_TLS_POOL_BLOCKS * (32512 + 17408))

/* False when wolfSSL could not be started with these hooks, which happens before main. */
bool grille_tls_library_ready(void);

/* What one call into wolfSSL changed; caller's storage, for the time of that call. */
typedef struct grille_tls_alloc_scope {
    grille_budget *outer;
    bool outer_refused;
    bool outer_records;
} grille_tls_alloc_scope;

/* Charges this thread's allocations by wolfSSL to `budget` from now on: those of a handshake, many of which stay as
 * long as the connection, in their own size. */
grille_tls_alloc_scope grille_tls_alloc_enter(grille_budget *budget);
/* The same for reading and writing records, whose blocks are soon given back and taken again: in the pool's sizes. */
grille_tls_alloc_scope grille_tls_alloc_enter_records(grille_budget *budget);
/* Back to what was before. True when an allocation was refused meanwhile: the budget or memory was used up. */
bool grille_tls_alloc_leave(grille_tls_alloc_scope scope);

/* Bytes in the pool that this thread uses now, charged to nobody. */
size_t grille_tls_alloc_pooled_bytes(void);

#endif
