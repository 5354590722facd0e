/* SPDX-License-Identifier: Apache-2.0
 * The functions that generated code calls, within one thread: a call is encoded by the caller's codec, decoded by the
 * server's, and the answer comes back the same way. */
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

/* The method and options of the last call. */
const grille_method *fake_last_method(void);
uint32_t fake_last_timeout_ms(void);

/* Replies that were not freed yet. */
int fake_replies_held(void);

/* Delivers the asynchronous calls that wait. */
void fake_run(void);

#ifdef __cplusplus
}
#endif
#endif
