/* SPDX-License-Identifier: Apache-2.0
 * greet_once ADDRESS POLICY IDENTITY.pem IDENTITY.key NAME: as the greeter's parent, but its first connection is its
 * last: it tells what became of just that one. */
#include <stdio.h>

#include "examples/greeter/greeter.grille-pb.h"
#include "grille/grille.h"

int main(int argc, char **argv) {
    grille_channel_options options = grille_channel_options_default();
    Acme__Greeter__V1__GreetRequest request = ACME__GREETER__V1__GREET_REQUEST__INIT;
    acme_greeter_v1_greeter_greet_reply reply;
    grille_identity *identity = NULL;
    grille_channel *channel = NULL;
    grille_error error;
    if (argc != 6) return 2;
    grille_check(grille_policy_load(argv[2], &options.policy, &error), &error);
    grille_check(grille_identity_load_x509(argv[3], argv[4], &identity, &error), &error);
    options.identity = identity;
    grille_check(grille_channel_open(argv[1], &options, &channel, &error), &error);
    request.name = argv[5];
    const grille_code code =
        acme_greeter_v1_greeter_greet(channel, &request, &GRILLE_CALL_OPTIONS(.timeout_ms = 5000), &reply);
    if (code == GRILLE_OK) (void)puts(reply.response->text);
    if (code != GRILLE_OK) (void)fprintf(stderr, "greet_once: %s: %s\n", grille_code_name(code), reply.message);
    acme_greeter_v1_greeter_greet_reply_free(&reply);
    grille_channel_close(channel);
    grille_identity_free(identity);
    grille_policy_free(options.policy);
    return code != GRILLE_OK;
}
