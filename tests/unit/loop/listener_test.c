/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "failing_watch.h"
#include "grille/log.h"
#include "loop/socket.h"
#include "tests/unit/loop/support.h"

static grille_address parse(const char *text) {
    grille_address address;
    assert_int_equal(grille_address_parse(text, &address, NULL), GRILLE_REASON_OK);
    return address;
}

static grille_listener *bind_at(const char *text) {
    grille_address address = parse(text);
    grille_listener *listener = NULL;
    grille_error error;
    if (grille_listener_bind(&address, &listener, &error) != GRILLE_REASON_OK) fail_msg("%s", error.text);
    return listener;
}

static grille_error bind_fails(const char *text) {
    grille_address address = parse(text);
    grille_listener *listener = NULL;
    grille_error error;
    assert_int_not_equal(grille_listener_bind(&address, &listener, &error), GRILLE_REASON_OK);
    assert_null(listener);
    return error;
}

static int connect_to(const char *text) {
    grille_address address = parse(text);
    grille_socket_name name;
    int fd;
    assert_true(grille_socket_name_to_dial(&address, 0, &name));
    assert_int_equal(grille_socket_open(&name, &fd), 0);
    int result = grille_socket_connect(fd, &name);
    if (result == 0 || result == -EINPROGRESS) return fd;
    close(fd);
    return result;
}

typedef struct accepted {
    bool done;
    unsigned count;
    int fds[64];
} accepted;

static void on_accepted(void *user, grille_conduit conduit) {
    accepted *result = user;
    result->fds[result->count++] = conduit.fd;
    result->done = true;
}

static void close_accepted(accepted *result) {
    for (unsigned i = 0; i < result->count; i++)
        close(result->fds[i]);
    *result = (accepted){.done = false};
}

static void serves(const char *text) {
    grille_loop loop;
    accepted result = {.done = false};
    open_loop(&loop, 0);
    grille_listener *listener = bind_at(text);
    assert_int_equal(grille_listener_start(listener, &loop, on_accepted, &result, NULL), GRILLE_REASON_OK);
    int fd = connect_to(grille_listener_address(listener));
    assert_true(fd >= 0);
    turn_until(&loop, &result.done);
    assert_int_equal(result.count, 1);
    close_accepted(&result);
    close(fd);
    grille_listener_close(listener);
    grille_loop_deinit(&loop);
}

static void test_accepts(void **state) {
    char folder[32], text[64];
    (void)state;
    make_folder(folder);
    (void)snprintf(text, sizeof text, "unix:%s/s", folder);
    serves(text);
    make_abstract(text);
    serves(text);
    serves("tcp:127.0.0.1:0");
    assert_int_equal(rmdir(folder), 0); /* the socket's file is gone */
}

static void test_tcp_port_is_told(void **state) {
    (void)state;
    grille_listener *listener = bind_at("tcp:127.0.0.1:0");
    assert_int_equal(strncmp(grille_listener_address(listener), "tcp:127.0.0.1:", 14), 0);
    assert_string_not_equal(grille_listener_address(listener), "tcp:127.0.0.1:0");
    grille_listener_close(listener);
}

/* Binding is allowed everywhere; nothing here ever connects to a CID. */
static void test_binds_vsock(void **state) {
    (void)state;
    char text[64];
    grille_listener *listener = NULL;
    grille_error error;
    /* A port that no other run of this test is likely to have. */
    make_abstract(text);
    (void)snprintf(text, sizeof text, "vsock:any:%lu", 50000 + strtoul(strrchr(text, '-') + 1, NULL, 16) % 1000000);
    grille_address address = parse(text);
    grille_reason reason = grille_listener_bind(&address, &listener, &error);
    if (reason == GRILLE_REASON_OK) {
        assert_string_equal(grille_listener_address(listener), text);
        assert_string_equal(bind_fails(text).name, "LOOP-LISTEN");
        grille_listener_close(listener);
    } else {
        /* A kernel without vsock: the error names the cure. */
        assert_non_null(strstr(error.text, "vsock"));
        assert_string_equal(error.name, "LOOP-LISTEN");
    }
}

static void test_hybrid_binds_path_and_port(void **state) {
    char folder[32], text[64], path[64];
    struct stat file;
    (void)state;
    make_folder(folder);
    (void)snprintf(text, sizeof text, "hybrid:%s/vm:5005", folder);
    (void)snprintf(path, sizeof path, "%s/vm_5005", folder);
    grille_listener *listener = bind_at(text);
    assert_int_equal(lstat(path, &file), 0);
    assert_true(S_ISSOCK(file.st_mode));
    grille_listener_close(listener);
    assert_int_equal(lstat(path, &file), -1);
    assert_int_equal(rmdir(folder), 0);
}

static void test_stale_socket_is_replaced(void **state) {
    char folder[32], text[64], path[64];
    grille_socket_name name;
    int fd;
    (void)state;
    make_folder(folder);
    (void)snprintf(text, sizeof text, "unix:%s/s", folder);
    (void)snprintf(path, sizeof path, "%s/s", folder);
    grille_address address = parse(text);
    assert_true(grille_socket_name_to_bind(&address, &name));
    assert_int_equal(grille_socket_open(&name, &fd), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name.storage, name.len), 0);
    close(fd); /* its server is gone, its file stays */
    serves(text);
    assert_int_equal(rmdir(folder), 0);
}

