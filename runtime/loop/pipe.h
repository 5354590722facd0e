/* SPDX-License-Identifier: Apache-2.0
 * A byte stream inside one process, between two loops: two bounded rings. It behaves as a stream socket does (short
 * reads and writes, half-close, EPIPE), without a system call while both loops are awake. */
#ifndef GRILLE_LOOP_PIPE_H
#define GRILLE_LOOP_PIPE_H

#include "loop/loop.h"

/* Bytes on their way in one direction: as much as one read takes. */
#define GRILLE_PIPE_BYTES 262144

typedef struct grille_pipe_end grille_pipe_end;

/* Both ends of a new pipe, each its holder's until grille_pipe_close. OUT_OF_MEMORY. Any thread. */
GRILLE_MUST_USE grille_reason grille_pipe_new(grille_pipe_end **left, grille_pipe_end **right);

/* `ready` is told on this loop of the events (UV_READABLE, UV_WRITABLE) that are watched and true, again and again
 * while they are. Once; leader. */
void grille_pipe_attach(grille_pipe_end *end, grille_loop *loop, void (*ready)(void *user, int events), void *user);
/* Leader. */
void grille_pipe_watch(grille_pipe_end *end, int events);

/* As grille_socket_read and _write: bytes moved, 0 at the end of the stream, -EAGAIN, -EPIPE. The end's own thread. */
GRILLE_MUST_USE long grille_pipe_read(grille_pipe_end *end, void *buffer, size_t capacity);
GRILLE_MUST_USE long grille_pipe_write(grille_pipe_end *end, const void *bytes, size_t len);
/* The peer reads the end of the stream behind what was written. */
void grille_pipe_shutdown(grille_pipe_end *end);

/* Gives this end back; `ready` comes no more. What it wrote can still be read. Leader when it is attached. NULL is
 * ignored. */
void grille_pipe_close(grille_pipe_end *end);

#endif
