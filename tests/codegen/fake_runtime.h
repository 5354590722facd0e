/* SPDX-License-Identifier: Apache-2.0
 * The functions that generated code calls, within one program: a call is encoded by the caller's codec, decoded by the
 * server's, and the answer comes back the same way. Offloaded handlers of streams have threads of their own; but at any
 * time only one thread runs, the others wait. */
#ifndef GRILLE_TESTS_CODEGEN_FAKE_RUNTIME_H
#define GRILLE_TESTS_CODEGEN_FAKE_RUNTIME_H

#include "grille/grille.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Starts anew; gives back all replies. */
void fake_reset(void);

/* Handles that the fakes take; they are never looked into. */
grille_channel *fake_channel(void);
grille_server *fake_server(void);
grille_services *fake_services(void);

/* The method and options of the last call. */
const grille_method *fake_last_method(void);
uint32_t fake_last_timeout_ms(void);

/* Messages that a stream holds in each direction before its sender is told AGAIN. */
#define FAKE_WINDOW 4

/* Streams and replies that were not given back yet. */
int fake_streams_held(void);
int fake_replies_held(void);

/* Delivers the asynchronous calls that wait, and the events of streams until nothing happens any more. */
void fake_run(void);

#ifdef __cplusplus
}
#endif
#endif
