/* SPDX-License-Identifier: Apache-2.0
 * Goal: a channel to nitro:NAME:PORT finds its enclave each time it connects, whoever knows where it is: the folder of
 * running enclaves, or nitro-cli. No vsock is touched: here a CID is a Unix socket. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "cmocka_all.h"
#include "in_process.h"

static const char *grille_program, *server_program;
static e2e_world w;

/* ---- In the place of libc's ---- */

int __real_socket(int domain, int type, int protocol);
int __real_connect(int fd, const struct sockaddr *name, socklen_t len);
int __wrap_socket(int domain, int type, int protocol);
int __wrap_connect(int fd, const struct sockaddr *name, socklen_t len);

int __wrap_socket(int domain, int type, int protocol) {
    return __real_socket(domain == AF_VSOCK ? AF_UNIX : domain, type, protocol);
}

int __wrap_connect(int fd, const struct sockaddr *name, socklen_t len) {
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    struct sockaddr_vm vm;
    if (name->sa_family != AF_VSOCK) return __real_connect(fd, name, len);
    memcpy(&vm, name, sizeof vm);
    (void)snprintf(path.sun_path, sizeof path.sun_path, "%s/cid-%u-%u", w.folder, vm.svm_cid, vm.svm_port);
    return __real_connect(fd, (const struct sockaddr *)&path, sizeof path);
}

/* ---- The machine ---- */

static void make_folder_in(const char *name) {
    assert_int_equal(mkdir(world_path(&w, name), 0700), 0);
}

/* As a whole or not at all, as programs write it. */
static void write_file(const char *name, const char *text) {
    FILE *file = fopen(world_path(&w, "draft"), "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(world_path(&w, "draft"), 0700), 0);
    assert_int_equal(rename(world_path(&w, "draft"), world_path(&w, name)), 0);
}

static int set_up(void **state) {
    char path[512];
    (void)state;
    world_init(&w, grille_program, server_program);
    make_folder_in("grille");
    make_folder_in("grille/enclaves");
    make_folder_in("grille/enclaves/app");
    make_folder_in("bin");
    (void)snprintf(path, sizeof path, "%s:/usr/bin:/bin", world_path(&w, "bin"));
    assert_int_equal(setenv("PATH", path, 1), 0);
    assert_int_equal(setenv("XDG_RUNTIME_DIR", w.folder, 1), 0);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    world_deinit(&w);
    return 0;
}

static void start_at(server_process *server, unsigned cid) {
    char name[32];
    (void)snprintf(name, sizeof name, "cid-%u-5000", cid);
    *server = (server_process){.kind = "nitro"};
    server_start(&w, server, world_unix(&w, name));
}

static void call(grille_channel *channel) {
    char answer[512];
    const grille_code code =
        e2e_call(channel, E2E_ECHO, "there", &GRILLE_CALL_OPTIONS(.timeout_ms = 20000, .wait_for_ready = true), answer,
                 sizeof answer);
    if (code != GRILLE_OK) fail_msg("%s", answer);
    assert_string_equal(answer, "there");
}

static void lose(server_process *server, grille_channel *channel) {
    server_kill(server);
    while (grille_channel_get_state(channel) == GRILLE_CHANNEL_READY)
        usleep(1000);
}

/* ---- Who knows where it is ---- */

static void say_in_folder(unsigned cid) {
    char line[32];
    (void)snprintf(line, sizeof line, "vsock:%u\n", cid);
    write_file("grille/enclaves/app/address", line);
}

static void say_by_nitro_cli(unsigned cid) {
    char script[512];
    (void)snprintf(script, sizeof script,
                   "#!/bin/sh\necho \"$@\" >>%s\n"
                   "echo '[{\"EnclaveName\": \"app\", \"EnclaveCID\": %u, \"State\": \"RUNNING\"}]'\n",
                   world_path(&w, "asked"), cid);
    write_file("bin/nitro-cli", script);
}

static unsigned times_asked(void) {
    char line[64];
    unsigned times = 0;
    FILE *file = fopen(world_path(&w, "asked"), "re");
    assert_non_null(file);
    for (; fgets(line, sizeof line, file) != NULL; times++)
        assert_string_equal(line, "describe-enclaves\n");
    assert_int_equal(fclose(file), 0);
    return times;
}

/* The same channel through three lives of the enclave, each at another CID. */
static void follow(void (*say)(unsigned cid)) {
    server_process server;
    start_at(&server, 16);
    say(16);
    grille_channel *channel = world_channel(&w, "nitro", "nitro:app:5000");
    call(channel);
    for (unsigned cid = 17; cid < 19; cid++) {
        lose(&server, channel);
        say(cid);
        start_at(&server, cid);
        call(channel);
    }
    grille_channel_close(channel);
    server_kill(&server);
}

static void test_the_folder_is_read_again(void **state) {
    (void)state;
    follow(say_in_folder);
    assert_int_equal(unlink(world_path(&w, "grille/enclaves/app/address")), 0);
}

static void test_nitro_cli_is_asked_again(void **state) {
    (void)state;
    follow(say_by_nitro_cli);
    assert_true(times_asked() >= 3);
    assert_int_equal(unlink(world_path(&w, "bin/nitro-cli")), 0);
}

static void test_nobody_knows_it(void **state) {
    server_process server;
    char answer[512];
    (void)state;
    grille_channel *channel = world_channel(&w, "nitro", "nitro:app:5000");
    assert_int_equal(e2e_call(channel, E2E_ECHO, "x", NULL, answer, sizeof answer), GRILLE_UNAVAILABLE);
    assert_non_null(strstr(answer, "no enclave \"app\" runs here"));
    /* It comes up later. */
    start_at(&server, 16);
    say_in_folder(16);
    call(channel);
    grille_channel_close(channel);
    server_kill(&server);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_folder_is_read_again),
        cmocka_unit_test(test_nitro_cli_is_asked_again),
        cmocka_unit_test(test_nobody_knows_it),
    };
    if (argc != 3) return 2;
    grille_program = argv[1];
    server_program = argv[2];
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
