/* SPDX-License-Identifier: Apache-2.0
 * Addresses of host names, off the loop. getaddrinfo(3) may block for minutes and can't be given up, so each lookup has
 * a thread of its own, at most GRILLE_LIMIT_LOOKUPS at once; those who ask for the same name at the same time share
 * one, so that a name that nobody answers holds up nobody who wants another one. Nothing is kept: each connection asks
 * anew. Not for enclaves, which have no network. */
#ifndef GRILLE_LOOP_RESOLVER_H
#define GRILLE_LOOP_RESOLVER_H

#include "loop/address.h"
#include "loop/loop.h"

typedef struct grille_resolver grille_resolver;
typedef struct grille_question grille_question;

/* What was found, in the order in which it is to be tried (RFC 6724). A plain value. */
typedef struct grille_resolved {
    size_t count;
    grille_address addresses[GRILLE_LIMIT_HOST_ADDRESSES]; /* tcp, port 0; IPv4 inside IPv6 as IPv4 */
    char problem[96];                                      /* count 0: why */
} grille_resolved;

/* Finds a name's addresses, in its own time, on a thread of the resolver's; `user` must outlive the process's last
 * lookup, which may be later than grille_resolver_free. */
typedef void grille_lookup_fn(void *user, const char *name, grille_resolved *resolved);

/* getaddrinfo(3), for stream sockets. */
void grille_lookup_host(void *user, const char *name, grille_resolved *resolved);

/* OUT_OF_MEMORY. The caller's; its answers come on this loop. */
GRILLE_MUST_USE grille_reason grille_resolver_new(grille_loop *loop, grille_lookup_fn *lookup, void *user,
                                                  grille_resolver **resolver);

/* Told once, in a later turn. The question is gone then. */
typedef void grille_resolved_fn(void *user, const grille_resolved *resolved);

/* Asks for a name (at most GRILLE_LIMIT_HOST_NAME_BYTES; copied). There is no timeout: whoever has waited enough
 * cancels. OUT_OF_MEMORY. Leader. */
GRILLE_MUST_USE grille_reason grille_resolver_ask(grille_resolver *resolver, const char *name, grille_resolved_fn *done,
                                                  void *user, grille_question **question);

/* Gives up; done does not come. Leader. */
void grille_resolver_cancel(grille_question *question);

/* Lookups under way end by themselves, and tell nobody. Every question must have been told or cancelled. Leader, not
 * inside `done`. NULL is ignored. */
void grille_resolver_free(grille_resolver *resolver);

#endif
