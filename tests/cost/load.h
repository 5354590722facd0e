/* SPDX-License-Identifier: Apache-2.0
 * A server and a caller in one process, and unary calls between them: protobuf-c calls, nanopb serves, x509 both ways,
 * the whole channel over a Unix socket, with 64 bytes of payload each way. */
#ifndef GRILLE_TESTS_COST_LOAD_H
#define GRILLE_TESTS_COST_LOAD_H

#include "world.h"

enum { COST_PAYLOAD_BYTES = 64, COST_IDLE_CHANNELS = 32 };

typedef struct cost_pair {
    e2e_world world;
    grille_policy *may_call;
    grille_server *server;
    grille_channel *channel;
    grille_channel *idle[COST_IDLE_CHANNELS]; /* what cost_stand_beside opened */
    unsigned idle_count;
} cost_pair;

/* The whole process keeps to one CPU, so that its threads take turns. Asserts. `grille` and `server` as in world_init.
 */
void cost_open(cost_pair *pair, const char *grille, const char *server);
void cost_close(cost_pair *pair);

/* So many more connections, verified both ways, that stand until cost_close and carry nothing; returns when they do.
 * Asserts. */
void cost_stand_beside(cost_pair *pair, unsigned connections);

/* The parts of cost_open and cost_close for a server in a process of its own: identities and policies, which both have;
 * the server, on "unix:" and the file cost in the world's folder; and the end of the first. */
void cost_prepare(cost_pair *pair, const char *grille, const char *server);
void cost_serve(cost_pair *pair);
void cost_clean_up(cost_pair *pair);

/* `count` calls; one in flight: blocking calls, else asynchronous ones, each started by the callback of another.
 * Asserts that they succeed. False when there was a pause so long that a connection may have counted as idle. */
bool cost_call_many(const cost_pair *pair, unsigned in_flight, unsigned count);
/* The same with blocking calls of `len` bytes of payload each way, which are looked at. */
bool cost_call_large(const cost_pair *pair, const uint8_t *bytes, size_t len, unsigned count);

#endif
