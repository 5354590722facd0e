/* SPDX-License-Identifier: Apache-2.0
 * A stand-in for the VMM of a hybrid vsock: accepts at PATH, reads "CONNECT port\n", answers "OK port\n", and carries
 * bytes to and from PATH_port. A process of its own, as the VMM is: what it costs is nobody's CPU in the figures, but
 * its copies and wake-ups are in every latency. Not a VMM's speed: figures say "stand-in". */
#ifndef GRILLE_BENCH_MULTIPLEXER_H
#define GRILLE_BENCH_MULTIPLEXER_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct bench_multiplexer {
    pid_t pid;      /* 0: none is needed */
    int lifeline;   /* the process ends when this is closed, also by our end */
    char path[108]; /* removed when stopped */
} bench_multiplexer;

/* For a hybrid address, starts the process; PATH is taken when this returns. For any other, does nothing. Call it
 * before threads are started. False, with a message on standard error: it could not be started, or the address is none.
 */
bool bench_multiplexer_start(bench_multiplexer *multiplexer, const char *address);
void bench_multiplexer_stop(bench_multiplexer *multiplexer);

#endif
