/* SPDX-License-Identifier: Apache-2.0 */
#include "pair.h"

#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"

e2e_world services_world;
static const char *grille_program, *server_program;

void services_arguments(char **arguments) {
    grille_program = arguments[1];
    server_program = arguments[2];
}

int services_set_up(void **state) {
    (void)state;
    world_init(&services_world, grille_program, server_program);
    return 0;
}

int services_tear_down(void **state) {
    (void)state;
    world_deinit(&services_world);
    return 0;
}

grille_policy *services_policy_of(const char *name, const char *may_call, const char *top, const char *more) {
    const char *path = world_path(&services_world, "services.yaml");
    grille_policy *policy = NULL;
    grille_error error;
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fprintf(out,
                        "%speers:\n  - name: them\n    kind: x509\n    ca: ca/ca.pem\n    names: [\"%s\"]\n"
                        "    may_call: %s\n%s",
                        top, name, may_call, more) > 0);
    assert_int_equal(fclose(out), 0);
    if (grille_policy_load(path, &policy, &error) != GRILLE_OK) fail_msg("%s", error.text);
    return policy;
}

grille_policy *services_policy(const char *may_call, const char *top) {
    return services_policy_of(WORLD_PARENT, may_call, top, "");
}

void services_pair_new(services_pair *pair, grille_policy *policy, const grille_server_options *given) {
    grille_server_options options = given != NULL ? *given : grille_server_options_default();
    grille_error error;
    *pair = (services_pair){0};
    options.policy = policy != NULL ? policy
                                    : services_policy("[\"/grille.v1.Health/*\", \"/grille.v1.Reflection/*\", "
                                                      "\"/grille.v1.Stats/*\", \"/test.E2e/Echo\"]",
                                                      "");
    options.identity = services_world.gateway;
    if (grille_server_new(&options, &pair->server, &error) != GRILLE_OK) fail_msg("%s", error.text);
    grille_policy_free(options.policy);
}

void services_pair_start(services_pair *pair, const char *name, const grille_channel_options *given) {
    grille_channel_options options = given != NULL ? *given : grille_channel_options_default();
    char address[64];
    grille_error error;
    (void)snprintf(address, sizeof address, "inproc:%s", name);
    if (grille_server_listen(pair->server, address, &error) != GRILLE_OK ||
        grille_server_start(pair->server, &error) != GRILLE_OK) {
        fail_msg("%s", error.text);
    }
    if (options.policy == NULL) options.policy = services_world.trusts_gateway;
    options.identity = services_world.parent;
    if (grille_channel_open(address, &options, &pair->channel, &error) != GRILLE_OK ||
        grille_channel_wait_ready(pair->channel, 20000, &error) != GRILLE_OK) {
        fail_msg("%s", error.text);
    }
}

void services_pair_close(services_pair *pair) {
    grille_channel_close(pair->channel);
    grille_server_free(pair->server);
}
