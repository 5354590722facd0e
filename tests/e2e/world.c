/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "nsm/measure.h"

/* ---- Files ---- */

const char *world_path(const e2e_world *world, const char *name) {
    static char paths[8][128];
    static unsigned next;
    char *path = paths[next++ % 8];
    (void)snprintf(path, sizeof paths[0], "%s/%s", world->folder, name);
    return path;
}

const char *world_unix(const e2e_world *world, const char *name) {
    static char addresses[8][160];
    static unsigned next;
    char *address = addresses[next++ % 8];
    (void)snprintf(address, sizeof addresses[0], "unix:%s/%s", world->folder, name);
    return address;
}

static void run(const char *const *arguments) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)execv(arguments[0], (char *const *)(const void *)arguments);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status != 0) fail_msg("%s %s: status %d", arguments[0], arguments[1], status);
}

static void make_ca(const e2e_world *world, const char *grille, const char *name) {
    run((const char *const[]){grille, "identity", "new", "ca", world_path(world, name), NULL});
}

static grille_identity *make_x509(const e2e_world *world, const char *grille, const char *ca, const char *folder,
                                  const char *name) {
    char chain[256], key[256];
    grille_identity *identity = NULL;
    grille_error error;
    run((const char *const[]){grille, "identity", "new", "x509", world_path(world, folder), "--ca",
                              world_path(world, ca), "--name", name, NULL});
    (void)snprintf(chain, sizeof chain, "%s/identity.pem", world_path(world, folder));
    (void)snprintf(key, sizeof key, "%s/identity.key", world_path(world, folder));
    if (grille_identity_load_x509(chain, key, &identity, &error) != GRILLE_OK) fail_msg("%s", error.text);
    return identity;
}

