/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/resolver.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One name that is looked up, or waits for a thread. */
typedef struct lookup {
    grille_link link;          /* in resolver->lookups; the leader's */
    grille_link finished_link; /* in resolver->finished */
    grille_resolver *resolver;
    char name[GRILLE_LIMIT_HOST_NAME_BYTES + 1];
    grille_link questions; /* the leader's */
    bool started;          /* the leader's */
    grille_resolved resolved;
} lookup;

struct grille_question {
    grille_link link;
    lookup *lookup;
    grille_resolved_fn *done;
    void *user;
};

struct grille_resolver {
    grille_lookup_fn *look;
    void *look_user;
    pthread_mutex_t lock;
    grille_loop *loop;    /* NULL: freed; under lock */
    size_t holders;       /* the owner, and threads; under lock */
    grille_link finished; /* by threads, not told yet; under lock */
    grille_link lookups;  /* the leader's: waiting and under way */
    size_t running;       /* the leader's */
    grille_job tell;
};

/* ---- getaddrinfo ---- */

static bool read_name(const struct sockaddr *name, grille_address *address) {
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    *address = (grille_address){.kind = GRILLE_ADDRESS_TCP, .fd = -1};
    if (name->sa_family == AF_INET) {
        memcpy(&in, name, sizeof in);
        memcpy(address->ip, &in.sin_addr, 4);
        return true;
    }
    if (name->sa_family != AF_INET6) return false;
    memcpy(&in6, name, sizeof in6);
    /* An address with a scope is one of a link, which no name of the world leads to: without it, it leads nowhere. */
    memcpy(address->ip, &in6.sin6_addr, 16);
    address->ipv6 = memcmp(address->ip, mapped, sizeof mapped) != 0;
    if (!address->ipv6) {
        memmove(address->ip, address->ip + 12, 4);
        memset(address->ip + 4, 0, 12);
    }
    return true;
}

void grille_lookup_host(void *user, const char *name, grille_resolved *resolved) {
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    (void)user;
    const int status = getaddrinfo(name, NULL, &hints, &found);
    if (status != 0) {
        (void)snprintf(resolved->problem, sizeof resolved->problem, "%s", gai_strerror(status));
        return;
    }
    for (const struct addrinfo *at = found; at != NULL && resolved->count < GRILLE_LIMIT_HOST_ADDRESSES;
         at = at->ai_next) {
        if (read_name(at->ai_addr, &resolved->addresses[resolved->count])) resolved->count++;
    }
    freeaddrinfo(found);
}

/* ---- Threads ---- */

static void resolver_free(grille_resolver *resolver) {
    pthread_mutex_destroy(&resolver->lock);
    free(resolver);
}

static void *run(void *argument) {
    lookup *looked = argument;
    grille_resolver *resolver = looked->resolver;
    resolver->look(resolver->look_user, looked->name, &looked->resolved);
    pthread_mutex_lock(&resolver->lock);
    const bool wanted = resolver->loop != NULL;
    if (wanted) {
        grille_list_append(&resolver->finished, &looked->finished_link);
        grille_loop_post(resolver->loop, &resolver->tell);
    }
    const bool last = --resolver->holders == 0;
    pthread_mutex_unlock(&resolver->lock);
    if (!wanted) free(looked);
    if (last) resolver_free(resolver);
    return NULL;
}

/* Signals are the application's, whose threads take them. */
static int start_thread(lookup *looked) {
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    int status = pthread_attr_init(&attributes);
    if (status != 0) return status;
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    status = pthread_create(&thread, &attributes, run, looked);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return status;
}

static void start(grille_resolver *resolver, lookup *looked) {
    looked->started = true;
    resolver->running++;
    pthread_mutex_lock(&resolver->lock);
    resolver->holders++;
    pthread_mutex_unlock(&resolver->lock);
    const int status = start_thread(looked);
    if (status == 0) return;
    (void)snprintf(looked->resolved.problem, sizeof looked->resolved.problem, "no thread: %s", strerror(status));
    pthread_mutex_lock(&resolver->lock);
    resolver->holders--;
    grille_list_append(&resolver->finished, &looked->finished_link);
    pthread_mutex_unlock(&resolver->lock);
    grille_loop_post(resolver->loop, &resolver->tell);
}

/* ---- Telling ---- */

