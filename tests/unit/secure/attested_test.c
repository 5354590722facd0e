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

static void with_an_enclave(const attested_enclave *enclave, bool enclave_responds) {
    grille_policy *trusts_enclave = attested_policy_pinning(enclave);
    const secure_pair_options options = {.initiator_identity = enclave_responds ? world.initiator : enclave->identity,
                                         .initiator_policy = enclave_responds ? trusts_enclave : world.trusts_responder,
                                         .responder_identity = enclave_responds ? enclave->identity : world.responder,
                                         .responder_policy =
                                             enclave_responds ? world.trusts_initiator : trusts_enclave};
    secure_pair *pair = open_pair(options);
    const grille_peer_identity *peer = NULL;
    assert_open(pair);
    peer = grille_secure_peer(enclave_responds ? pair->initiator.secure : pair->responder.secure);
    assert_int_equal(peer->kind, GRILLE_IDENTITY_NITRO);
    assert_int_equal(peer->epoch, 0);
    assert_true(peer->insecure);
    assert_int_equal(peer->pcrs[0][0], enclave->image);
    print_message("handshake and gate with a document: %d bytes to the responder, %d back\n", (int)pair->carried[0],
                  (int)pair->carried[1]);
    secure_pair_close(pair);
    grille_policy_free(trusts_enclave);
    free(pair);
}

static void an_enclave_in_either_role(void **state) {
    attested_enclave enclave;
    (void)state;
    attested_enclave_open(&enclave, 0x11, false);
    with_an_enclave(&enclave, true);
    with_an_enclave(&enclave, false);
    attested_enclave_close(&enclave);
}

static void check_refused(secure_pair_options options, grille_secure_role refuser, grille_reason expected) {
    secure_pair *pair = open_pair(options);
    secure_side *refusing = refuser == GRILLE_INITIATOR ? &pair->initiator : &pair->responder;
    secure_side *refused = refuser == GRILLE_INITIATOR ? &pair->responder : &pair->initiator;
    if (refusing->last != expected)
        fail_msg("%s (%s), expected %s", grille_reason_name(refusing->last),
                 grille_secure_failure(refusing->secure)->text, grille_reason_name(expected));
    assert_int_equal(refused->last, GRILLE_REASON_GATE_REFUSED_BY_PEER);
    assert_int_equal(pair->initiator.read_len + pair->responder.read_len, 0);
    secure_pair_close(pair);
    free(pair);
}

/* A CA of the same name with another key, and a certificate that claims to be the peer's. */
static void a_cloned_ca_in_either_direction(void **state) {
    const forge_template about = forge_ca("Test CA", GRILLE_P256);
    forge_identity clone;
    forge_identity leafs[2];
    grille_identity *initiator = NULL;
    grille_identity *responder = NULL;
    secure_pair_options options = {.initiator_identity = world.initiator,
                                   .initiator_policy = world.trusts_responder,
                                   .responder_identity = world.responder,
                                   .responder_policy = world.trusts_initiator};
    (void)state;
    forge_certificate(&about, NULL, &clone);
    initiator = attested_world_identity(&clone, ATTESTED_WORLD_INITIATOR_NAME, &leafs[0]);
    responder = attested_world_identity(&clone, ATTESTED_WORLD_RESPONDER_NAME, &leafs[1]);
    options.initiator_identity = initiator;
    check_refused(options, GRILLE_RESPONDER, GRILLE_REASON_ATTEST_CERT_SIGNATURE);
    options.initiator_identity = world.initiator;
    options.responder_identity = responder;
    check_refused(options, GRILLE_INITIATOR, GRILLE_REASON_ATTEST_CERT_SIGNATURE);
    grille_identity_free(initiator);
    grille_identity_free(responder);
    forge_free(&leafs[0]);
    forge_free(&leafs[1]);
    forge_free(&clone);
}

static void another_name_of_the_same_ca(void **state) {
    secure_pair_options options = {.initiator_identity = world.responder,
                                   .initiator_policy = world.trusts_responder,
                                   .responder_identity = world.responder,
                                   .responder_policy = world.trusts_initiator};
    (void)state;
    check_refused(options, GRILLE_RESPONDER, GRILLE_REASON_ATTEST_CERT_NAME);
}

static void an_enclave_of_another_image_or_root(void **state) {
    attested_enclave enclave;
    attested_enclave other;
    grille_policy *trusts_enclave = NULL;
    grille_policy *trusts_other_image = NULL;
    secure_pair_options options = {.initiator_identity = world.initiator, .responder_policy = world.trusts_initiator};
    (void)state;
    attested_enclave_open(&enclave, 0x11, false);
    attested_enclave_open(&other, 0x11, false);
    trusts_enclave = attested_policy_pinning(&enclave);
    trusts_other_image = attested_policy_of(&enclave, attested_set_of_image(0x12));
    options.initiator_policy = trusts_other_image;
    options.responder_identity = enclave.identity;
    check_refused(options, GRILLE_INITIATOR, GRILLE_REASON_ATTEST_PCR_MISMATCH);
    options.initiator_policy = trusts_enclave;
    options.responder_identity = other.identity;
    check_refused(options, GRILLE_INITIATOR, GRILLE_REASON_ATTEST_ROOT_MISMATCH);
    grille_policy_free(trusts_enclave);
    grille_policy_free(trusts_other_image);
    attested_enclave_close(&enclave);
    attested_enclave_close(&other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x509_with_x509),
        cmocka_unit_test(an_enclave_in_either_role),
        cmocka_unit_test(a_cloned_ca_in_either_direction),
        cmocka_unit_test(another_name_of_the_same_ca),
        cmocka_unit_test(an_enclave_of_another_image_or_root),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
