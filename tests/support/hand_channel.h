/* SPDX-License-Identifier: Apache-2.0
 * A channel over the client of an endpoint pair, turned by hand on one thread: what calls over channels do, with
 * virtual time and without luck. A thread that would block turns it instead, and fails the test when that leads
 * nowhere. */
#ifndef GRILLE_TESTS_HAND_CHANNEL_H
#define GRILLE_TESTS_HAND_CHANNEL_H

#include "endpoint_pair.h"
#include "rpc/channel.h"

typedef struct hand_channel {
    grille_channel base;
    endpoint_pair *pair; /* of the attempts that start next; a test may change it between two */
    grille_link submitted;
    grille_link noticed;
    grille_link waiting;
    size_t inside;
    size_t done; /* calls that it forgot */
    size_t holds;
    bool in_loop;
    bool closing;
    bool eager;  /* calls are started, and end, as soon as they are submitted */
    bool failed; /* calls that can't start fail */
    /* The retry hook: how many more attempts it makes, and what it was told last. */
    grille_channel_ops ops;
    int retries;
    int told;
    grille_retry_facts facts;
    /* Told in a wait that nothing would end. */
    void (*stuck)(struct hand_channel *channel, void *user);
    void *stuck_user;
} hand_channel;

/* Borrows the pair. With `retries` of 0 or more there is a retry hook. */
void hand_channel_open(hand_channel *channel, endpoint_pair *pair, int retries);
/* Ends the calls that wait; the pair is still open. Asserts that no thread is inside. */
void hand_channel_deinit(hand_channel *channel);
/* Everything that is to be done, until nothing moves. */
void hand_channel_run(hand_channel *channel);
/* The same without the wire: calls start, notices are worked off. */
bool hand_channel_step(hand_channel *channel);

#endif
