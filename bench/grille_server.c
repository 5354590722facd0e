/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/rpc/echo.grille-nano.h"
#include "grille/grille.h"

extern void bench_grille_serve(const char *path, const char *folder, size_t message_bytes);

static grille_code ping(grille_call *call, const grille_bench_v1_Ball *request, grille_bench_v1_Ball *response,
                        void *user) {
    (void)call;
    (void)user;
    response->payload = request->payload;
    return GRILLE_OK;
}

void bench_grille_serve(const char *path, const char *folder, size_t message_bytes) {
    static const grille_bench_v1_echo_handlers handlers = {.ping = ping};
    grille_server_options options = grille_server_options_default();
    grille_identity *identity = NULL;
    grille_server *server = NULL;
    grille_error error = {0};
    grille_code code = GRILLE_OK;
    char address[256];
    char file[3][512];
    (void)message_bytes;
    (void)snprintf(address, sizeof address, "unix:%s", path);
    (void)snprintf(file[0], sizeof file[0], "%s/server.policy.yaml", folder);
    (void)snprintf(file[1], sizeof file[1], "%s/server/identity.pem", folder);
    (void)snprintf(file[2], sizeof file[2], "%s/server/identity.key", folder);
    code = grille_policy_load(file[0], &options.policy, &error);
    if (code == GRILLE_OK) code = grille_identity_load_x509(file[1], file[2], &identity, &error);
    options.identity = identity;
    if (code == GRILLE_OK) code = grille_server_new(&options, &server, &error);
    if (code == GRILLE_OK) code = grille_bench_v1_echo_register_with_error(server, &handlers, NULL, &error);
    if (code == GRILLE_OK) code = grille_server_listen(server, address, &error);
    if (code == GRILLE_OK) code = grille_server_run(server, &error);
    if (code != GRILLE_OK) (void)fprintf(stderr, "bench: %s: %s\n", error.name, error.text);
    grille_server_free(server);
    grille_identity_free(identity);
    grille_policy_free(options.policy);
    exit(code == GRILLE_OK ? 0 : 1);
}
