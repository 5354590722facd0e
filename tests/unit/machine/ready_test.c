/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/ready.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "machine_tests.h"
#include "support.h"

static int dial(const char *folder) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int near = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/" MACHINE_READY_SOCKET, folder);
    assert_int_equal(0, connect(near, (struct sockaddr *)&address, sizeof address));
    return near;
}

static void say(int near, uint8_t byte) {
    assert_int_equal(1, send(near, &byte, 1, MSG_NOSIGNAL));
}

static void the_byte_is_answered(void **state) {
    char path[32];
    int folder = -1, near = -1;
    machine_ready ready;
    uint8_t byte = 0;
    grille_error error = {.code = GRILLE_OK};
    (void)state;
    make_folder(path, &folder);
    assert_true(machine_ready_open(&ready, path, &error));
    machine_ready_look(&ready); /* nobody */
    near = dial(path);
    machine_ready_look(&ready); /* nothing said */
    assert_true(ready.connection >= 0 && !ready.is_up);
    say(near, 0xb7);
    machine_ready_look(&ready);
    assert_true(ready.is_up);
    assert_int_equal(1, recv(near, &byte, 1, 0));
    assert_int_equal(0xb7, byte);
    (void)close(near);
    machine_ready_close(&ready);
    remove_folder(path, folder);
}

static void other_words_count_for_nothing(void **state) {
    char path[32];
    int folder = -1, first = -1, second = -1;
    machine_ready ready;
    uint8_t byte = 0;
    grille_error error = {.code = GRILLE_OK};
    (void)state;
    make_folder(path, &folder);
    assert_true(machine_ready_open(&ready, path, &error));
    /* It closes without a word. */
    (void)close(dial(path));
    machine_ready_look(&ready);
    machine_ready_look(&ready);
    assert_true(ready.connection < 0 && !ready.is_up);
    /* Each other byte. */
    for (unsigned wrong = 0; wrong < 256; wrong += 3) {
        if (wrong == 0xb7) continue;
        first = dial(path);
        say(first, (uint8_t)wrong);
        machine_ready_look(&ready);
        assert_false(ready.is_up);
        assert_int_equal(0, recv(first, &byte, 1, 0));
        (void)close(first);
    }
    /* One that says nothing holds up nobody. */
    first = dial(path);
    machine_ready_look(&ready);
    second = dial(path);
    say(second, 0xb7);
    machine_ready_look(&ready);
    assert_true(ready.is_up);
    (void)close(first);
    (void)close(second);
    machine_ready_close(&ready);
    remove_folder(path, folder);
}

static void a_path_that_no_socket_has_is_refused(void **state) {
    char path[32], longer[160];
    int folder = -1;
    machine_ready ready;
    grille_error error = {.code = GRILLE_OK};
    (void)state;
    make_folder(path, &folder);
    (void)snprintf(longer, sizeof longer, "%s/%0100d", path, 0);
    assert_false(machine_ready_open(&ready, longer, &error));
    assert_string_equal("BAD-ARGUMENT", error.name);
    assert_false(machine_ready_open(&ready, "/nowhere", &error));
    assert_string_equal("SYSTEM", error.name);
    remove_folder(path, folder);
}

static void a_socket_listens_when_it_does(void **state) {
    char path[32], file[64];
    int folder = -1;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int bound = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)state;
    make_folder(path, &folder);
    (void)snprintf(file, sizeof file, "%s/with a blank", path);
    memcpy(address.sun_path, file, sizeof file);
    assert_false(machine_socket_listens(file));
    assert_int_equal(0, bind(bound, (struct sockaddr *)&address, sizeof address));
    assert_int_equal(0, access(file, F_OK));
    assert_false(machine_socket_listens(file));
    assert_int_equal(0, listen(bound, 1));
    assert_true(machine_socket_listens(file));
    file[strlen(file) - 1] = '\0';
    assert_false(machine_socket_listens(file));
    (void)close(bound);
    remove_folder(path, folder);
}

int ready_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_byte_is_answered),
        cmocka_unit_test(other_words_count_for_nothing),
        cmocka_unit_test(a_path_that_no_socket_has_is_refused),
        cmocka_unit_test(a_socket_listens_when_it_does),
    };
    return cmocka_run_group_tests_name("machine/ready", tests, NULL, NULL);
}
