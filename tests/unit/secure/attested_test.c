/* SPDX-License-Identifier: Apache-2.0
 * Whole channels with real evidence. */
#include <stdlib.h>

#include "attested_world.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "secure_pair.h"

static attested_world world;

static int setup(void **state) {
    (void)state;
    attested_world_init(&world);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    attested_world_deinit(&world);
    return 0;
}

static secure_pair *open_pair(secure_pair_options options) {
    secure_pair *pair = calloc(1, sizeof *pair);
    assert_non_null(pair);
    options.wall_ms = FORGE_NOW_MS;
    assert_int_equal(secure_pair_open(pair, &options), GRILLE_REASON_OK);
    secure_pair_run(pair);
    return pair;
}

static void assert_open(const secure_pair *pair) {
    assert_string_equal(grille_secure_failure(pair->initiator.secure)->text, "");
    assert_string_equal(grille_secure_failure(pair->responder.secure)->text, "");
    assert_int_equal(grille_secure_get_state(pair->initiator.secure), GRILLE_SECURE_OPEN);
    assert_int_equal(grille_secure_get_state(pair->responder.secure), GRILLE_SECURE_OPEN);
}

static void x509_with_x509(void **state) {
    const secure_pair_options options = {.initiator_identity = world.initiator,
                                         .initiator_policy = world.trusts_responder,
                                         .responder_identity = world.responder,
                                         .responder_policy = world.trusts_initiator};
    secure_pair *pair = open_pair(options);
    (void)state;
    assert_open(pair);
    assert_string_equal(grille_secure_peer(pair->responder.secure)->name, ATTESTED_WORLD_INITIATOR_NAME);
    assert_string_equal(grille_secure_peer(pair->initiator.secure)->name, ATTESTED_WORLD_RESPONDER_NAME);
    assert_int_equal(grille_secure_write(pair->initiator.secure, grille_bytes_of_text("call")), GRILLE_REASON_OK);
    secure_pair_run(pair);
    assert_memory_equal(pair->responder.read, "call", 4);
    secure_pair_close(pair);
    free(pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x509_with_x509),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
