/* SPDX-License-Identifier: Apache-2.0
 * A session fed with raw frames. Input: one byte of bits (below), one byte that says how long the pieces are (lower
 * half) and what owners do with their streams (upper half), then the frames. */
#ifndef GRILLE_TESTS_SESSION_FUZZ_H
#define GRILLE_TESTS_SESSION_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FUZZ_SETTINGS = 1, /* the minima come first, so that what follows counts */
    FUZZ_CONSUMES = 2, /* messages are done at once */
    FUZZ_ANSWERS = 4,  /* calls are answered when they half-close */
    FUZZ_RELEASES = 8, /* owners let go with the terminal event */
    FUZZ_SENDS = 16,   /* what the end has to say is taken after each piece */
    FUZZ_SMALL = 32,   /* a budget that is soon used up */
    FUZZ_DRAINS = 64,
    FUZZ_TICKS = 128 /* 10 ms pass after each piece */
};

/* Upper half of the second byte. */
enum {
    FUZZ_ECHOES = 16,  /* each message is sent back */
    FUZZ_HEADERS = 32, /* handlers send initial metadata, as late as they may */
    FUZZ_FILLS = 64,   /* each call sends until its queue is full, and again whenever it hears of room */
    FUZZ_LEAVES = 128  /* calls are let go inside their third event */
};

/* Runs one input against an initiator with four calls open, or a responder; aborts when something is wrong. */
void session_fuzz(bool initiator, const uint8_t *data, size_t size);

#endif
