/* SPDX-License-Identifier: Apache-2.0
 * The enclave: greeter_enclave ADDRESS POLICY [NSM] */
#include <stdio.h>

#include "examples/greeter/greeter.grille-nano.h"
#include "grille/grille.h"

static grille_code greet(grille_call *call, const acme_greeter_v1_GreetRequest *request,
                         acme_greeter_v1_GreetResponse *response, void *user) {
    char *text = grille_call_alloc(call, request->name.len + sizeof "Hello, !");
    (void)user;
    if (text == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    response->text.data = (uint8_t *)text;
    response->text.len = (size_t)sprintf(text, "Hello, %.*s!", (int)request->name.len, (const char *)request->name.data);
    return GRILLE_OK;
}

int main(int argc, char **argv) {
    static const acme_greeter_v1_greeter_handlers handlers = {.greet = greet};
    grille_server_options options = grille_server_options_default();
    grille_identity *identity = NULL;
    grille_server *server = NULL;
    grille_error error = {0};
    grille_code code = GRILLE_OK;
    if (argc < 3) return fputs("usage: greeter_enclave ADDRESS POLICY [NSM]\n", stderr), 2;
    code = grille_policy_load(argv[2], &options.policy, &error);
    if (code == GRILLE_OK) code = grille_identity_open_nsm(argc > 3 ? argv[3] : NULL, &identity, &error);
    options.identity = identity;
    if (code == GRILLE_OK) code = grille_server_new(&options, &server, &error);
    if (code == GRILLE_OK) code = acme_greeter_v1_greeter_register_with_error(server, &handlers, NULL, &error);
    if (code == GRILLE_OK) code = grille_server_listen(server, argv[1], &error);
    if (code == GRILLE_OK) code = grille_server_run(server, &error);
    if (code != GRILLE_OK) (void)fprintf(stderr, "%s: %s\n", error.name, error.text);
    grille_server_free(server);
    grille_identity_free(identity);
    grille_policy_free(options.policy);
    return code == GRILLE_OK ? 0 : 1;
}
