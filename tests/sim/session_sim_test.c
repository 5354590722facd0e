/* SPDX-License-Identifier: Apache-2.0
 * Some hundred seeds of the simulator; every tenth runs twice and must leave the same trace. GRILLE_SIM_SEED runs one
 * alone, GRILLE_SIM_SEEDS sets how many. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmocka_all.h"
#include "session_sim.h"

static uint32_t answered(const sim_result *result) {
    uint32_t sum = 0;
    for (size_t kind = 0; kind < SIM_KINDS; kind++)
        sum += result->answered[kind];
    return sum;
}

static void print(uint64_t seed, const sim_result *result) {
    print_message(
        "seed %" PRIu64 ": trace %016" PRIx64 ", %u calls, %u answered, %u reset, %u of them never processed, "
        "%u messages, %" PRIu64 " bytes, %u headers, %u writable, %u acts inside events, %u opens refused, %u "
        "for want of ids, %u over budget, %u drained, %u cut\n",
        seed, result->trace, result->calls, answered(result), result->reset, result->never_processed, result->messages,
        result->bytes, result->headers, result->writable, result->inside, result->refused_opens, result->used_up,
        result->over_budget, result->drained, result->cut);
}

static void add(sim_result *sum, const sim_result *result) {
    sum->trace ^= result->trace;
    sum->calls += result->calls;
    for (size_t kind = 0; kind < SIM_KINDS; kind++)
        sum->answered[kind] += result->answered[kind];
    sum->reset += result->reset;
    sum->never_processed += result->never_processed;
    sum->messages += result->messages;
    sum->bytes += result->bytes;
    sum->headers += result->headers;
    sum->writable += result->writable;
    sum->inside += result->inside;
    sum->refused_opens += result->refused_opens;
    sum->over_budget += result->over_budget;
    sum->used_up += result->used_up;
    sum->drained += result->drained;
    sum->cut += result->cut;
}

/* The seeds reach what they are for. */
static void check_reach(const sim_result *sum, uint64_t count) {
    assert_true(sum->calls > 20 * count);
    for (size_t kind = 0; kind < SIM_KINDS; kind++)
        assert_true(sum->answered[kind] > count / 2);
    assert_true(sum->reset > 5 * count && sum->never_processed > count / 10);
    assert_true(sum->bytes > 100000 * count);
    assert_true(sum->headers > count / 4);
    assert_true(sum->writable > count / 4);
    assert_true(sum->inside > count);
    assert_true(sum->refused_opens > count / 2 && sum->used_up > 0);
    assert_true(sum->over_budget > 0);
    assert_true(sum->drained > count / 2 && sum->cut > count / 10);
}

static void seeds_hold_and_repeat(void **state) {
    const char *one = getenv("GRILLE_SIM_SEED");
    const char *many = getenv("GRILLE_SIM_SEEDS");
    const uint64_t first = one != NULL ? strtoull(one, NULL, 10) : 1;
    const uint64_t count = one != NULL ? 1 : many != NULL ? strtoull(many, NULL, 10) : 400;
    sim_result sum = {0};
    (void)state;
    for (uint64_t seed = first; seed < first + count; seed++) {
        const sim_result result = sim_run(seed);
        if (one != NULL || seed % 10 == 0) assert_true(sim_run(seed).trace == result.trace);
        add(&sum, &result);
    }
    print(count, &sum);
    if (one == NULL) check_reach(&sum, count);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_hold_and_repeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
