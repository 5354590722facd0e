/* SPDX-License-Identifier: Apache-2.0
 * The enclave: greeter_enclave ADDRESS POLICY [NSM] */
#include <stdio.h>

#include "examples/greeter/greeter.grille-nano.h"
#include "grille/grille.h"

static grille_code greet(grille_call *call, const acme_greeter_v1_GreetRequest *request,
                         acme_greeter_v1_GreetResponse *response, void *user) {
    (void)user;
    response->text = grille_call_format(call, "Hello, %.*s!", (int)request->name.len, (const char *)request->name.data);
    return response->text.data != NULL ? GRILLE_OK : GRILLE_RESOURCE_EXHAUSTED;
}

int main(int argc, char **argv) {
    static const acme_greeter_v1_greeter_handlers handlers = {.greet = greet};
    grille_server_options options = grille_server_options_default();
    grille_identity *identity = NULL;
    grille_server *server = NULL;
    grille_error error;
    grille_boot_main(&argc, argv);
    if (argc != 3 && argc != 4) return fputs("usage: greeter_enclave ADDRESS POLICY [NSM]\n", stderr), 2;
    grille_check(grille_policy_load(argv[2], &options.policy, &error), &error);
    grille_check(grille_identity_open_nsm(argv[3], &identity, &error), &error);
    options.identity = identity;
    grille_check(grille_server_new(&options, &server, &error), &error);
    grille_check(acme_greeter_v1_greeter_register_with_error(server, &handlers, NULL, &error), &error);
    grille_check(grille_server_listen(server, argv[1], &error), &error);
    grille_check(grille_server_run(server, &error), &error);
    grille_server_free(server);
    grille_identity_free(identity);
    grille_policy_free(options.policy);
    return 0;
}
