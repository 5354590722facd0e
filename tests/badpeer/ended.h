/* SPDX-License-Identifier: Apache-2.0
 * What connections of this process cost: each tells its memory budget's peak when it goes. A program that links this is
 * linked with -Wl,--wrap=grille_secure_free. */
#ifndef GRILLE_TESTS_BADPEER_ENDED_H
#define GRILLE_TESTS_BADPEER_ENDED_H

#include <stdbool.h>
#include <stddef.h>

/* Connections that have gone since the start of the process. */
unsigned ended_count(void);
/* Waits until so many have; false after the time. */
bool ended_wait(unsigned count, unsigned most_ms);
/* Most bytes that one of them held since the last call of this function. */
size_t ended_take_peak_bytes(void);
/* The same of those that a server had. */
size_t ended_take_server_peak_bytes(void);

/* Connections of servers that have gone, and the name of the reason why the last one of them failed ("": it did not).
 */
unsigned ended_servers(void);
void ended_last_server_failure(char *name, size_t size);

#endif
