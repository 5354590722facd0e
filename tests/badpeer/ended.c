/* SPDX-License-Identifier: Apache-2.0 */
#include "ended.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "secure/secure_private.h"

static atomic_uint count, server_count;
static pthread_mutex_t failure_mutex = PTHREAD_MUTEX_INITIALIZER;
static char server_failure[GRILLE_ERROR_NAME_BYTES];
static atomic_size_t peak_bytes, server_peak_bytes;

void __real_grille_secure_free(grille_secure *secure);
void __wrap_grille_secure_free(grille_secure *secure);

static void raise_to(atomic_size_t *peak, size_t bytes) {
    size_t most = atomic_load(peak);
    while (bytes > most && !atomic_compare_exchange_weak(peak, &most, bytes)) {
    }
}

static void note_failure(const grille_secure *secure) {
    (void)pthread_mutex_lock(&failure_mutex);
    (void)snprintf(server_failure, sizeof server_failure, "%s", grille_secure_failure(secure)->name);
    (void)pthread_mutex_unlock(&failure_mutex);
}

void ended_last_server_failure(char *name, size_t size) {
    (void)pthread_mutex_lock(&failure_mutex);
    (void)snprintf(name, size, "%s", server_failure);
    (void)pthread_mutex_unlock(&failure_mutex);
}

/* The connection's last step before its memory goes. */
void __wrap_grille_secure_free(grille_secure *secure) {
    const grille_budget *budget = secure != NULL ? secure->budget : NULL;
    const size_t peak = budget != NULL ? budget->peak_bytes : 0;
    const bool served = budget != NULL && secure->role == GRILLE_RESPONDER;
    if (served) note_failure(secure);
    __real_grille_secure_free(secure);
    if (budget == NULL) return;
    raise_to(&peak_bytes, peak);
    if (served) raise_to(&server_peak_bytes, peak);
    if (served) atomic_fetch_add(&server_count, 1);
    atomic_fetch_add(&count, 1);
}

unsigned ended_servers(void) {
    return atomic_load(&server_count);
}

unsigned ended_count(void) {
    return atomic_load(&count);
}

bool ended_wait(unsigned wanted, unsigned most_ms) {
    for (unsigned ms = 0; ended_count() < wanted; ms++) {
        if (ms == most_ms) return false;
        (void)usleep(1000);
    }
    return true;
}

size_t ended_take_peak_bytes(void) {
    return atomic_exchange(&peak_bytes, 0);
}

size_t ended_take_server_peak_bytes(void) {
    return atomic_exchange(&server_peak_bytes, 0);
}
