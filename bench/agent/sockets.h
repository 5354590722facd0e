/* SPDX-License-Identifier: Apache-2.0
 * Listening and connecting without an event loop, for the rows without an RPC: the sockets are made as the library
 * makes its own. All print to standard error what went wrong. */
#ifndef GRILLE_BENCH_SOCKETS_H
#define GRILLE_BENCH_SOCKETS_H

#include <stdbool.h>

#include "loop/address.h"

bool bench_address_parse(const char *text, grille_address *address);

/* A nonblocking listener; `bound` is the address with the port that the kernel chose. A Unix socket whose server is
 * gone is replaced. -1: it failed. */
int bench_listen(const grille_address *address, char bound[GRILLE_ADDRESS_TEXT_BYTES]);
/* Removes the socket's file of a Unix address. */
void bench_unlisten(const grille_address *address);

/* Connects, within seconds, and for hybrid asks for the port. The socket is nonblocking. -1: it failed. */
int bench_dial(const grille_address *address);

/* A closed TCP socket leaves nothing waiting: a benchmark of connecting would run out of ports. */
void bench_close_at_once(const grille_address *address, int fd);

#endif
