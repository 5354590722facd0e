/* SPDX-License-Identifier: Apache-2.0
 * The parent: greeter_parent ADDRESS POLICY IDENTITY.pem IDENTITY.key NAME */
#include <stdio.h>

#include "examples/greeter/greeter.grille-pb.h"
#include "grille/grille.h"

int main(int argc, char **argv) {
    grille_channel_options options = grille_channel_options_default();
    Acme__Greeter__V1__GreetRequest request = ACME__GREETER__V1__GREET_REQUEST__INIT;
    acme_greeter_v1_greeter_greet_reply reply;
    grille_identity *identity = NULL;
    grille_channel *channel = NULL;
    grille_error error = {0};
    grille_code code = GRILLE_OK;
    if (argc != 6) return fputs("usage: greeter_parent ADDRESS POLICY IDENTITY.pem IDENTITY.key NAME\n", stderr), 2;
    code = grille_policy_load(argv[2], &options.policy, &error);
    if (code == GRILLE_OK) code = grille_identity_load_x509(argv[3], argv[4], &identity, &error);
    options.identity = identity;
    if (code == GRILLE_OK) code = grille_channel_open(argv[1], &options, &channel, &error);
    if (code != GRILLE_OK) return fprintf(stderr, "%s: %s\n", error.name, error.text), 1;
    request.name = argv[5];
    code = acme_greeter_v1_greeter_greet(channel, &request,
                                         &GRILLE_CALL_OPTIONS(.timeout_ms = 5000, .wait_for_ready = true), &reply);
    if (code == GRILLE_OK) puts(reply.response->text);
    if (code != GRILLE_OK) (void)fprintf(stderr, "%s: %s\n", grille_code_name(code), reply.message);
    acme_greeter_v1_greeter_greet_reply_free(&reply);
    grille_channel_close(channel);
    grille_identity_free(identity);
    grille_policy_free(options.policy);
    return code == GRILLE_OK ? 0 : 1;
}
