/* SPDX-License-Identifier: Apache-2.0
 * INSECURE: what the row rpc-insecure has in place of a channel (secure_insecure.c). */
#ifndef GRILLE_BENCH_INSECURE_INSECURE_H
#define GRILLE_BENCH_INSECURE_INSECURE_H

/* The set of the policy that everybody belongs to. */
#define BENCH_INSECURE_SET "insecure-bench"

/* The first bytes of both ends. */
#define BENCH_INSECURE_HELLO_BYTES 8
extern const char bench_insecure_hello[BENCH_INSECURE_HELLO_BYTES];

#endif
