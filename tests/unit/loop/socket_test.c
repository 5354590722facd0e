/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static grille_address parse(const char *text) {
    grille_address address;
    assert_int_equal(grille_address_parse(text, &address, NULL), GRILLE_REASON_OK);
    return address;
}

static struct sockaddr_vm vm_of(const grille_socket_name *name) {
    struct sockaddr_vm vm;
    assert_int_equal(name->len, sizeof vm);
    memcpy(&vm, &name->storage, sizeof vm);
    assert_int_equal(vm.svm_family, AF_VSOCK);
    return vm;
}

/* The parent is CID 3 on Nitro, 2 elsewhere. */
static void test_parent_is_two_attempts(void **state) {
    grille_address address = parse("vsock:parent:5000");
    grille_socket_name name;
    (void)state;
    assert_true(grille_socket_name_to_dial(&address, 0, &name));
    assert_int_equal(vm_of(&name).svm_cid, 3);
    assert_int_equal(vm_of(&name).svm_port, 5000);
    assert_true(grille_socket_name_to_dial(&address, 1, &name));
    assert_int_equal(vm_of(&name).svm_cid, 2);
    assert_false(grille_socket_name_to_dial(&address, 2, &name));
    assert_false(grille_socket_name_to_bind(&address, &name));
}

static void test_vsock_names(void **state) {
    grille_address address = parse("vsock:16:5000");
    grille_socket_name name;
    (void)state;
    assert_true(grille_socket_name_to_dial(&address, 0, &name));
    assert_int_equal(vm_of(&name).svm_cid, 16);
    assert_false(grille_socket_name_to_dial(&address, 1, &name));
    address = parse("vsock:any:5000");
    assert_false(grille_socket_name_to_dial(&address, 0, &name));
    assert_true(grille_socket_name_to_bind(&address, &name));
    assert_int_equal(vm_of(&name).svm_cid, VMADDR_CID_ANY);
}

static void test_what_can_not_be_dialled_or_bound(void **state) {
    grille_socket_name name;
    grille_address address = parse("tcp:127.0.0.1:0");
    (void)state;
    assert_false(grille_socket_name_to_dial(&address, 0, &name));
    assert_true(grille_socket_name_to_bind(&address, &name));
    address = parse("fd:3");
    assert_false(grille_socket_name_to_dial(&address, 0, &name));
    assert_false(grille_socket_name_to_bind(&address, &name));
}

static void test_unix_names(void **state) {
    struct sockaddr_un un;
    grille_socket_name name;
    grille_address address = parse("unix-abstract:app");
    (void)state;
    assert_true(grille_socket_name_to_bind(&address, &name));
    memcpy(&un, &name.storage, sizeof un);
    assert_memory_equal(un.sun_path, "\0app", 4);
    assert_int_equal(name.len, offsetof(struct sockaddr_un, sun_path) + 4);
    address = parse("hybrid:/tmp/vm:52");
    assert_true(grille_socket_name_to_dial(&address, 0, &name));
    memcpy(&un, &name.storage, sizeof un);
    assert_string_equal(un.sun_path, "/tmp/vm");
    assert_true(grille_socket_name_to_bind(&address, &name));
    memcpy(&un, &name.storage, sizeof un);
    assert_string_equal(un.sun_path, "/tmp/vm_52");
}

static void assert_flags(int fd) {
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

static void test_tcp_sockets_have_no_delay(void **state) {
    grille_address address = parse("tcp:127.0.0.1:0");
    grille_socket_name name;
    int listener, dialled, accepted, on = 0;
    socklen_t len = sizeof on;
    (void)state;
    assert_true(grille_socket_name_to_bind(&address, &name));
    assert_int_equal(grille_socket_open(&name, &listener), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&name.storage, name.len), 0);
    assert_int_equal(listen(listener, 1), 0);
    address.port = grille_socket_bound_port(listener);
    assert_true(address.port != 0);
    assert_true(grille_socket_name_to_dial(&address, 0, &name));
    assert_int_equal(grille_socket_open(&name, &dialled), 0);
    int result = grille_socket_connect(dialled, &name);
    assert_true(result == 0 || result == -EINPROGRESS);
    while ((result = grille_socket_accept(listener, &accepted)) == -EAGAIN)
        usleep(1000);
    assert_int_equal(result, 0);
    assert_int_equal(grille_socket_pending_error(dialled), 0);
    assert_flags(dialled);
    assert_flags(accepted);
    assert_int_equal(getsockopt(dialled, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    assert_int_equal(on, 1);
    on = 0;
    assert_int_equal(getsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    assert_int_equal(on, 1);
    close(listener);
    close(dialled);
    close(accepted);
}

static void test_adopts_stream_sockets_only(void **state) {
    int ends[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(grille_socket_adopt(ends[0]), 0);
    assert_flags(ends[0]);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    assert_int_equal(grille_socket_adopt(ends[0]), -EPROTOTYPE);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(grille_socket_adopt(ends[0]), -ENOTSOCK);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(grille_socket_adopt(ends[0]), -EBADF);
}

/* The disposition of SIGPIPE is the default here: a signal would end the test. */
static void test_writing_to_nobody_raises_no_signal(void **state) {
    int ends[2];
    (void)state;
    signal(SIGPIPE, SIG_DFL);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    assert_int_equal(grille_socket_write(ends[0], "x", 1), 1);
    close(ends[1]);
    assert_int_equal(grille_socket_write(ends[0], "x", 1), -EPIPE);
    close(ends[0]);
}

static void test_reads_say_again_and_end(void **state) {
    int ends[2];
    char byte;
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    assert_int_equal(grille_socket_read(ends[0], &byte, 1), -EAGAIN);
    close(ends[1]);
    assert_int_equal(grille_socket_read(ends[0], &byte, 1), 0);
    close(ends[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parent_is_two_attempts),
        cmocka_unit_test(test_vsock_names),
        cmocka_unit_test(test_what_can_not_be_dialled_or_bound),
        cmocka_unit_test(test_unix_names),
        cmocka_unit_test(test_tcp_sockets_have_no_delay),
        cmocka_unit_test(test_adopts_stream_sockets_only),
        cmocka_unit_test(test_writing_to_nobody_raises_no_signal),
        cmocka_unit_test(test_reads_say_again_and_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
