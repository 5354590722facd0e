/* SPDX-License-Identifier: Apache-2.0
 * Counts what this whole process, library and libc included, asks of the heap and of its sockets. */
#ifndef GRILLE_TESTS_E2E_COUNTED_H
#define GRILLE_TESTS_E2E_COUNTED_H

#include <stdatomic.h>

typedef struct counted_calls {
    atomic_ulong heap;          /* malloc, calloc, realloc, aligned forms; free is not counted */
    atomic_ulong reads;         /* of sockets: recv, recvmsg */
    atomic_ulong empty_reads;   /* of these, answered EAGAIN */
    atomic_ulong writes;        /* to sockets: send, sendmsg */
    atomic_ulong written_bytes; /* by them */
    atomic_ulong watches;       /* epoll_ctl */
    atomic_ulong others;        /* read, write and their kin, which wake a sleeping loop */
} counted_calls;

extern counted_calls counted;

#endif
