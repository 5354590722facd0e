/* SPDX-License-Identifier: Apache-2.0
 * A unary call: protobuf-c in the client, nanopb in the server, x509 both ways, the whole channel. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/rpc/echo.grille-pb.h"
#include "bench/mode.h"
#include "grille/grille.h"

extern void bench_grille_serve(const char *path, const char *folder, size_t message_bytes);

static grille_channel *channel;
static grille_identity *identity;
static grille_policy *policy;
static uint8_t *payload;
static size_t payload_len;

static bool told(grille_code code, const grille_error *error) {
    if (code != GRILLE_OK) (void)fprintf(stderr, "bench: %s: %s\n", error->name, error->text);
    return code == GRILLE_OK;
}

static bool connect_to(const char *path, const char *folder, size_t message_bytes) {
    grille_channel_options options = grille_channel_options_default();
    grille_error error;
    char address[256];
    char file[3][512];
    (void)snprintf(address, sizeof address, "unix:%s", path);
    (void)snprintf(file[0], sizeof file[0], "%s/client.policy.yaml", folder);
    (void)snprintf(file[1], sizeof file[1], "%s/client/identity.pem", folder);
    (void)snprintf(file[2], sizeof file[2], "%s/client/identity.key", folder);
    payload = calloc(1, message_bytes);
    payload_len = message_bytes;
    if (payload == NULL || !told(grille_policy_load(file[0], &policy, &error), &error) ||
        !told(grille_identity_load_x509(file[1], file[2], &identity, &error), &error)) {
        return false;
    }
    options.policy = policy;
    options.identity = identity;
    return told(grille_channel_open(address, &options, &channel, &error), &error) &&
           told(grille_channel_wait_ready(channel, 10000, &error), &error);
}

static bool ping(void) {
    Grille__Bench__V1__Ball request = GRILLE__BENCH__V1__BALL__INIT;
    client_grille_bench_v1_echo_ping_reply reply;
    bool same = false;
    request.payload.data = payload;
    request.payload.len = payload_len;
    same = client_grille_bench_v1_echo_ping(channel, &request, NULL, &reply) == GRILLE_OK &&
           reply.response->payload.len == payload_len;
    client_grille_bench_v1_echo_ping_reply_free(&reply);
    return same;
}

static void close_it(void) {
    grille_channel_close(channel);
    grille_identity_free(identity);
    grille_policy_free(policy);
    free(payload);
}

const bench_mode bench_mode_grille = {
    .name = "grille", .serve = bench_grille_serve, .connect = connect_to, .ping = ping, .close = close_it};
