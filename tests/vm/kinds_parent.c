/* SPDX-License-Identifier: Apache-2.0
 * kinds_parent ADDRESS POLICY CHAIN KEY all | some | follow: the parent of kinds_enclave, outside of its machine or in
 * it. CHAIN "nitro": it is an enclave too, by /dev/nsm. */
#include <string.h>

#include "kinds.h"

grille_channel *kinds_channel;

/* The kind that we are: the enclave tells it. */
static grille_identity_kind own_kind;

bool kinds_identity(void) {
    grille_peer_identity peer;
    kinds_told told;
    CHECK(grille_channel_get_peer(kinds_channel, &peer) == GRILLE_OK);
    CHECK(peer.kind == GRILLE_IDENTITY_NITRO && peer.insecure && !peer.debug && (peer.pcr_mask & 7) == 7);
    CHECK(kinds_ask(&told) && told.kind == own_kind);
    return true;
}

static bool run(const char *which) {
    static const vm_case cases[] = {
        /* some */
        {"who is who", kinds_identity},
        {"one message each way", kinds_unary},
        {"a call in the other direction", kinds_reverse},
        /* all */
        {"a call that fails", kinds_failure},
        {"a call that the policy does not allow", kinds_not_allowed},
        {"a stream to the enclave", kinds_client_stream},
        {"a stream from the enclave", kinds_server_stream},
        {"a stream both ways", kinds_both_stream},
        {"8 MiB each way in one call", kinds_bulk_calls},
        {"8 MiB each way on one stream", kinds_bulk_stream},
        {"a cancelled call is left by its handler", kinds_cancelled},
        {"a deadline ends a call at both ends", kinds_deadline},
        {"both ends prove themselves anew under calls", kinds_reattested},
        {"the server drains and another one follows", kinds_drained},
    };
    enum { SOME = 3 };
    return vm_run_cases(cases, strcmp(which, "some") == 0 ? SOME : sizeof cases / sizeof cases[0]);
}

static grille_channel_options make_options(void) {
    grille_channel_options options = grille_channel_options_default();
    options.max_message_bytes = 16 << 20;
    options.longest_backoff_ms = 200;
    return options;
}

int main(int argc, char **argv) {
    grille_channel_options options = make_options();
    grille_identity *identity = NULL;
    grille_services *services = NULL;
    grille_error why;
    bool good = true;
    if (argc != 6) return fputs("usage: kinds_parent ADDRESS POLICY CHAIN KEY all | some | follow\n", stderr), 2;
    grille_check(grille_policy_load(argv[2], &options.policy, &why), &why);
    if (strcmp(argv[3], "nitro") == 0) {
        grille_check(grille_identity_open_nsm(NULL, &identity, &why), &why);
    } else {
        grille_check(grille_identity_load_x509(argv[3], argv[4], &identity, &why), &why);
    }
    own_kind = grille_identity_get_kind(identity);
    grille_check(grille_services_new(&services, &why), &why);
    grille_check(kinds_serve(services), &vm_error);
    options.identity = identity;
    options.services = services;
    grille_check(grille_channel_open(argv[1], &options, &kinds_channel, &why), &why);
    grille_check(grille_channel_wait_ready(kinds_channel, KINDS_PATIENCE_MS, &why), &why);
    if (strcmp(argv[5], "follow") == 0) {
        good = kinds_follow() == 0;
    } else {
        good = run(argv[5]);
    }
    grille_channel_close(kinds_channel);
    grille_services_free(services);
    grille_identity_free(identity);
    grille_policy_free(options.policy);
    return good ? 0 : 1;
}
