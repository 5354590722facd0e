/* SPDX-License-Identifier: Apache-2.0
 * Who is attacked, and who must not notice: identities under one CA and what attackers have in their place, a real
 * server and real channels on real sockets in this process, and an honest caller that never stops calling. */
#ifndef GRILLE_TESTS_BADPEER_VICTIMS_H
#define GRILLE_TESTS_BADPEER_VICTIMS_H

#include <pthread.h>
#include <stdatomic.h>

#include "fake_codec.h"
#include "forge.h"
#include "grille/grille.h"

#define NAME_SERVER  "spiffe://test/server"
#define NAME_HONEST  "spiffe://test/honest"
#define NAME_HOSTILE "spiffe://test/hostile" /* listed everywhere */

/* Numbers as frames of session_script.h have them. A request whose text begins with "hold" is
 * held as long as the server's `holds` says. */
enum { METHOD_DO = 7, METHOD_WORK = 8, METHOD_SECRET = 9, METHOD_CHAT = 10, METHOD_FEED = 11, METHOD_CHORE = 12 };
/* DO on the loop, WORK on a worker, SECRET allowed to nobody; CHAT (both stream) echoes and answers at the half-close,
 * FEED (the server streams) says one message and answers, unless it was asked to hold; CHORE is CHAT on a worker. */
enum { VICTIM_METHODS = 6 };
extern const grille_method victim_methods[VICTIM_METHODS];

typedef struct victim_world {
    char folder[64];
    forge_identity ca, cloned_ca; /* of the same name */
    grille_wall_ms now_ms;
    grille_identity *server, *honest, *hostile;
    grille_identity *cloned;       /* NAME_HOSTILE under the cloned CA */
    grille_identity *expired;      /* NAME_HOSTILE, over since an hour */
    grille_identity *unlisted;     /* another name */
    grille_policy *trusts_callers; /* honest and hostile may call DO and WORK */
    grille_policy *trusts_servers; /* server and hostile */
} victim_world;

void victim_world_init(victim_world *world);
void victim_world_deinit(victim_world *world);
/* "unix:" and a path in the world's folder, good until the next but seven calls. */
const char *victim_world_unix(const victim_world *world, const char *name);
/* A policy from text; paths are relative to the world's folder. */
grille_policy *victim_world_policy(const victim_world *world, const char *format, ...) GRILLE_PRINTF(2, 3);
/* An x509 identity under a CA, valid from an hour before to `not_after_ms`. */
grille_identity *victim_world_identity(const victim_world *world, const forge_identity *ca, const char *name,
                                       grille_wall_ms not_after_ms);

/* A server and what its handlers did. */
typedef struct victim_server {
    grille_server *server;
    atomic_uint honest_calls, hostile_calls;     /* handlers that ran, by caller */
    atomic_uint honest_work;                     /* of honest_calls, those on a worker */
    atomic_uint streams, stream_ends;            /* in callbacks: that were opened, and whose end was told */
    atomic_uint chores, chores_now, most_chores; /* on workers: that began, that run, the most at once */
    atomic_bool holds;                           /* "hold" waits */
    const char *address;                         /* the first */
    const char *tcp_address;                     /* the second */
} victim_server;

/* Listens on unix: and tcp:; identity, policy (NULL: trusts_callers) and limits from `options`, or all of it from the
 * world. */
void victim_server_start(const victim_world *world, const char *name, const grille_server_options *options,
                         victim_server *server);
void victim_server_stop(victim_server *server);

/* An honest channel to a server, and a thread that calls on it without end. */
typedef struct honest_caller {
    grille_channel *channel;
    pthread_t thread;
    atomic_bool stops;
    atomic_uint answered, failed;
} honest_caller;

void honest_caller_start(const victim_world *world, const victim_server *server, honest_caller *caller);
/* Waits until `more` further calls were answered and none ever failed. */
void honest_caller_check(honest_caller *caller, unsigned more);
void honest_caller_stop(honest_caller *caller);

/* One blocking call of DO; the code. */
grille_code honest_call(grille_channel *channel, const char *text);

/* A channel with calls under way, and what became of them. */
enum { VICTIM_CALLS = 8 };
typedef struct victim_channel {
    grille_channel *channel;
    atomic_uint done[17]; /* calls by their code */
    atomic_uint ended;
    char text[512]; /* of the last one's reply; read it after all have ended */
} victim_channel;

/* Opens a channel with the honest identity (or `identity`) and starts `calls` calls. */
void victim_channel_open(const victim_world *world, const char *address, const grille_identity *identity,
                         grille_policy *policy, unsigned calls, victim_channel *victim);
void victim_channel_call(victim_channel *victim, unsigned calls, const char *text);
void victim_channel_close(victim_channel *victim);

#endif
