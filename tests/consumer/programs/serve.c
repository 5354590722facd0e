/* SPDX-License-Identifier: Apache-2.0 */
#include "serve.h"

#include <stdio.h>

int serve(int argc, char **argv, register_fn *register_handlers) {
    grille_server_options options = grille_server_options_default();
    grille_identity *identity = NULL;
    grille_server *server = NULL;
    grille_error error = {.code = GRILLE_OK};
    grille_code code = GRILLE_OK;
    if (argc != 4) {
        fputs("usage: PROGRAM ADDRESS POLICY NSM\n", stderr);
        return 2;
    }
    code = grille_policy_load(argv[2], &options.policy, &error);
    if (code == GRILLE_OK) code = grille_identity_open_nsm(argv[3], &identity, &error);
    options.identity = identity;
    if (code == GRILLE_OK) code = grille_server_new(&options, &server, &error);
    if (code == GRILLE_OK) code = register_handlers(server, &error);
    if (code == GRILLE_OK) code = grille_server_listen(server, argv[1], &error);
    if (code == GRILLE_OK) code = grille_server_run(server, &error);
    if (code != GRILLE_OK) (void)fprintf(stderr, "%s: %s\n", error.name, error.text);
    grille_server_free(server);
    grille_identity_free(identity);
    grille_policy_free(options.policy);
    return code == GRILLE_OK ? 0 : 1;
}
