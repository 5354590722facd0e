/* SPDX-License-Identifier: Apache-2.0 */
#include "in_process.h"

#include "cmocka_all.h"

grille_server *in_process_server(const e2e_world *world, const char *name, const grille_server_options *options,
                                 e2e_counts *counts) {
    grille_server_options own = options == NULL ? grille_server_options_default() : *options;
    grille_server *server = NULL;
    grille_error error;
    own.policy = world->trusts_parent;
    own.identity = world->gateway;
    if (grille_server_new(&own, &server, &error) != GRILLE_OK) fail_msg("%s", error.text);
    if (e2e_register(server, counts, &error) != GRILLE_OK) fail_msg("%s", error.text);
    if (grille_server_listen(server, world_unix(world, name), &error) != GRILLE_OK) fail_msg("%s", error.text);
    if (grille_server_start(server, &error) != GRILLE_OK) fail_msg("%s", error.text);
    return server;
}