static grille_policy *make_policy(const e2e_world *world, const char *file, const char *text) {
    grille_policy *policy = NULL;
    grille_error error;
    FILE *out = fopen(world_path(world, file), "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
    if (grille_policy_load(world_path(world, file), &policy, &error) != GRILLE_OK) fail_msg("%s", error.text);
    return policy;
}

static grille_policy *enclave_policy(const e2e_world *world, const char *file,
                                     const uint8_t pcr0[GRILLE_NSM_PCR_BYTES]) {
    char hex[2 * GRILLE_NSM_PCR_BYTES + 1], text[512];
    grille_hex_encode((grille_bytes){pcr0, GRILLE_NSM_PCR_BYTES}, hex);
    (void)snprintf(text, sizeof text,
                   "insecure_development_root: sim/insecure-root.pem\n"
                   "peers:\n"
                   "  - name: enclave\n"
                   "    kind: nitro\n"
                   "    pcr0: %s\n",
                   hex);
    return make_policy(world, file, text);
}

static grille_policy *x509_policy(const e2e_world *world, const char *file, const char *name, bool may_call) {
    char text[512];
    (void)snprintf(text, sizeof text,
                   "peers:\n"
                   "  - name: them\n"
                   "    kind: x509\n"
                   "    ca: ca/ca.pem\n"
                   "    names: [\"%s\"]\n"
                   "%s",
                   name, may_call ? "    may_call: [\"/test.E2e/Echo\", \"/test.E2e/Work\"]\n" : "");
    return make_policy(world, file, text);
}

void world_init(e2e_world *world, const char *grille, const char *server) {
    uint8_t pcr0[GRILLE_NSM_PCR_BYTES], pcr2[GRILLE_NSM_PCR_BYTES];
    grille_error error;
    memset(world, 0, sizeof *world);
    (void)strcpy(world->folder, "/tmp/e2e-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    (void)snprintf(world->server_program, sizeof world->server_program, "%s", server);
    make_ca(world, grille, "ca");
    make_ca(world, grille, "other-ca");
    run((const char *const[]){grille, "sim", "init", world_path(world, "sim"), NULL});
    world->parent = make_x509(world, grille, "ca", "parent", WORLD_PARENT);
    world->gateway = make_x509(world, grille, "ca", "gateway", WORLD_GATEWAY);
    world->stranger = make_x509(world, grille, "other-ca", "stranger", WORLD_PARENT);
    if (grille_measure_executable(server, pcr0, pcr2, &error) != GRILLE_REASON_OK) fail_msg("%s", error.text);
    world->trusts_enclave = enclave_policy(world, "trusts-enclave.yaml", pcr0);
    pcr0[0] ^= 1;
    world->trusts_others = enclave_policy(world, "trusts-others.yaml", pcr0);
    world->trusts_gateway = x509_policy(world, "trusts-gateway.yaml", WORLD_GATEWAY, false);
    world->trusts_parent = x509_policy(world, "trusts-parent.yaml", WORLD_PARENT, true);
}

void world_deinit(e2e_world *world) {
    grille_identity_free(world->parent);
    grille_identity_free(world->gateway);
    grille_identity_free(world->stranger);
    grille_policy_free(world->trusts_enclave);
    grille_policy_free(world->trusts_others);
    grille_policy_free(world->trusts_gateway);
    grille_policy_free(world->trusts_parent);
    run((const char *const[]){"/bin/rm", "-rf", world->folder, NULL});
}

/* ---- The server's process ---- */

static void exec_server(const e2e_world *world, const server_process *process, const char *address, int output) {
    char numbers[6][16];
    const unsigned values[6] = {process->loops,           process->workers,       process->drain_timeout_ms,
                                process->max_connections, process->max_half_open, process->spin_us};
    for (size_t i = 0; i < 6; i++)
        (void)snprintf(numbers[i], sizeof numbers[i], "%u", values[i]);
    if (process->no_spin) (void)strcpy(numbers[5], "off");
    const struct rlimit files = {process->max_files, process->max_files};
    if (process->max_files != 0) (void)setrlimit(RLIMIT_NOFILE, &files);
    (void)dup2(output, STDOUT_FILENO);
    if (process->pass_fd != 0) (void)fcntl(process->pass_fd, F_SETFD, 0);
    execl(world->server_program, world->server_program, world->folder, process->kind, address, numbers[0], numbers[1],
          numbers[2], numbers[3], numbers[4], numbers[5], (char *)NULL);
    _exit(127);
}

/* A line without its newline; empty at the end of the output. */
static void read_line(int fd, char *line, size_t size) {
    size_t len = 0;
    char byte;
    ssize_t moved;
    while (len + 1 < size) {
        moved = read(fd, &byte, 1);
        if (moved < 0 && errno == EINTR) continue;
        if (moved <= 0 || byte == '\n') break;
        line[len++] = byte;
    }
    line[len] = '\0';
}

void server_start(const e2e_world *world, server_process *process, const char *address) {
    int ends[2];
    char line[sizeof process->address];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    process->pid = fork();
    assert_true(process->pid >= 0);
    if (process->pid == 0) exec_server(world, process, address, ends[1]);
    (void)close(ends[1]);
    process->output = ends[0];
    read_line(process->output, line, sizeof line);
    if (strncmp(line, "ready ", 6) != 0) fail_msg("the server said \"%s\"", line);
    (void)snprintf(process->address, sizeof process->address, "%s", line + 6);
}

static int reap(server_process *process) {
    int status = 0;
    assert_int_equal(waitpid(process->pid, &status, 0), process->pid);
    (void)close(process->output);
    process->pid = 0;
    return status;
}

void server_end(server_process *process, int signal_number, char *last_line, size_t size) {
    assert_int_equal(kill(process->pid, signal_number), 0);
    read_line(process->output, last_line, size);
    int status = reap(process);
    if (status != 0) fail_msg("the server ended with status %d after \"%s\"", status, last_line);
}

void server_kill(server_process *process) {
    (void)kill(process->pid, SIGKILL);
    (void)reap(process);
}

grille_channel *world_channel(const e2e_world *world, const char *kind, const char *address) {
    grille_channel_options options = grille_channel_options_default();
    grille_channel *channel = NULL;
    grille_error error;
    options.policy = strcmp(kind, "nitro") == 0 ? world->trusts_enclave : world->trusts_gateway;
    options.identity = world->parent;
    if (grille_channel_open(address, &options, &channel, &error) != GRILLE_OK) fail_msg("%s", error.text);
    return channel;
}
