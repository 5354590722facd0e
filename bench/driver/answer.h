/* SPDX-License-Identifier: Apache-2.0
 * What a load agent answers: one line of JSON (bench/README.md "An agent's answer"). Agents may be anybody's. */
#ifndef GRILLE_BENCH_ANSWER_H
#define GRILLE_BENCH_ANSWER_H

#include "bench/agent/recorder.h"

/* Reads the text. False: `why` tells; then the result holds nothing. Else result->latency_ns is the caller's to free.
 */
bool bench_answer_read(const char *text, bench_result *result, char why[256]);

#endif
