/* SPDX-License-Identifier: Apache-2.0
 * Attested connections: each opened, proved both ways, closed. Prints one line of JSON: connections per second, and CPU
 * of both processes per connection.
 * usage: connections SERVER CLIENT COUNT THREADS SOCKET FOLDER
 * SERVER and CLIENT are x509 or nitro; FOLDER has SERVER-side and CLIENT-side policies and identities (connections.sh).
 */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "grille/grille.h"

enum { THREADS_MAX = 64 };

typedef struct caller {
    pthread_t thread;
    const char *address;
    const grille_channel_options *options;
    size_t count;
    size_t failed;
} caller;

static uint64_t now_ns(clockid_t clock) {
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t cpu_of(pid_t pid) {
    clockid_t clock = 0;
    return clock_getcpuclockid(pid, &clock) == 0 ? now_ns(clock) : 0;
}

static void must(grille_code code, const grille_error *error) {
    if (code == GRILLE_OK) return;
    (void)fprintf(stderr, "bench: %s: %s\n", error->name, error->text);
    exit(1);
}

static grille_identity *identity_of(const char *kind, const char *side, const char *folder) {
    grille_identity *identity = NULL;
    grille_error error;
    char file[2][512];
    if (strcmp(kind, "nitro") == 0) {
        (void)snprintf(file[0], sizeof file[0], "%s/sim", folder);
        must(grille_identity_open_nsm(file[0], &identity, &error), &error);
    } else {
        (void)snprintf(file[0], sizeof file[0], "%s/%s/identity.pem", folder, side);
        (void)snprintf(file[1], sizeof file[1], "%s/%s/identity.key", folder, side);
        must(grille_identity_load_x509(file[0], file[1], &identity, &error), &error);
    }
    return identity;
}

/* Whom a side trusts is the kind of the other one. */
static grille_policy *policy_of(const char *side, const char *peer_kind, const char *folder) {
    grille_policy *policy = NULL;
    grille_error error;
    char file[512];
    (void)snprintf(file, sizeof file, "%s/%s-trusts-%s.yaml", folder, side, peer_kind);
    must(grille_policy_load(file, &policy, &error), &error);
    return policy;
}

static void ignore_line(grille_log_level level, const char *module, const char *line, void *user) {
    (void)level;
    (void)module;
    (void)line;
    (void)user;
}

static int serve(const char *kind, const char *peer_kind, const char *address, const char *folder) {
    grille_server_options options = grille_server_options_default();
    grille_server *server = NULL;
    grille_error error;
    options.identity = identity_of(kind, "server", folder);
    options.policy = policy_of("server", peer_kind, folder);
    must(grille_server_new(&options, &server, &error), &error);
    must(grille_server_listen(server, address, &error), &error);
    must(grille_server_run(server, &error), &error);
    grille_server_free(server);
    return 0;
}

static void *connect_again_and_again(void *user) {
    caller *own = user;
    for (size_t i = 0; i < own->count; i++) {
        grille_channel *channel = NULL;
        grille_error error;
        if (grille_channel_open(own->address, own->options, &channel, &error) != GRILLE_OK ||
            grille_channel_wait_ready(channel, 20000, &error) != GRILLE_OK) {
            own->failed++;
        }
        grille_channel_close(channel);
    }
    return NULL;
}

static size_t run(caller *callers, size_t threads, size_t count, const char *address,
                  const grille_channel_options *options) {
    size_t failed = 0;
    for (size_t i = 0; i < threads; i++) {
        callers[i] = (caller){.address = address, .options = options, .count = count / threads};
        if (pthread_create(&callers[i].thread, NULL, connect_again_and_again, &callers[i]) != 0) exit(1);
    }
    for (size_t i = 0; i < threads; i++) {
        (void)pthread_join(callers[i].thread, NULL);
        failed += callers[i].failed;
    }
    return failed;
}

int main(int argc, char **argv) {
    static caller callers[THREADS_MAX];
    grille_channel_options options = grille_channel_options_default();
    const size_t count = argc == 7 ? strtoul(argv[3], NULL, 10) : 0;
    const size_t threads = argc == 7 ? strtoul(argv[4], NULL, 10) : 0;
    char address[512];
    if (count == 0 || threads == 0 || threads > THREADS_MAX) {
        (void)fprintf(stderr, "usage: connections SERVER CLIENT COUNT THREADS SOCKET FOLDER\n");
        return 2;
    }
    grille_log_set(ignore_line, NULL, GRILLE_LOG_ERROR);
    (void)snprintf(address, sizeof address, "unix:%s", argv[5]);
    (void)unlink(argv[5]);
    const pid_t server = fork();
    if (server == 0) return serve(argv[1], argv[2], address, argv[6]);
    if (server < 0) return 1;
    options.identity = identity_of(argv[2], "client", argv[6]);
    options.policy = policy_of("client", argv[1], argv[6]);
    /* The server is there, and the caches of both ends are warm. */
    size_t failed = run(callers, 1, 20, address, &options);
    const uint64_t cpu = cpu_of(server) + now_ns(CLOCK_PROCESS_CPUTIME_ID);
    const uint64_t begin = now_ns(CLOCK_MONOTONIC);
    failed += run(callers, threads, count, address, &options);
    const uint64_t took = now_ns(CLOCK_MONOTONIC) - begin;
    const uint64_t used = cpu_of(server) + now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    (void)kill(server, SIGTERM);
    (void)waitpid(server, NULL, 0);
    (void)printf("{\"server\": \"%s\", \"client\": \"%s\", \"per_s\": %.1f, \"cpu_us\": %.1f, \"failed\": %zu}\n", argv[1],
                 argv[2], (double)(count / threads * threads) * 1e9 / (double)took,
                 (double)used / 1e3 / (double)(count / threads * threads), failed);
    return failed == 0 ? 0 : 1;
}
