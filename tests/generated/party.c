/* SPDX-License-Identifier: Apache-2.0 */
#include "party.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_BYTES = 96, READY_MS = 20000 };

static void die(const char *what) {
    (void)fprintf(stderr, "party: %s\n", what);
    exit(1);
}

void party_check(grille_code code, const grille_error *error) {
    if (code == GRILLE_OK) return;
    (void)fprintf(stderr, "%s: %s\n", error->name, error->text);
    exit(1);
}

static void run(const char *const *arguments) {
    int status = 0;
    pid_t pid = fork();
    if (pid < 0) die("fork");
    if (pid == 0) {
        (void)execv(arguments[0], (char *const *)(const void *)arguments);
        _exit(127);
    }
    if (waitpid(pid, &status, 0) != pid || status != 0) die(arguments[0]);
}

static void path_of(const party *parties, const char *name, char path[PATH_BYTES]) {
    (void)snprintf(path, PATH_BYTES, "%s/%s", parties->folder, name);
}

static grille_identity *make_identity(const party *parties, const char *grille, const char *folder, const char *name) {
    char ca[PATH_BYTES], own[PATH_BYTES], chain[PATH_BYTES + 16], key[PATH_BYTES + 16];
    grille_identity *identity = NULL;
    grille_error error;
    path_of(parties, "ca", ca);
    path_of(parties, folder, own);
    (void)snprintf(chain, sizeof chain, "%s/identity.pem", own);
    (void)snprintf(key, sizeof key, "%s/identity.key", own);
    run((const char *const[]){grille, "identity", "new", "x509", own, "--ca", ca, "--name", name, NULL});
    party_check(grille_identity_load_x509(chain, key, &identity, &error), &error);
    return identity;
}

static grille_policy *make_policy(const party *parties, const char *name, const char *may_call) {
    char text[512];
    grille_policy *policy = NULL;
    grille_error error;
    int len = snprintf(text, sizeof text,
                       "peers:\n"
                       "  - name: peer\n"
                       "    kind: x509\n"
                       "    ca: ca/ca.pem\n"
                       "    names: [\"%s\"]\n"
                       "%s%s%s",
                       name, may_call != NULL ? "    may_call: [\"" : "", may_call != NULL ? may_call : "",
                       may_call != NULL ? "\"]\n" : "");
    if (len < 0 || (size_t)len >= sizeof text) die("the policy is too long");
    party_check(grille_policy_parse((grille_bytes){(const uint8_t *)text, (size_t)len}, "policy", parties->folder,
                                    &policy, &error),
                &error);
    return policy;
}

void party_init(party *parties, const char *grille, const char *may_call) {
    char ca[PATH_BYTES];
    (void)strcpy(parties->folder, "/tmp/party.XXXXXX");
    if (mkdtemp(parties->folder) == NULL) die("mkdtemp");
    path_of(parties, "ca", ca);
    run((const char *const[]){grille, "identity", "new", "ca", ca, NULL});
    parties->client_identity = make_identity(parties, grille, "client", PARTY_CLIENT);
    parties->server_identity = make_identity(parties, grille, "server", PARTY_SERVER);
    parties->client_policy = make_policy(parties, PARTY_SERVER, NULL);
    parties->server_policy = make_policy(parties, PARTY_CLIENT, may_call);
}

void party_deinit(party *parties) {
    grille_identity_free(parties->client_identity);
    grille_identity_free(parties->server_identity);
    grille_policy_free(parties->client_policy);
    grille_policy_free(parties->server_policy);
    run((const char *const[]){"/bin/rm", "-rf", parties->folder, NULL});
}

grille_server *party_server(const party *parties) {
    grille_server_options options = grille_server_options_default();
    grille_server *server = NULL;
    grille_error error;
    options.policy = parties->server_policy;
    options.identity = parties->server_identity;
    party_check(grille_server_new(&options, &server, &error), &error);
    return server;
}

void party_serve(const party *parties, grille_server *server, const char *socket_name) {
    char address[PATH_BYTES];
    grille_error error;
    (void)snprintf(address, sizeof address, "unix:%s/%s", parties->folder, socket_name);
    party_check(grille_server_listen(server, address, &error), &error);
    party_check(grille_server_listen(server, "tcp:127.0.0.1:0", &error), &error);
    party_check(grille_server_start(server, &error), &error);
}

grille_channel *party_channel(const party *parties, const char *address) {
    grille_channel_options options = grille_channel_options_default();
    grille_channel *channel = NULL;
    grille_error error;
    options.policy = parties->client_policy;
    options.identity = parties->client_identity;
    party_check(grille_channel_open(address, &options, &channel, &error), &error);
    party_check(grille_channel_wait_ready(channel, READY_MS, &error), &error);
    return channel;
}
