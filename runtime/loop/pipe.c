/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/pipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

/* One direction. */
typedef struct ring {
    uint8_t *bytes;
    size_t first;
    size_t len;
    bool ended; /* nothing more is written */
} ring;

struct grille_pipe_end {
    struct pipe *pipe;
    unsigned side;
    grille_loop *loop; /* NULL: nobody is told; under the pipe's lock */
    int watched;       /* under the pipe's lock */
    void (*ready)(void *user, int events);
    void *user;
    grille_job told;  /* by the other end */
    grille_job again; /* what was true may still be true */
    bool closed;      /* under the pipe's lock */
};

typedef struct pipe {
    pthread_mutex_t lock;
    ring rings[2]; /* rings[n] is written by ends[n] */
    grille_pipe_end ends[2];
} pipe_pair;

static ring *written_by(grille_pipe_end *end) {
    return &end->pipe->rings[end->side];
}

static ring *read_by(grille_pipe_end *end) {
    return &end->pipe->rings[1 - end->side];
}

static grille_pipe_end *other(grille_pipe_end *end) {
    return &end->pipe->ends[1 - end->side];
}

/* What is watched and true; under the lock. */
static int events_of(grille_pipe_end *end) {
    const ring *in = read_by(end);
    const ring *out = written_by(end);
    int events = 0;
    if (in->len > 0 || in->ended) events |= UV_READABLE;
    if (out->len < GRILLE_PIPE_BYTES || other(end)->closed) events |= UV_WRITABLE;
    return events & end->watched;
}

/* Under the lock, so that the loop can't go meanwhile. */
static void tell(grille_pipe_end *end) {
    if (end->loop != NULL && events_of(end) != 0) grille_loop_post(end->loop, &end->told);
}

static void look(grille_pipe_end *end) {
    pthread_mutex_lock(&end->pipe->lock);
    const int events = events_of(end);
    pthread_mutex_unlock(&end->pipe->lock);
    if (events == 0) return;
    /* First: `ready` may close this end, which takes the job back. */
    grille_loop_at_end_of_turn(end->loop, &end->again);
    end->ready(end->user, events);
}

static void on_told(grille_job *job) {
    look(grille_container(job, grille_pipe_end, told));
}

static void on_again(grille_job *job) {
    grille_pipe_end *end = grille_container(job, grille_pipe_end, again);
    grille_loop_refresh(end->loop);
    look(end);
}

/* ---- Life ---- */

static void pipe_free(pipe_pair *pipe) {
    free(pipe->rings[0].bytes);
    free(pipe->rings[1].bytes);
    pthread_mutex_destroy(&pipe->lock);
    free(pipe);
}

grille_reason grille_pipe_new(grille_pipe_end **left, grille_pipe_end **right) {
    pipe_pair *made = calloc(1, sizeof *made);
    if (made == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    pthread_mutex_init(&made->lock, NULL);
    for (unsigned side = 0; side < 2; side++) {
        made->rings[side].bytes = malloc(GRILLE_PIPE_BYTES);
        made->ends[side].pipe = made;
        made->ends[side].side = side;
        grille_job_init(&made->ends[side].told, on_told);
        grille_job_init(&made->ends[side].again, on_again);
    }
    if (made->rings[0].bytes == NULL || made->rings[1].bytes == NULL) {
        pipe_free(made);
        return GRILLE_REASON_OUT_OF_MEMORY;
    }
    *left = &made->ends[0];
    *right = &made->ends[1];
    return GRILLE_REASON_OK;
}

void grille_pipe_attach(grille_pipe_end *end, grille_loop *loop, void (*ready)(void *user, int events), void *user) {
    pthread_mutex_lock(&end->pipe->lock);
    end->loop = loop;
    end->ready = ready;
    end->user = user;
    pthread_mutex_unlock(&end->pipe->lock);
}

void grille_pipe_watch(grille_pipe_end *end, int events) {
    pthread_mutex_lock(&end->pipe->lock);
    end->watched = events;
    const bool now = events_of(end) != 0;
    pthread_mutex_unlock(&end->pipe->lock);
    if (now) grille_loop_at_end_of_turn(end->loop, &end->again);
}

void grille_pipe_close(grille_pipe_end *end) {
    if (end == NULL) return;
    pipe_pair *pipe = end->pipe;
    grille_loop *loop = end->loop;
    pthread_mutex_lock(&pipe->lock);
    end->loop = NULL;
    pthread_mutex_unlock(&pipe->lock);
    if (loop != NULL) {
        grille_loop_unpost(loop, &end->told);
        grille_job_cancel(&end->again);
    }
    /* From here on the other end may free both. */
    pthread_mutex_lock(&pipe->lock);
    end->closed = true;
    written_by(end)->ended = true;
    tell(other(end));
    const bool last = other(end)->closed;
    pthread_mutex_unlock(&pipe->lock);
    if (last) pipe_free(pipe);
}

/* ---- Bytes ---- */

static size_t least(size_t left, size_t right) {
    return left < right ? left : right;
}

static void put(ring *to, const uint8_t *bytes, size_t len) {
    const size_t at = (to->first + to->len) % GRILLE_PIPE_BYTES;
    const size_t straight = least(len, GRILLE_PIPE_BYTES - at);
    memcpy(to->bytes + at, bytes, straight);
    if (len > straight) memcpy(to->bytes, bytes + straight, len - straight);
    to->len += len;
}

static void take(ring *from, uint8_t *bytes, size_t len) {
    const size_t straight = least(len, GRILLE_PIPE_BYTES - from->first);
    memcpy(bytes, from->bytes + from->first, straight);
    if (len > straight) memcpy(bytes + straight, from->bytes, len - straight);
    from->first = (from->first + len) % GRILLE_PIPE_BYTES;
    from->len -= len;
}

long grille_pipe_read(grille_pipe_end *end, void *buffer, size_t capacity) {
    pthread_mutex_lock(&end->pipe->lock);
    ring *from = read_by(end);
    const size_t len = least(capacity, from->len);
    long moved = (long)len;
    if (len > 0) {
        take(from, buffer, len);
        tell(other(end));
    } else if (capacity > 0 && !from->ended) {
        moved = -EAGAIN;
    }
    pthread_mutex_unlock(&end->pipe->lock);
    return moved;
}

long grille_pipe_write(grille_pipe_end *end, const void *bytes, size_t len) {
    pthread_mutex_lock(&end->pipe->lock);
    ring *to = written_by(end);
    const size_t room = GRILLE_PIPE_BYTES - to->len;
    long moved = (long)least(len, room);
    if (to->ended || other(end)->closed) {
        moved = -EPIPE;
    } else if (moved == 0 && len > 0) {
        moved = -EAGAIN;
    } else {
        put(to, bytes, (size_t)moved);
        tell(other(end));
    }
    pthread_mutex_unlock(&end->pipe->lock);
    return moved;
}

void grille_pipe_shutdown(grille_pipe_end *end) {
    pthread_mutex_lock(&end->pipe->lock);
    written_by(end)->ended = true;
    tell(other(end));
    pthread_mutex_unlock(&end->pipe->lock);
}
