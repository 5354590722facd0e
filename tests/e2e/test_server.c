/* SPDX-License-Identifier: Apache-2.0
 * The server program of the end-to-end tests:
 *   test_server FOLDER nitro|x509 ADDRESS LOOPS WORKERS DRAIN_MS MAX_CONNECTIONS MAX_HALF_OPEN SPIN_US|off
 * 0 stands for the default. Prints "ready ADDRESS" when it listens, and its counts at its end. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service.h"

static int complain(const grille_error *error) {
    (void)printf("%s: %s\n", error->name, error->text);
    return 1;
}

static unsigned number(const char *text, unsigned otherwise) {
    unsigned value = (unsigned)strtoul(text, NULL, 10);
    return value != 0 ? value : otherwise;
}

static grille_code load_identity(const char *folder, const char *kind, grille_identity **identity,
                                 grille_error *error) {
    char chain[256], key[256];
    if (strcmp(kind, "nitro") == 0) {
        (void)snprintf(chain, sizeof chain, "%s/sim", folder);
        return grille_identity_open_nsm(chain, identity, error);
    }
    (void)snprintf(chain, sizeof chain, "%s/gateway/identity.pem", folder);
    (void)snprintf(key, sizeof key, "%s/gateway/identity.key", folder);
    return grille_identity_load_x509(chain, key, identity, error);
}

static void take_options(grille_server_options *options, char **arguments) {
    options->loops = number(arguments[0], options->loops);
    options->workers = number(arguments[1], options->workers);
    options->drain_timeout_ms = number(arguments[2], options->drain_timeout_ms);
    options->max_connections = number(arguments[3], options->max_connections);
    options->max_half_open = number(arguments[4], options->max_half_open);
    options->spin_us = strcmp(arguments[5], "off") == 0 ? 0 : number(arguments[5], options->spin_us);
}

/* Ready is who drains on SIGTERM instead of dying of it. */
static void *announce(void *argument) {
    struct sigaction action;
    while (sigaction(SIGTERM, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
        usleep(500);
    (void)printf("ready %s\n", grille_server_address(argument, 0));
    (void)fflush(stdout);
    return NULL;
}

static int serve(const grille_server_options *options, const char *address) {
    static e2e_counts counts;
    grille_server *server = NULL;
    grille_error error;
    if (grille_server_new(options, &server, &error) != GRILLE_OK) return complain(&error);
    if (e2e_register(server, &counts, &error) != GRILLE_OK) return complain(&error);
    if (grille_server_listen(server, address, &error) != GRILLE_OK) return complain(&error);
    pthread_t announcer;
    if (pthread_create(&announcer, NULL, announce, server) != 0) return 1;
    if (grille_server_run(server, &error) != GRILLE_OK) return complain(&error);
    (void)pthread_join(announcer, NULL);
    grille_server_free(server);
    (void)printf("started %u finished %u cancelled %u\n", atomic_load(&counts.started), atomic_load(&counts.finished),
                 atomic_load(&counts.cancelled));
    return 0;
}

int main(int argc, char **argv) {
    grille_server_options options = grille_server_options_default();
    grille_identity *identity = NULL;
    grille_policy *policy = NULL;
    grille_error error;
    char path[256];
    if (argc != 10) {
        (void)printf("wrong arguments\n");
        return 2;
    }
    (void)snprintf(path, sizeof path, "%s/trusts-parent.yaml", argv[1]);
    if (grille_policy_load(path, &policy, &error) != GRILLE_OK) return complain(&error);
    if (load_identity(argv[1], argv[2], &identity, &error) != GRILLE_OK) return complain(&error);
    options.policy = policy;
    options.identity = identity;
    take_options(&options, &argv[4]);
    int result = serve(&options, argv[3]);
    grille_identity_free(identity);
    grille_policy_free(policy);
    return result;
}
