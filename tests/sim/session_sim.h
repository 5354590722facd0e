/* SPDX-License-Identifier: Apache-2.0
 * Two sessions, a byte stream each way that cuts, delays and stalls, and owners that make calls of all four kinds,
 * answer, stall, cancel and drain as a seed says, inside events too. Virtual time, one thread. After every step it
 * checks: each message that arrives is the next one that was sent, byte by byte; HEADERS before messages; one terminal
 * event for each stream; on_writable once for each time it was asked for, and never in vain; streams, handlers, slots
 * and memory in their limits; credit of both ends adds up, to the byte when nothing is under way; no due time without
 * progress. In the end: every call has ended, all credit is back, and so is all memory. */
#ifndef GRILLE_TESTS_SESSION_SIM_H
#define GRILLE_TESTS_SESSION_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum sim_kind { SIM_UNARY, SIM_SERVER_STREAMING, SIM_CLIENT_STREAMING, SIM_BIDIRECTIONAL, SIM_KINDS } sim_kind;

typedef struct sim_result {
    uint64_t trace; /* hash of everything that was told and carried, in order */
    uint32_t calls;
    uint32_t answered[SIM_KINDS]; /* with a STATUS */
    uint32_t reset;
    uint32_t never_processed;
    uint32_t messages;
    uint64_t bytes; /* of messages that arrived */
    uint32_t headers;
    uint32_t writable;
    uint32_t inside; /* acts of owners inside events */
    uint32_t refused_opens;
    uint32_t over_budget;
    uint32_t used_up; /* opens refused because ids were used up */
    uint32_t drained;
    uint32_t cut; /* seeds that broke the connection */
} sim_result;

/* Runs one seed; fails the test when something is wrong, naming the seed. */
sim_result sim_run(uint64_t seed);

#endif
