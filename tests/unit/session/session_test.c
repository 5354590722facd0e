/* SPDX-License-Identifier: Apache-2.0
 * A unary call is one frame each way; settings; what the whole session does. */
#include "cmocka_all.h"
#include "session_pair.h"

static void unary_call_is_one_frame_each_way(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    grille_stream *stream = NULL;
    uint64_t before_out = 0;
    uint64_t before_in = 0;
    (void)state;
    pair_run(pair);
    pair->responder.answers = true;
    before_out = grille_session_get_stats(pair->initiator.session).frames_out;
    before_in = grille_session_get_stats(pair->initiator.session).frames_in;
    stream = pair_call(pair, &pair->initiator, grille_bytes_of("hello", 5));
    pair_run(pair);
    assert_int_equal(grille_session_get_stats(pair->initiator.session).frames_out, before_out + 1);
    assert_int_equal(grille_session_get_stats(pair->initiator.session).frames_in, before_in + 1);
    assert_int_equal(pair->responder.counts[PAIR_CALL], 1);
    assert_int_equal(pair->responder.counts[PAIR_HALF_CLOSE], 1);
    assert_int_equal(pair_last(&pair->initiator, PAIR_MESSAGE)->len, 5);
    assert_int_equal(pair_last(&pair->initiator, PAIR_STATUS)->code, GRILLE_OK);
    grille_stream_release(stream);
    assert_int_equal(grille_session_get_stats(pair->initiator.session).slots, 0);
    assert_int_equal(grille_session_get_stats(pair->responder.session).slots, 0);
    pair_free(pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unary_call_is_one_frame_each_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
