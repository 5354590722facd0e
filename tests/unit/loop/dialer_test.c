/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/dialer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "failing_watch.h"
#include "loop/socket.h"
#include "tests/unit/loop/support.h"

typedef struct dialled {
    bool done;
    unsigned times;
    int fd;
    bool piped; /* it was a pipe, closed by now */
    grille_error error;
} dialled;

static void on_dialed(void *user, grille_conduit conduit, const grille_error *error) {
    dialled *result = user;
    result->done = true;
    result->times++;
    result->fd = conduit.fd;
    if (conduit.end != NULL) grille_conduit_close(conduit);
    result->piped = conduit.end != NULL;
    result->error = *error;
}

static grille_address parse(const char *text) {
    grille_address address;
    assert_int_equal(grille_address_parse(text, &address, NULL), GRILLE_REASON_OK);
    return address;
}

static grille_dialer *start(grille_loop *loop, const char *text, uint32_t timeout_ms, dialled *result) {
    grille_address address = parse(text);
    grille_dialer *dialer = NULL;
    assert_int_equal(grille_dialer_start(loop, &address, timeout_ms, on_dialed, result, &dialer), GRILLE_REASON_OK);
    assert_false(result->done); /* never inside the start */
    return dialer;
}

static dialled dial(const char *text, uint32_t timeout_ms) {
    grille_loop loop;
    dialled result = {.fd = -1};
    open_loop(&loop, 0);
    (void)start(&loop, text, timeout_ms, &result);
    turn_until(&loop, &result.done);
    grille_loop_turn(&loop, false);
    assert_int_equal(result.times, 1);
    grille_loop_deinit(&loop);
    return result;
}

static int listen_at(const char *text, int backlog) {
    grille_address address = parse(text);
    grille_socket_name name;
    int fd;
    assert_true(grille_socket_name_to_bind(&address, &name));
    if (address.kind == GRILLE_ADDRESS_HYBRID) assert_true(grille_socket_name_to_dial(&address, 0, &name));
    assert_int_equal(grille_socket_open(&name, &fd), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name.storage, name.len), 0);
    assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

static void test_connects(void **state) {
    char text[64];
    (void)state;
    make_abstract(text);
    int listener = listen_at(text, 1);
    dialled result = dial(text, 20000);
    assert_true(result.fd >= 0);
    close(result.fd);
    close(listener);
}

static void test_nobody_listens(void **state) {
    char text[64];
    (void)state;
    dialled result = dial("unix:/nonexistent/grille.sock", 1000);
    assert_int_equal(result.fd, -1);
    assert_string_equal(result.error.name, "LOOP-DIAL");
    assert_int_equal(result.error.code, GRILLE_UNAVAILABLE);
    assert_non_null(strstr(result.error.text, "unix:/nonexistent/grille.sock"));
    assert_non_null(strstr(result.error.text, "No such file"));
    make_abstract(text);
    result = dial(text, 20000);
    assert_non_null(strstr(result.error.text, "nobody listens"));
}

/* A refused TCP connect is reported by SO_ERROR: libuv itself says EBADF. */
static void test_tcp_refusal_keeps_its_reason(void **state) {
    grille_address address = parse("tcp:127.0.0.1:0");
    grille_socket_name name;
    char text[GRILLE_ADDRESS_TEXT_BYTES];
    int fd;
    (void)state;
    assert_true(grille_socket_name_to_bind(&address, &name));
    assert_int_equal(grille_socket_open(&name, &fd), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name.storage, name.len), 0);
    address.port = grille_socket_bound_port(fd);
    grille_address_format(&address, text);
    dialled result = dial(text, 20000);
    assert_string_equal(result.error.name, "LOOP-DIAL");
    assert_non_null(strstr(result.error.text, "Connection refused"));
    close(fd);
}

