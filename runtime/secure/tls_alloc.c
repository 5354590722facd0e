/* SPDX-License-Identifier: Apache-2.0 */
#include "secure/tls_alloc.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/memory.h>

#include "base/bytes.h"
#include "secure/record_pool.h"

/* Before every block: whom it was charged to, and how much. 16 bytes: an idle connection has two dozen blocks. */
typedef struct block {
    union {
        struct {
            union {
                grille_budget *budget; /* NULL: allocated outside of any connection */
                struct block *next;    /* in the pool */
            };
            uint32_t bytes; /* charged: this header included */
            uint32_t asked;
        } about;
        max_align_t alignment;
    };
} block;

typedef struct pool_class {
    block *first;
    size_t count;
} pool_class;

/* A record of 16,384 bytes of plaintext with header, tag, content type and wolfSSL's slack needs the last one. */
static const size_t class_bytes[] = {256, 512, 1024, 2048, 4096, 8192, 16384, 17408};
enum { class_count = sizeof class_bytes / sizeof class_bytes[0] };

typedef struct grille_record_pool {
    pool_class classes[class_count];
    bool registered; /* with the key whose destructor empties it; a thread's own */
} pool;

static _Thread_local grille_budget *current;
static _Thread_local bool refused;
static _Thread_local bool records; /* blocks live as long as a record: from the pool, and rounded to its sizes */
static _Thread_local pool thread_pool;
static _Thread_local pool *lent_pool; /* instead of the thread's own */
static pthread_key_t pool_key;
static bool pool_key_made;
static bool library_ready;

static void empty_pool(void *arg) {
    pool *p = arg;
    for (size_t i = 0; i < class_count; i++) {
        while (p->classes[i].first != NULL) {
            block *taken = p->classes[i].first;
            p->classes[i].first = taken->about.next;
            free(taken);
        }
        p->classes[i].count = 0;
    }
    p->registered = false;
}

static pool *this_pool(void) {
    return lent_pool != NULL ? lent_pool : &thread_pool;
}

/* class_count when a block of this size is not pooled. */
static size_t class_of(size_t bytes) {
    size_t i = 0;
    while (i < class_count && class_bytes[i] < bytes)
        i++;
    return i;
}

static block *take(size_t bytes) {
    const size_t i = class_of(bytes);
    pool *p = this_pool();
    block *taken = NULL;
    if (i < class_count && class_bytes[i] == bytes && p->classes[i].first != NULL) {
        taken = p->classes[i].first;
        p->classes[i].first = taken->about.next;
        p->classes[i].count--;
        return taken;
    }
    return malloc(bytes);
}

/* A pool of a thread's own is emptied when the thread ends; false when nobody would do that. */
static bool can_keep(pool *p) {
    if (p != &thread_pool) return true;
    if (!pool_key_made) return false;
    if (!p->registered) p->registered = pthread_setspecific(pool_key, p) == 0;
    return p->registered;
}

static void give(block *given) {
    const size_t bytes = given->about.bytes;
    const size_t i = class_of(bytes);
    pool *p = this_pool();
    if (i == class_count || class_bytes[i] != bytes || p->classes[i].count >= GRILLE_TLS_POOL_BLOCKS || !can_keep(p)) {
        free(given);
        return;
    }
    given->about.next = p->classes[i].first;
    p->classes[i].first = given;
    p->classes[i].count++;
}

static void *hook_malloc(size_t len) {
    size_t bytes = len + sizeof(block);
    block *taken = NULL;
    if (len > UINT32_MAX - sizeof(block)) return NULL;
    if (records && class_of(bytes) < class_count) bytes = class_bytes[class_of(bytes)];
    if (current != NULL && !grille_budget_charge(current, bytes)) {
        refused = true;
        return NULL;
    }
    taken = take(bytes);
    if (taken == NULL) {
        if (current != NULL) grille_budget_release(current, bytes);
        refused = true;
        return NULL;
    }
    taken->about.budget = current;
    taken->about.bytes = (uint32_t)bytes;
    taken->about.asked = (uint32_t)len;
    return taken + 1;
}

static void hook_free(void *memory) {
    block *freed = NULL;
    if (memory == NULL) return;
    freed = (block *)memory - 1;
    if (freed->about.budget != NULL) grille_budget_release(freed->about.budget, freed->about.bytes);
    give(freed);
}

static void *hook_realloc(void *memory, size_t len) {
    void *grown = NULL;
    block *old = NULL;
    if (memory == NULL) return hook_malloc(len);
    old = (block *)memory - 1;
    if (len <= old->about.bytes - sizeof(block)) {
        old->about.asked = (uint32_t)len;
        return memory;
    }
    grown = hook_malloc(len);
    if (grown == NULL) return NULL;
    memcpy(grown, memory, old->about.asked);
    grille_wipe(memory, old->about.asked);
    hook_free(memory);
    return grown;
}

/* Before main, and before other constructors: so all of wolfSSL's blocks in this process have our header, and
 * wolfSSL_Init, which sets an entropy callback of its own (one that always fails in our build), can't overwrite the one
 * of the crypto room. */
__attribute__((constructor(101))) static void start_library(void) {
    pool_key_made = pthread_key_create(&pool_key, empty_pool) == 0;
    library_ready =
        wolfSSL_SetAllocators(hook_malloc, hook_free, hook_realloc) == 0 && wolfSSL_Init() == WOLFSSL_SUCCESS;
}

bool grille_tls_library_ready(void) {
    return library_ready;
}

static grille_tls_alloc_scope enter(grille_budget *budget, bool for_records) {
    const grille_tls_alloc_scope scope = {.outer = current, .outer_refused = refused, .outer_records = records};
    current = budget;
    refused = false;
    records = for_records;
    return scope;
}

grille_tls_alloc_scope grille_tls_alloc_enter(grille_budget *budget) {
    return enter(budget, false);
}

grille_tls_alloc_scope grille_tls_alloc_enter_records(grille_budget *budget) {
    return enter(budget, true);
}

bool grille_tls_alloc_leave(grille_tls_alloc_scope scope) {
    const bool was_refused = refused;
    current = scope.outer;
    refused = scope.outer_refused;
    records = scope.outer_records;
    return was_refused;
}

size_t grille_tls_alloc_pooled_bytes(void) {
    size_t bytes = 0;
    for (size_t i = 0; i < class_count; i++)
        bytes += class_bytes[i] * this_pool()->classes[i].count;
    return bytes;
}

grille_record_pool *grille_record_pool_new(void) {
    return calloc(1, sizeof(grille_record_pool));
}

void grille_record_pool_free(grille_record_pool *p) {
    if (p == NULL) return;
    empty_pool(p);
    free(p);
}

void grille_record_pool_use(grille_record_pool *p) {
    lent_pool = p;
}
