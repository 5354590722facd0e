/* SPDX-License-Identifier: Apache-2.0
 * What the files of kinds_parent share: the parent of an enclave (kinds_enclave.c), and what it asks of it. */
#ifndef GRILLE_TESTS_VM_KINDS_H
#define GRILLE_TESTS_VM_KINDS_H

#include <pthread.h>
#include <stdint.h>

#include "grille/grille.h"
#include "tests/interop/interop.grille-pb.h"
#include "tests/vm/cases.h"
#include "tests/vm/kinds.grille-pb.h"

/* Long enough for a machine that emulates a processor, on a machine that others use too. */
enum { KINDS_PATIENCE_MS = 60000 };

#define KINDS_OPTIONS(...) (&GRILLE_CALL_OPTIONS(.timeout_ms = KINDS_PATIENCE_MS, __VA_ARGS__))

extern grille_channel *kinds_channel;

typedef Grille__Interop__V1__Blob kinds_blob;
typedef Grille__Vm__V1__Told kinds_told;

/* Of these bytes, which stay the caller's. */
kinds_blob kinds_blob_of(const void *bytes, size_t len);

/* One call of Echo, whose answer is what was sent. With a failure: its text is in vm_error. */
grille_code kinds_echo(const char *text, const grille_call_options *options);

/* What the enclave has seen; false with vm_error. */
bool kinds_ask(kinds_told *told);

/* Waits until so many handlers have begun to wait, and so many were left. */
bool kinds_wait_for(uint32_t waiting, uint32_t cancelled);

/* The channel's peer. */
uint32_t kinds_epoch(void);
int64_t kinds_document_time_ms(void);

/* A call of Wait, whose handler answers when nobody waits for it any more. */
typedef struct kinds_held {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    grille_call *call;
    bool ended;
    grille_code code;
} kinds_held;

#define KINDS_HELD_INIT                                                                                                \
    { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER }

/* `held` lives until kinds_held_end has returned. */
bool kinds_hold(kinds_held *held, const grille_call_options *options);
/* Waits for its end, and says which. */
grille_code kinds_held_end(kinds_held *held);

/* Echo, for the enclave: what the parent serves. */
grille_code kinds_serve(grille_services *services);

/* ---- Cases ---- */

bool kinds_unary(void);
bool kinds_failure(void);
bool kinds_not_allowed(void);
bool kinds_client_stream(void);
bool kinds_server_stream(void);
bool kinds_both_stream(void);
bool kinds_reverse(void);
bool kinds_bulk_calls(void);
bool kinds_bulk_stream(void);
bool kinds_identity(void);

bool kinds_cancelled(void);
bool kinds_deadline(void);
bool kinds_reattested(void);
bool kinds_drained(void);

/* Does what each line of the input says, and answers it by a line: for a test that does something to the machine
 * between. call, hold, lost, peer. */
int kinds_follow(void);

#endif
