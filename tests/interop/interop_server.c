/* SPDX-License-Identifier: Apache-2.0
 * The server that the second implementation calls: interop_server POLICY ADDRESS nitro SIM_FOLDER - IDLE_MS AGE_MS
 *                                              or: interop_server POLICY ADDRESS x509 CHAIN KEY IDLE_MS AGE_MS
 * 0 is never. Prints "ready" when it listens. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grille/grille.h"
#include "tests/interop/interop_handlers.h"

static void check(grille_code code, const grille_error *error) {
    if (code == GRILLE_OK) return;
    (void)printf("%s: %s\n", error->name, error->text);
    exit(1);
}

/* Ready is who drains on SIGTERM instead of dying of it. */
static void *announce(void *argument) {
    struct sigaction action;
    (void)argument;
    while (sigaction(SIGTERM, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
        usleep(500);
    (void)printf("ready\n");
    (void)fflush(stdout);
    return NULL;
}

static void serve(grille_server *server, const char *address) {
    grille_error error;
    pthread_t announcer;
    check(grille_interop_v1_interop_register_with_error(server, &interop_handlers, NULL, &error), &error);
    check(grille_server_listen(server, address, &error), &error);
    if (pthread_create(&announcer, NULL, announce, NULL) != 0) exit(1);
    check(grille_server_run(server, &error), &error);
    (void)pthread_join(announcer, NULL);
}

int main(int argc, char **argv) {
    grille_server_options options = grille_server_options_default();
    grille_identity *identity = NULL;
    grille_server *server = NULL;
    grille_error error;
    if (argc != 8) return 2;
    check(grille_policy_load(argv[1], &options.policy, &error), &error);
    if (strcmp(argv[3], "nitro") == 0) {
        check(grille_identity_open_nsm(argv[4], &identity, &error), &error);
    } else {
        check(grille_identity_load_x509(argv[4], argv[5], &identity, &error), &error);
    }
    options.identity = identity;
    options.build = 7;
    options.idle_timeout_ms = (uint32_t)strtoul(argv[6], NULL, 10);
    options.max_age_ms = (uint32_t)strtoul(argv[7], NULL, 10);
    options.max_message_bytes = 1 << 20;
    check(grille_server_new(&options, &server, &error), &error);
    serve(server, argv[2]);
    grille_server_free(server);
    grille_identity_free(identity);
    grille_policy_free(options.policy);
    return 0;
}
