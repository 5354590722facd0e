/* SPDX-License-Identifier: Apache-2.0 */
#include "secure/secure.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "fake_evidence.h"
#include "secure_pair.h"

enum { nitro_bit = 1 << GRILLE_IDENTITY_NITRO, x509_bit = 1 << GRILLE_IDENTITY_X509 };

typedef struct world {
    grille_identity initiator_identity;
    grille_identity responder_identity;
    grille_policy initiator_policy;
    grille_policy responder_policy;
    secure_pair_options options;
    secure_pair pair;
} world;

static world *world_of(grille_identity_kind initiator, grille_identity_kind responder) {
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->initiator_identity.kind = initiator;
    w->responder_identity.kind = responder;
    w->initiator_policy.accepted_kinds = 1u << responder;
    w->responder_policy.accepted_kinds = 1u << initiator;
    w->options = (secure_pair_options){.initiator_identity = &w->initiator_identity,
                                       .initiator_policy = &w->initiator_policy,
                                       .responder_identity = &w->responder_identity,
                                       .responder_policy = &w->responder_policy,
                                       .initiator_claims = grille_bytes_of_text("of the initiator"),
                                       .responder_claims = grille_bytes_of_text("of the responder")};
    return w;
}

static void open_pair(world *w) {
    assert_int_equal(secure_pair_open(&w->pair, &w->options), GRILLE_REASON_OK);
}

static void world_end(world *w) {
    secure_pair_close(&w->pair);
    assert_int_equal(w->pair.initiator.budget.used_bytes, 0);
    assert_int_equal(w->pair.responder.budget.used_bytes, 0);
    free(w);
}

static void assert_open(const world *w) {
    assert_string_equal(grille_secure_failure(w->pair.initiator.secure)->text, "");
    assert_string_equal(grille_secure_failure(w->pair.responder.secure)->text, "");
    assert_int_equal(grille_secure_get_state(w->pair.initiator.secure), GRILLE_SECURE_OPEN);
    assert_int_equal(grille_secure_get_state(w->pair.responder.secure), GRILLE_SECURE_OPEN);
}

static void send(secure_side *side, const char *text) {
    assert_int_equal(grille_secure_write(side->secure, grille_bytes_of_text(text)), GRILLE_REASON_OK);
}

static void assert_read(const secure_side *side, const char *text) {
    assert_true(grille_bytes_equal(grille_bytes_of(side->read, side->read_len), grille_bytes_of_text(text)));
}

static void talk(world *w) {
    send(&w->pair.initiator, "to the responder");
    send(&w->pair.responder, "to the initiator");
    secure_pair_run(&w->pair);
    assert_read(&w->pair.responder, "to the responder");
    assert_read(&w->pair.initiator, "to the initiator");
}

static void each_pair_of_kinds_opens(void **state) {
    static const grille_identity_kind kinds[] = {GRILLE_IDENTITY_NITRO, GRILLE_IDENTITY_X509};
    (void)state;
    for (int i = 0; i < 2; i++)
        for (int r = 0; r < 2; r++) {
            world *w = world_of(kinds[i], kinds[r]);
            open_pair(w);
            secure_pair_run(&w->pair);
            assert_open(w);
            assert_int_equal(grille_secure_peer(w->pair.initiator.secure)->kind, kinds[r]);
            assert_int_equal(grille_secure_peer(w->pair.responder.secure)->kind, kinds[i]);
            assert_int_equal(w->initiator_identity.proved, 1);
            assert_int_equal(w->responder_identity.proved, 1);
            talk(w);
            world_end(w);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pair_of_kinds_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
