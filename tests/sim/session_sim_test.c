/* SPDX-License-Identifier: Apache-2.0
 * Some hundred seeds of the simulator; each runs twice and must leave the same trace. GRILLE_SIM_SEED runs one alone,
 * GRILLE_SIM_SEEDS sets how many. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmocka_all.h"
#include "session_sim.h"

static void print(uint64_t seed, const sim_result *result) {
    print_message("seed %" PRIu64 ": trace %016" PRIx64 ", %u calls, %u answered, %u reset, %u messages, %" PRIu64
                  " bytes%s\n",
                  seed, result->trace, result->calls, result->answered, result->reset, result->messages, result->bytes,
                  result->cut ? ", cut" : "");
}

static void seeds_hold_and_repeat(void **state) {
    const char *one = getenv("GRILLE_SIM_SEED");
    const char *many = getenv("GRILLE_SIM_SEEDS");
    const uint64_t first = one != NULL ? strtoull(one, NULL, 10) : 1;
    const uint64_t count = one != NULL ? 1 : many != NULL ? strtoull(many, NULL, 10) : 300;
    sim_result sum = {0};
    (void)state;
    for (uint64_t seed = first; seed < first + count; seed++) {
        const sim_result result = sim_run(seed);
        const sim_result again = sim_run(seed);
        if (one != NULL) print(seed, &result);
        assert_true(result.trace == again.trace);
        sum.calls += result.calls;
        sum.answered += result.answered;
        sum.reset += result.reset;
        sum.messages += result.messages;
        sum.bytes += result.bytes;
        sum.drained += result.drained;
        sum.trace ^= result.trace;
    }
    print(count, &sum);
    if (one != NULL) return;
    /* The seeds reach what they are for. */
    assert_true(sum.calls > 20 * count);
    assert_true(sum.answered > count && sum.reset > count);
    assert_true(sum.bytes > 100000 * count);
    assert_true(sum.drained > count / 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_hold_and_repeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