/* A full backlog answers EAGAIN at once; the dialer asks again until its time is over. */
static void test_full_backlog_times_out(void **state) {
    char text[64];
    int filler[8], filled = 0;
    grille_socket_name name;
    (void)state;
    make_abstract(text);
    int listener = listen_at(text, 0);
    grille_address address = parse(text);
    assert_true(grille_socket_name_to_dial(&address, 0, &name));
    for (; filled < 8; filled++) {
        assert_int_equal(grille_socket_open(&name, &filler[filled]), 0);
        if (grille_socket_connect(filler[filled], &name) == -EAGAIN) break;
    }
    assert_true(filled < 8);
    close(filler[filled]);
    dialled result = dial(text, 60);
    assert_int_equal(result.fd, -1);
    assert_string_equal(result.error.name, "LOOP-DIAL-TIMEOUT");
    assert_non_null(strstr(result.error.text, "60 ms"));
    while (filled-- > 0)
        close(filler[filled]);
    close(listener);
}

static void test_full_backlog_is_tried_again(void **state) {
    char text[64];
    int filler[8], filled = 0, accepted;
    grille_socket_name name;
    grille_loop loop;
    dialled result = {.fd = -1};
    (void)state;
    make_abstract(text);
    int listener = listen_at(text, 0);
    grille_address address = parse(text);
    assert_true(grille_socket_name_to_dial(&address, 0, &name));
    for (; filled < 8; filled++) {
        assert_int_equal(grille_socket_open(&name, &filler[filled]), 0);
        if (grille_socket_connect(filler[filled], &name) == -EAGAIN) break;
    }
    close(filler[filled]);
    open_loop(&loop, 0);
    (void)start(&loop, text, 20000, &result);
    for (int i = 0; i < filled; i++) {
        assert_int_equal(grille_socket_accept(listener, &accepted), 0);
        close(accepted);
    }
    turn_until(&loop, &result.done);
    assert_true(result.fd >= 0);
    close(result.fd);
    while (filled-- > 0)
        close(filler[filled]);
    close(listener);
    grille_loop_deinit(&loop);
}

/* Plays a VMM's socket: takes the CONNECT line, answers, passes what comes behind. */
static void play_hybrid(const char *answer, const char *expected_error, const char *guest_says) {
    char folder[32], text[64], line[64] = {0};
    grille_loop loop;
    dialled result = {.fd = -1};
    int vmm = -1;
    make_folder(folder);
    (void)snprintf(text, sizeof text, "hybrid:%s/vm:5005", folder);
    int listener = listen_at(text, 1);
    open_loop(&loop, 0);
    (void)start(&loop, text, 20000, &result);
    while (grille_socket_accept(listener, &vmm) == -EAGAIN)
        grille_loop_turn(&loop, false);
    for (size_t len = 0; strchr(line, '\n') == NULL;) {
        long moved = grille_socket_read(vmm, line + len, sizeof line - 1 - len);
        if (moved > 0) len += (size_t)moved;
        grille_loop_turn(&loop, false);
    }
    assert_string_equal(line, "CONNECT 5005\n");
    for (size_t i = 0; answer[i] != '\0'; i++) {
        /* The dialer may have given up on the line by now. */
        if (grille_socket_write(vmm, answer + i, 1) != 1) break;
        grille_loop_turn(&loop, false);
    }
    if (guest_says == NULL) {
        close(vmm);
        vmm = -1;
    }
    turn_until(&loop, &result.done);
    if (expected_error == NULL) {
        char said[16] = {0};
        assert_true(result.fd >= 0);
        assert_int_equal(grille_socket_write(vmm, guest_says, strlen(guest_says)), strlen(guest_says));
        assert_int_equal(grille_socket_read(result.fd, said, sizeof said), strlen(guest_says));
        assert_string_equal(said, guest_says);
        close(result.fd);
    } else {
        assert_int_equal(result.fd, -1);
        assert_string_equal(result.error.name, "LOOP-HYBRID-REFUSED");
        assert_non_null(strstr(result.error.text, expected_error));
    }
    if (vmm >= 0) close(vmm);
    close(listener);
    (void)snprintf(text, sizeof text, "%s/vm", folder);
    (void)unlink(text);
    (void)rmdir(folder);
    grille_loop_deinit(&loop);
}

