/* SPDX-License-Identifier: Apache-2.0
 * What each call of the row "counted" does: getppid, sched_yield, a write and a receive on a socket, a write and a read
 * on a pipe. */
#ifndef GRILLE_TESTS_FAKE_AGENT_H
#define GRILLE_TESTS_FAKE_AGENT_H

enum { FAKE_AGENT_WIRE_BYTES = 100, FAKE_AGENT_SYSTEM_CALLS = 5 };

#endif
