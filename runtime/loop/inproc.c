/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/inproc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "loop/address.h"

/* Connections that wait to be accepted: as with sockets (listener.c). */
enum { BACKLOG = 1024 };

struct grille_inproc_listener {
    grille_link link; /* in the table */
    char name[GRILLE_ADDRESS_PATH_BYTES];
    size_t name_len;
    grille_loop *loop; /* NULL until it is started */
    grille_inproc_accepted_fn *accepted;
    void *user;
    grille_job arrived;
    grille_pipe_end *waiting[BACKLOG]; /* a ring */
    size_t first;
    size_t count;
};

/* Who listens in this process. */
static struct {
    pthread_mutex_t lock;
    grille_link listeners; /* next is NULL until somebody listened */
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Under the lock. */
static grille_inproc_listener *find(grille_bytes name) {
    if (table.listeners.next == NULL) grille_list_init(&table.listeners);
    for (grille_link *link = table.listeners.next; link != &table.listeners; link = link->next) {
        grille_inproc_listener *listener = grille_container(link, grille_inproc_listener, link);
        if (listener->name_len == name.len && memcmp(listener->name, name.data, name.len) == 0) return listener;
    }
    return NULL;
}

static grille_pipe_end *take(grille_inproc_listener *listener) {
    grille_pipe_end *end = NULL;
    pthread_mutex_lock(&table.lock);
    if (listener->count > 0) {
        end = listener->waiting[listener->first];
        listener->first = (listener->first + 1) % BACKLOG;
        listener->count--;
    }
    pthread_mutex_unlock(&table.lock);
    return end;
}

/* One per turn, as a socket is accepted: running calls come in between. */
static void on_arrived(grille_job *job) {
    grille_inproc_listener *listener = grille_container(job, grille_inproc_listener, arrived);
    grille_pipe_end *end = take(listener);
    if (end == NULL) return;
    grille_loop_active(listener->loop);
    pthread_mutex_lock(&table.lock);
    if (listener->count > 0) grille_loop_post(listener->loop, &listener->arrived);
    pthread_mutex_unlock(&table.lock);
    listener->accepted(listener->user, end);
}

int grille_inproc_listen(grille_bytes name, grille_inproc_listener **listener) {
    grille_inproc_listener *made = calloc(1, sizeof *made);
    int result = 0;
    if (made == NULL || name.len >= sizeof made->name) {
        free(made);
        return -ENOMEM;
    }
    memcpy(made->name, name.data, name.len);
    made->name_len = name.len;
    grille_job_init(&made->arrived, on_arrived);
    pthread_mutex_lock(&table.lock);
    if (find(name) != NULL) {
        result = -EADDRINUSE;
    } else {
        grille_list_append(&table.listeners, &made->link);
    }
    pthread_mutex_unlock(&table.lock);
    if (result != 0) {
        free(made);
        return result;
    }
    *listener = made;
    return 0;
}

void grille_inproc_start(grille_inproc_listener *listener, grille_loop *loop, grille_inproc_accepted_fn *accepted,
                         void *user) {
    pthread_mutex_lock(&table.lock);
    listener->loop = loop;
    listener->accepted = accepted;
    listener->user = user;
    if (listener->count > 0) grille_loop_post(loop, &listener->arrived);
    pthread_mutex_unlock(&table.lock);
}

void grille_inproc_close(grille_inproc_listener *listener) {
    if (listener == NULL) return;
    pthread_mutex_lock(&table.lock);
    grille_list_remove(&listener->link);
    pthread_mutex_unlock(&table.lock);
    /* Out of the table: nobody comes any more, and nobody posts. */
    if (listener->loop != NULL) grille_loop_unpost(listener->loop, &listener->arrived);
    for (grille_pipe_end *end; (end = take(listener)) != NULL;)
        grille_pipe_close(end);
    free(listener);
}

int grille_inproc_connect(grille_bytes name, grille_pipe_end **end) {
    grille_pipe_end *theirs = NULL;
    int result = grille_pipe_new(end, &theirs) == GRILLE_REASON_OK ? 0 : -ENOMEM;
    if (result != 0) return result;
    pthread_mutex_lock(&table.lock);
    grille_inproc_listener *listener = find(name);
    if (listener == NULL) {
        result = -ECONNREFUSED;
    } else if (listener->count == BACKLOG) {
        result = -EAGAIN;
    } else {
        listener->waiting[(listener->first + listener->count++) % BACKLOG] = theirs;
        if (listener->loop != NULL) grille_loop_post(listener->loop, &listener->arrived);
    }
    pthread_mutex_unlock(&table.lock);
    if (result != 0) {
        grille_pipe_close(theirs);
        grille_pipe_close(*end);
        *end = NULL;
    }
    return result;
}