static void start_waiting(grille_resolver *resolver) {
    for (grille_link *link = resolver->lookups.next, *next;
         link != &resolver->lookups && resolver->running < GRILLE_LIMIT_LOOKUPS; link = next) {
        next = link->next;
        lookup *waiting = grille_container(link, lookup, link);
        if (!waiting->started) start(resolver, waiting);
    }
}

static lookup *take_finished(grille_resolver *resolver) {
    pthread_mutex_lock(&resolver->lock);
    grille_link *link = grille_list_take_first(&resolver->finished);
    pthread_mutex_unlock(&resolver->lock);
    return link == NULL ? NULL : grille_container(link, lookup, finished_link);
}

static void on_tell(grille_job *job) {
    grille_resolver *resolver = grille_container(job, grille_resolver, tell);
    lookup *looked = NULL;
    grille_loop_active(resolver->loop);
    while ((looked = take_finished(resolver)) != NULL) {
        grille_link *link = NULL;
        resolver->running--;
        grille_list_remove(&looked->link);
        while ((link = grille_list_take_first(&looked->questions)) != NULL) {
            grille_question *question = grille_container(link, grille_question, link);
            question->done(question->user, &looked->resolved);
            free(question);
        }
        free(looked);
    }
    start_waiting(resolver);
}

/* ---- The leader's side ---- */

grille_reason grille_resolver_new(grille_loop *loop, grille_lookup_fn *look, void *user, grille_resolver **resolver) {
    grille_resolver *made = calloc(1, sizeof *made);
    if (made == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    made->look = look != NULL ? look : grille_lookup_host;
    made->look_user = user;
    made->loop = loop;
    made->holders = 1;
    pthread_mutex_init(&made->lock, NULL);
    grille_list_init(&made->finished);
    grille_list_init(&made->lookups);
    grille_job_init(&made->tell, on_tell);
    *resolver = made;
    return GRILLE_REASON_OK;
}

static lookup *find(grille_resolver *resolver, const char *name) {
    for (grille_link *link = resolver->lookups.next; link != &resolver->lookups; link = link->next) {
        lookup *looked = grille_container(link, lookup, link);
        if (strcmp(looked->name, name) == 0) return looked;
    }
    return NULL;
}

static lookup *add(grille_resolver *resolver, const char *name) {
    lookup *looked = calloc(1, sizeof *looked);
    if (looked == NULL) return NULL;
    looked->resolver = resolver;
    (void)snprintf(looked->name, sizeof looked->name, "%s", name);
    grille_list_init(&looked->questions);
    grille_list_init(&looked->finished_link);
    grille_list_append(&resolver->lookups, &looked->link);
    return looked;
}

grille_reason grille_resolver_ask(grille_resolver *resolver, const char *name, grille_resolved_fn *done, void *user,
                                  grille_question **question) {
    grille_question *asked = calloc(1, sizeof *asked);
    lookup *looked = asked == NULL ? NULL : find(resolver, name);
    if (asked != NULL && looked == NULL) looked = add(resolver, name);
    if (looked == NULL) {
        free(asked);
        return GRILLE_REASON_OUT_OF_MEMORY;
    }
    *asked = (grille_question){.lookup = looked, .done = done, .user = user};
    grille_list_append(&looked->questions, &asked->link);
    *question = asked;
    start_waiting(resolver);
    return GRILLE_REASON_OK;
}

void grille_resolver_cancel(grille_question *question) {
    lookup *looked = question->lookup;
    grille_list_remove(&question->link);
    free(question);
    if (looked->started || !grille_list_empty(&looked->questions)) return;
    grille_list_remove(&looked->link);
    free(looked);
}

void grille_resolver_free(grille_resolver *resolver) {
    if (resolver == NULL) return;
    lookup *looked = NULL;
    pthread_mutex_lock(&resolver->lock);
    grille_loop *loop = resolver->loop;
    resolver->loop = NULL;
    pthread_mutex_unlock(&resolver->lock);
    grille_loop_unpost(loop, &resolver->tell);
    while ((looked = take_finished(resolver)) != NULL)
        free(looked);
    pthread_mutex_lock(&resolver->lock);
    const bool last = --resolver->holders == 0;
    pthread_mutex_unlock(&resolver->lock);
    if (last) resolver_free(resolver);
}