static void test_living_socket_is_not_replaced(void **state) {
    char folder[32], text[64];
    (void)state;
    make_folder(folder);
    (void)snprintf(text, sizeof text, "unix:%s/s", folder);
    grille_listener *first = bind_at(text);
    grille_error error = bind_fails(text);
    assert_string_equal(error.name, "LOOP-LISTEN");
    assert_int_equal(error.code, GRILLE_SYSTEM);
    assert_non_null(strstr(error.text, "another process listens there"));
    int fd = connect_to(text);
    assert_true(fd >= 0);
    close(fd);
    grille_listener_close(first);
    assert_int_equal(rmdir(folder), 0);
}

static void test_other_files_are_not_replaced(void **state) {
    char folder[32], text[64], path[64];
    struct stat file;
    (void)state;
    make_folder(folder);
    (void)snprintf(text, sizeof text, "unix:%s/s", folder);
    (void)snprintf(path, sizeof path, "%s/s", folder);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_string_equal(bind_fails(text).name, "LOOP-LISTEN");
    assert_int_equal(lstat(path, &file), 0);
    assert_true(S_ISREG(file.st_mode));
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

/* A file that somebody else has put in the place of ours stays. */
static void test_close_removes_only_its_own_file(void **state) {
    char folder[32], text[64], path[64];
    (void)state;
    make_folder(folder);
    (void)snprintf(text, sizeof text, "unix:%s/s", folder);
    (void)snprintf(path, sizeof path, "%s/s", folder);
    grille_listener *listener = bind_at(text);
    unlink(path);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    grille_listener_close(listener);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void test_bad_places(void **state) {
    (void)state;
    assert_non_null(strstr(bind_fails("unix:/nonexistent/folder/s").text, "the folder does not exist"));
    assert_string_equal(bind_fails("vsock:parent:5000").name, "LOOP-ADDRESS-UNSUPPORTED");
    assert_non_null(strstr(bind_fails("tcp:192.0.2.1:0").text, "no such address"));
    assert_string_equal(bind_fails("fd:999").name, "LOOP-SOCKET");
}

static void test_descriptor_is_handed_out_once(void **state) {
    int ends[2];
    char text[16];
    grille_loop loop;
    accepted result = {.done = false};
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    (void)snprintf(text, sizeof text, "fd:%d", ends[0]);
    open_loop(&loop, 0);
    grille_listener *listener = bind_at(text);
    assert_int_equal(grille_listener_start(listener, &loop, on_accepted, &result, NULL), GRILLE_REASON_OK);
    assert_int_equal(result.count, 1);
    assert_int_equal(result.fds[0], ends[0]);
    grille_listener_close(listener);
    close_accepted(&result);
    close(ends[1]);
    grille_loop_deinit(&loop);
}

static unsigned warnings;

static void count_warnings(grille_log_level level, const char *module, const char *line, void *user) {
    (void)module;
    (void)user;
    if (level == GRILLE_LOG_WARNING && strstr(line, "accepting failed") != NULL) warnings++;
}

/* Without a free descriptor the waiting connection is turned away at once, the loop does not spin, and when there are
 * descriptors again, the next one is served. */
static void test_out_of_descriptors(void **state) {
    char text[64], byte;
    grille_loop loop;
    accepted result = {.done = false};
    struct rlimit before, tight;
    int held[512], held_count = 0;
    (void)state;
    grille_log_set(count_warnings, NULL, GRILLE_LOG_WARNING);
    make_abstract(text);
    open_loop(&loop, 0);
    grille_listener *listener = bind_at(text);
    assert_int_equal(grille_listener_start(listener, &loop, on_accepted, &result, NULL), GRILLE_REASON_OK);
    int turned_away = connect_to(text);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    tight = before;
    tight.rlim_cur = 128;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    while (held_count < 512 && (held[held_count] = open("/dev/null", O_RDONLY)) >= 0)
        held_count++;
    assert_int_equal(errno, EMFILE);
    for (int i = 0; i < 50; i++)
        grille_loop_turn(&loop, false);
    assert_int_equal(warnings, 1);
    assert_false(result.done);
    assert_int_equal(grille_socket_read(turned_away, &byte, 1), 0);
    while (held_count > 0)
        close(held[--held_count]);
    int fd = connect_to(text);
    assert_true(fd >= 0);
    /* The first pause ends in vain: it is begun again. */
    watches_refused = 1;
    turn_until(&loop, &result.done);
    assert_int_equal(watches_refused, 0);
    assert_int_equal(result.count, 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    grille_log_set(NULL, NULL, GRILLE_LOG_WARNING);
    close_accepted(&result);
    close(fd);
    close(turned_away);
    grille_listener_close(listener);
    grille_loop_deinit(&loop);
}

static void test_a_listener_that_can_not_be_watched(void **state) {
    char text[64];
    grille_loop loop;
    grille_error error;
    accepted result = {.done = false};
    (void)state;
    make_abstract(text);
    open_loop(&loop, 0);
    grille_listener *listener = bind_at(text);
    watches_refused = 1;
    assert_int_equal(grille_listener_start(listener, &loop, on_accepted, &result, &error), GRILLE_REASON_LOOP_SOCKET);
    assert_non_null(strstr(error.text, "can't be watched: file already exists"));
    grille_listener_close(listener);
    grille_loop_deinit(&loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_tcp_port_is_told),
        cmocka_unit_test(test_binds_vsock),
        cmocka_unit_test(test_hybrid_binds_path_and_port),
        cmocka_unit_test(test_stale_socket_is_replaced),
        cmocka_unit_test(test_living_socket_is_not_replaced),
        cmocka_unit_test(test_other_files_are_not_replaced),
        cmocka_unit_test(test_close_removes_only_its_own_file),
        cmocka_unit_test(test_bad_places),
        cmocka_unit_test(test_descriptor_is_handed_out_once),
        cmocka_unit_test(test_out_of_descriptors),
        cmocka_unit_test(test_a_listener_that_can_not_be_watched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
