/* SPDX-License-Identifier: Apache-2.0
 * Runs in a virtual machine, as an enclave's program: kinds_enclave ADDRESS POLICY
 * Serves calls of every kind (tests/interop), and tells what it has seen of them. A server that has drained is followed
 * by another one at the same address. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "grille/attest.h"
#include "grille/grille.h"
#include "tests/interop/interop_handlers.h"
#include "tests/vm/kinds.grille-nano.h"

enum { MESSAGE_BYTES = 16 << 20, DRAIN_MS = 60000, WORKERS = 8 };

static grille_identity *identity;
static atomic_uint lives;

static grille_code tell(grille_call *call, const grille_vm_v1_Nothing *request, grille_vm_v1_Told *response,
                        void *user) {
    grille_interop_v1_Counts counts;
    grille_nsm_counters nsm;
    grille_error error;
    (void)request, (void)user;
    if (grille_attest_nsm_counters(identity, &nsm, &error) != GRILLE_OK)
        return grille_fail(call, error.code, "%s", error.text);
    interop_get_counts(&counts);
    response->lives = atomic_load(&lives);
    response->waiting = counts.waiting;
    response->cancelled = counts.cancelled;
    response->documents = nsm.channel_documents;
    response->epoch = grille_peer(call)->epoch;
    response->kind = (uint32_t)grille_peer(call)->kind;
    return GRILLE_OK;
}

static grille_code drain(grille_call *call, const grille_vm_v1_Nothing *request, grille_vm_v1_Nothing *response,
                         void *user) {
    (void)call, (void)request, (void)response, (void)user;
    return kill(getpid(), SIGTERM) == 0 ? GRILLE_OK : GRILLE_INTERNAL;
}

static grille_code reattest(grille_call *call, const grille_vm_v1_Nothing *request, grille_vm_v1_Nothing *response,
                            void *user) {
    grille_error error;
    (void)request, (void)response, (void)user;
    const grille_code code = grille_channel_reattest(grille_call_peer_channel(call), &error);
    return code == GRILLE_OK ? GRILLE_OK : grille_fail(call, GRILLE_ABORTED, "%s: %s", error.name, error.text);
}

static void serve(const grille_server_options *options, const char *address) {
    static const grille_vm_v1_guest_handlers handlers = {.tell = tell, .drain = drain, .reattest = reattest};
    grille_server *server = NULL;
    grille_error error;
    atomic_fetch_add(&lives, 1);
    grille_check(grille_server_new(options, &server, &error), &error);
    grille_check(grille_interop_v1_interop_register_with_error(server, &interop_handlers, NULL, &error), &error);
    grille_check(grille_vm_v1_guest_register_with_error(server, &handlers, NULL, &error), &error);
    grille_check(grille_server_listen(server, address, &error), &error);
    grille_check(grille_server_run(server, &error), &error);
    grille_server_free(server);
}

int main(int argc, char **argv) {
    grille_server_options options = grille_server_options_default();
    grille_error error;
    if (argc != 3) return fputs("usage: kinds_enclave ADDRESS POLICY\n", stderr), 2;
    grille_check(grille_policy_load(argv[2], &options.policy, &error), &error);
    grille_check(grille_identity_open_nsm(NULL, &identity, &error), &error);
    options.identity = identity;
    options.max_message_bytes = MESSAGE_BYTES;
    options.workers = WORKERS;
    options.drain_timeout_ms = DRAIN_MS;
    for (;;)
        serve(&options, argv[1]);
}
