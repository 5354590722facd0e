/* SPDX-License-Identifier: Apache-2.0
 * Every limit of the relay, with its unit and its reason. DEFAULT: when the command line says nothing; LIMIT: the most
 * that it may say, or what is fixed. */
#ifndef GRILLE_TOOLS_RELAY_LIMITS_H
#define GRILLE_TOOLS_RELAY_LIMITS_H

/* Pairs of --listen and --to: each holds a listening socket and a descriptor in reserve. */
#define RELAY_LIMIT_PAIRS 64
/* Connections at once, over all pairs: two descriptors and at most two blocks each. */
#define RELAY_DEFAULT_CONNECTIONS 1024
#define RELAY_LIMIT_CONNECTIONS   65536
/* New connections a second, and as many at once after a quiet second. An enclave makes its evidence for each: what it
 * can't keep up with should not reach it. */
#define RELAY_DEFAULT_RATE 500
#define RELAY_LIMIT_RATE   100000
/* One direction's bytes between its two sockets, and what one read takes at most. Reading stops while the block holds
 * any; a block is in use only while the other side does not take what was read, so that all connections stalled in both
 * directions hold 512 MiB with the default above. As the loop's own reads; half of it carried a fifth less over TCP. */
#define RELAY_LIMIT_BLOCK_BYTES 262144
/* Reads that throw away what a peer sent to a target that takes no more: more than a Unix or vsock socket holds. */
#define RELAY_LIMIT_DISCARDED_READS 64
/* A vsock connect that nobody answers hangs in the kernel. As grille's channels. */
#define RELAY_DEFAULT_CONNECT_TIMEOUT_MS 10000
/* Channels send keepalives every 30 s while calls run and close when idle: who is silent longer than this is gone. */
#define RELAY_DEFAULT_IDLE_TIMEOUT_MS 900000
/* How long connections that run may go on after the first signal. As grille's servers. */
#define RELAY_DEFAULT_DRAIN_TIMEOUT_MS 10000
/* Polling before sleep: a millisecond is more than any wake-up costs. */
#define RELAY_LIMIT_SPIN_US 1000
/* A day, for each of these times: there is no "for ever". */
#define RELAY_LIMIT_TIMEOUT_MS 86400000
/* Lines about refused connections: who floods a relay should not flood its log. */
#define RELAY_LIMIT_REFUSAL_LINES            20
#define RELAY_LIMIT_REFUSAL_LINES_PER_SECOND 2

#endif
