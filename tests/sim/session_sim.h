/* SPDX-License-Identifier: Apache-2.0
 * Two sessions, a byte stream each way that cuts, delays and stalls, and owners that call, answer, stall, cancel and
 * drain as a seed says. Virtual time, one thread. After every step it checks: each message that arrives is the next one
 * that was sent, byte by byte; one terminal event for each stream; streams, handlers, slots and memory in their limits;
 * credit of both ends adds up; no due time without progress. */
#ifndef GRILLE_TESTS_SESSION_SIM_H
#define GRILLE_TESTS_SESSION_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sim_result {
    uint64_t trace; /* hash of everything that was told and carried, in order */
    uint32_t calls;
    uint32_t answered; /* with a STATUS */
    uint32_t reset;
    uint32_t messages;
    uint64_t bytes; /* of messages that arrived */
    uint32_t drained;
    bool cut; /* this seed broke the connection */
} sim_result;

/* Runs one seed; fails the test when something is wrong, naming the seed. */
sim_result sim_run(uint64_t seed);

#endif
