/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_enclave.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "grille/seal.h"

static void write_key(const key_release_world *world, const char *role) {
    char path[64], hex[65];
    uint8_t key[32];
    grille_error error;
    assert_int_equal(grille_random(key, sizeof key, &error), GRILLE_OK);
    grille_hex_encode(grille_bytes_of(key, sizeof key), hex);
    (void)snprintf(path, sizeof path, "%s/%s", world->folder, role);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(chmod(path, 0600), 0);
    assert_true(fprintf(out, "grille-psk 1\nid: the-%s\nrole: %s\nkey: %s\n", role, role, hex) > 0);
    assert_int_equal(fclose(out), 0);
}

static grille_identity *load_identity(const key_release_world *world, const char *role) {
    grille_identity *identity = NULL;
    grille_error error;
    char path[64];
    (void)snprintf(path, sizeof path, "%s/%s", world->folder, role);
    if (grille_identity_load_psk(path, &identity, &error) != GRILLE_OK) fail_msg("%s", error.text);
    return identity;
}

static grille_policy *make_policy(const key_release_world *world, const char *role, const char *may_call) {
    char path[64];
    grille_policy *policy = NULL;
    grille_error error;
    (void)snprintf(path, sizeof path, "%s/policy.yaml", world->folder);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fprintf(out, "peers:\n  - name: them\n    kind: psk\n    psk: %s\n%s", role, may_call) > 0);
    assert_int_equal(fclose(out), 0);
    if (grille_policy_load(path, &policy, &error) != GRILLE_OK) fail_msg("%s", error.text);
    (void)unlink(path);
    return policy;
}

void key_release_world_init(key_release_world *world) {
    *world = (key_release_world){.folder = "/tmp/key-release.XXXXXX"};
    assert_non_null(mkdtemp(world->folder));
    write_key(world, "initiator");
    write_key(world, "responder");
    world->parent = load_identity(world, "initiator");
    world->enclave = load_identity(world, "responder");
    world->trusts_parent = make_policy(world, "initiator", "    may_call: [\"/grille.v1.KeyRelease/*\"]\n");
    world->trusts_parent_with_nothing = make_policy(world, "initiator", "");
    world->trusts_enclave = make_policy(world, "responder", "");
}

void key_release_world_deinit(key_release_world *world) {
    static const char *const names[] = {"initiator", "responder"};
    char path[64];
    grille_identity_free(world->parent);
    grille_identity_free(world->enclave);
    grille_policy_free(world->trusts_parent);
    grille_policy_free(world->trusts_parent_with_nothing);
    grille_policy_free(world->trusts_enclave);
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", world->folder, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(world->folder), 0);
}

grille_server *key_release_server(const key_release_world *world, grille_policy *policy) {
    grille_server_options options = grille_server_options_default();
    grille_server *server = NULL;
    grille_error error;
    options.policy = policy;
    options.identity = world->enclave;
    options.drain_timeout_ms = 1;
    if (grille_server_new(&options, &server, &error) != GRILLE_OK) fail_msg("%s", error.text);
    return server;
}

void key_release_start(grille_server *server, const char *address) {
    grille_error error;
    if (grille_server_listen(server, address, &error) != GRILLE_OK || grille_server_start(server, &error) != GRILLE_OK)
        fail_msg("%s", error.text);
}

grille_channel *key_release_channel(const key_release_world *world, const char *address) {
    grille_channel_options options = grille_channel_options_default();
    grille_channel *channel = NULL;
    grille_error error;
    options.policy = world->trusts_enclave;
    options.identity = world->parent;
    if (grille_channel_open(address, &options, &channel, &error) != GRILLE_OK) fail_msg("%s", error.text);
    return channel;
}