static void test_hybrid_handshake(void **state) {
    (void)state;
    play_hybrid("OK 1073741824\n", NULL, "hello");
    play_hybrid("ERROR\n", "its answer is not a line", "");
    play_hybrid("OK 11111111111111111111111111111111111111111\n", "its answer is not a line", "");
    play_hybrid("", "closed without an answer", NULL);
    play_hybrid("OK 10", "closed without an answer", NULL);
}

static void test_a_socket_that_can_not_be_watched(void **state) {
    char folder[32], text[64];
    (void)state;
    make_folder(folder);
    (void)snprintf(text, sizeof text, "hybrid:%s/vm:5005", folder);
    int listener = listen_at(text, 1);
    watches_refused = 1;
    dialled result = dial(text, 20000);
    assert_int_equal(watches_refused, 0);
    assert_int_equal(result.fd, -1);
    assert_string_equal(result.error.name, "LOOP-DIAL");
    assert_non_null(strstr(result.error.text, "File exists"));
    close(listener);
    (void)snprintf(text, sizeof text, "%s/vm", folder);
    assert_int_equal(unlink(text), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void test_silent_hybrid_socket_times_out(void **state) {
    char folder[32], text[64];
    (void)state;
    make_folder(folder);
    (void)snprintf(text, sizeof text, "hybrid:%s/vm:5005", folder);
    int listener = listen_at(text, 1);
    dialled result = dial(text, 40);
    assert_string_equal(result.error.name, "LOOP-DIAL-TIMEOUT");
    close(listener);
    (void)snprintf(text, sizeof text, "%s/vm", folder);
    (void)unlink(text);
    (void)rmdir(folder);
}

static void test_takes_a_descriptor_over(void **state) {
    int ends[2];
    char text[16];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    (void)snprintf(text, sizeof text, "fd:%d", ends[0]);
    dialled result = dial(text, 20000);
    assert_int_equal(result.fd, ends[0]);
    assert_true((fcntl(ends[0], F_GETFL) & O_NONBLOCK) != 0);
    close(ends[0]);
    close(ends[1]);
    result = dial("fd:1000000", 1000);
    assert_string_equal(result.error.name, "LOOP-SOCKET");
    assert_non_null(strstr(result.error.text, "Bad file descriptor"));
}

static void test_listening_addresses_are_refused(void **state) {
    (void)state;
    assert_string_equal(dial("vsock:any:5000", 1000).error.name, "LOOP-ADDRESS-UNSUPPORTED");
    assert_string_equal(dial("tcp:127.0.0.1:0", 1000).error.name, "LOOP-ADDRESS-UNSUPPORTED");
}

/* ---- Enclaves by name ---- */

/* A user's runtime folder, and a nitro-cli on PATH that only waits. */
typedef struct named_world {
    char root[32], grille[48], enclaves[64], app[72], address[80], program[48];
} named_world;

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void make_named_world(named_world *w) {
    make_folder(w->root);
    (void)snprintf(w->grille, sizeof w->grille, "%s/grille", w->root);
    (void)snprintf(w->enclaves, sizeof w->enclaves, "%s/enclaves", w->grille);
    (void)snprintf(w->app, sizeof w->app, "%s/app", w->enclaves);
    (void)snprintf(w->address, sizeof w->address, "%s/address", w->app);
    (void)snprintf(w->program, sizeof w->program, "%s/nitro-cli", w->root);
    assert_int_equal(mkdir(w->grille, 0700), 0);
    assert_int_equal(mkdir(w->enclaves, 0700), 0);
    assert_int_equal(mkdir(w->app, 0700), 0);
    assert_int_equal(setenv("XDG_RUNTIME_DIR", w->root, 1), 0);
    assert_int_equal(setenv("PATH", w->root, 1), 0);
}

static void end_named_world(const named_world *w) {
    (void)unlink(w->address);
    (void)unlink(w->program);
    assert_int_equal(rmdir(w->app), 0);
    assert_int_equal(rmdir(w->enclaves), 0);
    assert_int_equal(rmdir(w->grille), 0);
    assert_int_equal(rmdir(w->root), 0);
    (void)unsetenv("XDG_RUNTIME_DIR");
}

static void test_enclaves_by_name(void **state) {
    named_world w;
    (void)state;
    make_named_world(&w);
    write_file(w.address, "hybrid:/nonexistent/v\n");
    dialled result = dial("nitro:app:5000", 20000);
    assert_string_equal(result.error.name, "LOOP-DIAL");
    assert_non_null(
        strstr(result.error.text, "connecting to nitro:app:5000 (hybrid:/nonexistent/v:5000) failed: No such file"));
    write_file(w.address, "fd:0\n");
    result = dial("nitro:app:5000", 20000);
    assert_string_equal(result.error.name, "LOOP-RUN-FOLDER");
    result = dial("nitro:other:5000", 20000);
    assert_string_equal(result.error.name, "LOOP-ENCLAVE-UNKNOWN");
    assert_non_null(strstr(result.error.text, "no enclave \"other\" runs here (looked in "));
    assert_non_null(strstr(result.error.text, "there is no nitro-cli on PATH. Next: grille enclave list"));
    end_named_world(&w);
}

static void test_a_silent_nitro_cli_times_out(void **state) {
    named_world w;
    grille_loop loop;
    dialled result = {.fd = -1};
    (void)state;
    make_named_world(&w);
    write_file(w.program, "#!/bin/sh\nexec /bin/sleep 1000\n");
    assert_int_equal(chmod(w.program, 0700), 0);
    result = dial("nitro:app:5000", 50);
    assert_string_equal(result.error.name, "LOOP-DIAL-TIMEOUT");
    assert_non_null(strstr(result.error.text, "nitro:app:5000"));
    result = (dialled){.fd = -1};
    open_loop(&loop, 0);
    grille_dialer_cancel(start(&loop, "nitro:app:5000", 20000, &result));
    grille_loop_turn(&loop, false);
    assert_false(result.done);
    grille_loop_deinit(&loop);
    end_named_world(&w);
}

static void test_cancelled_dialer_is_silent(void **state) {
    grille_loop loop;
    dialled result = {.fd = -1};
    char text[64];
    (void)state;
    make_abstract(text);
    int listener = listen_at(text, 1);
    open_loop(&loop, 0);
    grille_dialer_cancel(start(&loop, text, 1000, &result));
    grille_dialer *dialer = start(&loop, "unix:/nonexistent", 1000, &result);
    grille_dialer_cancel(dialer);
    for (int i = 0; i < 10; i++)
        grille_loop_turn(&loop, false);
    assert_false(result.done);
    grille_loop_deinit(&loop);
    close(listener);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connects),
        cmocka_unit_test(test_nobody_listens),
        cmocka_unit_test(test_tcp_refusal_keeps_its_reason),
        cmocka_unit_test(test_full_backlog_times_out),
        cmocka_unit_test(test_full_backlog_is_tried_again),
        cmocka_unit_test(test_hybrid_handshake),
        cmocka_unit_test(test_a_socket_that_can_not_be_watched),
        cmocka_unit_test(test_silent_hybrid_socket_times_out),
        cmocka_unit_test(test_takes_a_descriptor_over),
        cmocka_unit_test(test_listening_addresses_are_refused),
        cmocka_unit_test(test_enclaves_by_name),
        cmocka_unit_test(test_a_silent_nitro_cli_times_out),
        cmocka_unit_test(test_cancelled_dialer_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
