/* SPDX-License-Identifier: Apache-2.0
 * Goal: one unary call goes through the real gate from one process to another and back. */
#include <signal.h>

#include "cmocka_all.h"
#include "world.h"

static const char *grille_program, *server_program;

static void one_call(const char *kind, const char *peer_field) {
    e2e_world w;
    server_process server = {.kind = kind};
    grille_peer_identity peer;
    grille_error error;
    char answer[256], last_line[64];
    world_init(&w, grille_program, server_program);
    server_start(&w, &server, world_unix(&w, "s"));
    grille_channel *channel = world_channel(&w, kind, server.address);
    if (grille_channel_wait_ready(channel, 10000, &error) != GRILLE_OK) fail_msg("%s: %s", error.name, error.text);
    assert_int_equal(grille_channel_get_state(channel), GRILLE_CHANNEL_READY);
    assert_int_equal(e2e_call(channel, E2E_ECHO, "hello", NULL, answer, sizeof answer), GRILLE_OK);
    assert_string_equal(answer, "hello");
    assert_int_equal(e2e_call(channel, E2E_WORK, "who", NULL, answer, sizeof answer), GRILLE_OK);
    assert_string_equal(answer, WORLD_PARENT);
    assert_int_equal(grille_channel_get_peer(channel, &peer), GRILLE_OK);
    assert_string_equal(grille_identity_kind_name(peer.kind), kind);
    assert_string_equal(peer.set, peer_field);
    grille_channel_close(channel);
    server_end(&server, SIGTERM, last_line, sizeof last_line);
    assert_string_equal(last_line, "started 2 finished 2 cancelled 0");
    world_deinit(&w);
}

static void test_enclave_with_simulated_nsm(void **state) {
    (void)state;
    one_call("nitro", "enclave");
}

static void test_gateway_with_certificate(void **state) {
    (void)state;
    one_call("x509", "them");
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_enclave_with_simulated_nsm),
        cmocka_unit_test(test_gateway_with_certificate),
    };
    if (argc != 3) return 2;
    grille_program = argv[1];
    server_program = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
