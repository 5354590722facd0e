/* SPDX-License-Identifier: Apache-2.0
 * Every token bucket of a session, by the names of limits.h: as often as it may is fine, once more ends the connection,
 * and tokens come back at the rate that the limit says, up to the burst. */
#include <stdio.h>

#include "cmocka_all.h"
#include "session_pair.h"
#include "session_script.h"

enum { US_PER_SECOND = 1000000 };

typedef struct bucket {
    const char *name;
    const char *before; /* frames that cost nothing */
    const char *frames; /* that cost one token; each %u is an id that was never used */
    uint64_t burst;
    uint64_t per_second;
    bool owner; /* somebody takes GATE frames, and no calls */
} bucket;

static const bucket buckets[] = {
    {"PING", "S", "P1", GRILLE_LIMIT_PING_BURST, GRILLE_LIMIT_PING_PER_SECOND, .owner = false},
    {"calls that are reset", "S", "C%u X%u:1", GRILLE_LIMIT_RESET_BURST, GRILLE_LIMIT_RESET_PER_SECOND, .owner = false},
    {"CREDIT for nothing", "S", "K0:1", GRILLE_LIMIT_CREDIT_BURST, GRILLE_LIMIT_CREDIT_PER_SECOND, .owner = false},
    {"GATE", "S", "G4", GRILLE_LIMIT_GATE_BURST, GRILLE_LIMIT_GATE_PER_SECOND, .owner = true},
    {"ignorable frames", "S", "U77:128:0:0", GRILLE_LIMIT_IGNORED_BURST, GRILLE_LIMIT_IGNORED_PER_SECOND,
     .owner = false},
    {"frames of closed streams", "S C1 X1:1", "D1:1:1b", GRILLE_LIMIT_LATE_FRAME_BURST,
     GRILLE_LIMIT_LATE_FRAME_PER_SECOND, .owner = false},
};

typedef struct victim {
    const bucket *of;
    session_pair *pair;
    uint32_t next_id;
} victim;

static void on_gate(void *user, grille_bytes payload) {
    (void)user;
    (void)payload;
}

static grille_reason send(victim *v) {
    char frames[64];
    (void)snprintf(frames, sizeof frames, v->of->frames, v->next_id, v->next_id);
    v->next_id += 2;
    script_write(pair_writer(v->pair), frames);
    const grille_reason reason = pair_feed(v->pair, &v->pair->responder);
    (void)pair_take_output(v->pair, &v->pair->responder);
    return reason;
}

static void expect(victim *v, uint64_t times, grille_reason reason) {
    for (uint64_t i = 0; i < times; i++) {
        const grille_reason got = send(v);
        if (got != reason) {
            fail_msg("%s: number %llu: %s, expected %s", v->of->name, (unsigned long long)i + 1,
                     grille_reason_name(got), grille_reason_name(reason));
        }
    }
}

/* A session whose bucket is empty. */
static victim drained(const bucket *of) {
    static const grille_session_events events = {.on_gate = on_gate};
    pair_options options = pair_options_default();
    victim v = {.of = of, .next_id = 3};
    if (of->owner) options.responder.events = &events;
    v.pair = pair_new(&options);
    v.pair->responder.releases = true;
    script_write(pair_writer(v.pair), of->before);
    assert_int_equal(pair_feed(v.pair, &v.pair->responder), GRILLE_REASON_OK);
    expect(&v, of->burst, GRILLE_REASON_OK);
    return v;
}

static void end(victim *v) {
    expect(v, 1, GRILLE_REASON_SESSION_FLOOD);
    pair_free(v->pair);
}

static void the_burst_and_no_more(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof buckets / sizeof buckets[0]; i++) {
        victim v = drained(&buckets[i]);
        end(&v);
    }
}

static void one_token_comes_in_its_time(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof buckets / sizeof buckets[0]; i++) {
        const uint64_t token_us = US_PER_SECOND / buckets[i].per_second;
        assert_int_equal(token_us * buckets[i].per_second, US_PER_SECOND);
        victim early = drained(&buckets[i]);
        pair_pass(early.pair, token_us - 1);
        end(&early);
        victim in_time = drained(&buckets[i]);
        for (int token = 0; token < 10; token++) {
            pair_pass(in_time.pair, token_us);
            expect(&in_time, 1, GRILLE_REASON_OK);
        }
        end(&in_time);
    }
}

static void a_second_brings_its_tokens_up_to_the_burst(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof buckets / sizeof buckets[0]; i++) {
        const bucket *of = &buckets[i];
        victim second = drained(of);
        pair_pass(second.pair, US_PER_SECOND);
        expect(&second, of->per_second < of->burst ? of->per_second : of->burst, GRILLE_REASON_OK);
        end(&second);
        victim full = drained(of);
        pair_pass(full.pair, 3 * US_PER_SECOND * of->burst / of->per_second);
        expect(&full, of->burst, GRILLE_REASON_OK);
        end(&full);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_burst_and_no_more),
        cmocka_unit_test(one_token_comes_in_its_time),
        cmocka_unit_test(a_second_brings_its_tokens_up_to_the_burst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
