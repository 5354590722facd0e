/* SPDX-License-Identifier: Apache-2.0 */
#include "testing/fake_policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "attest/policy_rules.h"
#include "base/bytes.h"
#include "rpc/registry.h"

enum { KINDS = 4, BUDGET_BYTES = 1 << 20 };

/* "/package.Service/" and an asterisk. */
static grille_bytes pattern_of(grille_arena *arena, const char *service) {
    const grille_bytes name = grille_bytes_of_text(service);
    const size_t len = name.len + 3;
    char *text = grille_arena_alloc(arena, len + 1);
    if (text == NULL) return (grille_bytes){NULL, 0};
    (void)snprintf(text, len + 1, "/%s/*", service);
    return (grille_bytes){(const uint8_t *)text, len};
}

static bool fill(grille_policy *policy, const grille_services *services) {
    const size_t count = grille_services_service_count(services);
    grille_bytes *patterns = grille_arena_alloc(&policy->arena, (count + 1) * sizeof *patterns);
    grille_policy_set *sets = grille_arena_alloc(&policy->arena, KINDS * sizeof *sets);
    if (patterns == NULL || sets == NULL) return false;
    for (size_t at = 0; at < count; at++) {
        patterns[at] = pattern_of(&policy->arena, grille_services_service(services, at)->name);
        if (patterns[at].data == NULL) return false;
    }
    for (int kind = 0; kind < KINDS; kind++) {
        sets[kind] = (grille_policy_set){.name = GRILLE_INSECURE_FAKE_SET,
                                         .kind = (grille_identity_kind)(GRILLE_IDENTITY_NITRO + kind),
                                         .not_after_ms = GRILLE_WALL_NEVER,
                                         .may_call = {patterns, count}};
    }
    policy->sets = sets;
    policy->set_count = KINDS;
    return true;
}

grille_reason grille_insecure_fake_policy(const grille_services *services, grille_policy **policy) {
    grille_policy *made = calloc(1, sizeof *made);
    if (made == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    atomic_init(&made->owners, 1);
    grille_budget_init(&made->budget, BUDGET_BYTES);
    grille_arena_init(&made->arena, NULL, 0, &made->budget);
    if (!fill(made, services)) {
        grille_policy_free(made);
        return GRILLE_REASON_OUT_OF_MEMORY;
    }
    *policy = made;
    return GRILLE_REASON_OK;
}
