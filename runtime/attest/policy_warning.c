/* SPDX-License-Identifier: Apache-2.0
 * What a policy leaves open though it is right: said once when it is read. */
#include <stdarg.h>
#include <stdio.h>

#include "attest/policy_rules.h"
#include "base/bytes.h"

#define PCRS(first, last) ((UINT32_C(0xffffffff) >> (31 - (last))) & (UINT32_C(0xffffffff) << (first)))

/* Role, instance, signer, and what a program extends and locks itself: they tell the owner's enclaves from those that
 * anybody starts from the same image. */
#define OWNER_PCRS (PCRS(3, 4) | PCRS(8, 8) | PCRS(16, 31))
#define SIGNER_PCR PCRS(8, 8)

#define MOST_PER_SET 2

size_t grille_policy_warning_count(const grille_policy *policy) {
    return policy->warning_count;
}

const char *grille_policy_warning(const grille_policy *policy, size_t index) {
    return index < policy->warning_count ? policy->warnings[index] : NULL;
}

/* All of the image: what is in PCR0, or in PCR1 and PCR2. */
static bool pins_image(const grille_policy_set *set) {
    return (set->pcr_mask & PCRS(0, 0)) != 0 || (set->pcr_mask & PCRS(1, 2)) == PCRS(1, 2);
}

static bool pins_no_owner(const grille_policy_set *set) {
    return set->kind == GRILLE_IDENTITY_NITRO && (set->pcr_mask & OWNER_PCRS) == 0;
}

static bool pins_no_build(const grille_policy_set *set) {
    return set->kind == GRILLE_IDENTITY_NITRO && (set->pcr_mask & SIGNER_PCR) != 0 && !pins_image(set) &&
           set->min_build == 0;
}

typedef struct warnings {
    grille_policy *policy;
    const char **texts;
    size_t count;
    grille_reason reason;
} warnings;

/* "file:line:column: " and the text. */
static void add(warnings *found, size_t line, size_t column, const char *format, ...) GRILLE_PRINTF(4, 5);

static void add(warnings *found, size_t line, size_t column, const char *format, ...) {
    char text[1536];
    va_list arguments;
    grille_bytes kept;
    int len = snprintf(text, sizeof text, "%.400s:%zu:%zu: ", found->policy->name, line, column);
    if (found->reason != GRILLE_REASON_OK || len < 0) return;
    va_start(arguments, format);
    (void)vsnprintf(&text[len], sizeof text - (size_t)len, format, arguments);
    va_end(arguments);
    kept = grille_arena_copy(&found->policy->arena, grille_bytes_of_text(text));
    if (kept.data == NULL) found->reason = GRILLE_REASON_OUT_OF_MEMORY;
    found->texts[found->count++] = (const char *)kept.data;
}

static void look_at(warnings *found, const grille_policy_set *set) {
    if (pins_no_owner(set)) {
        add(found, set->line, set->column,
            "set \"%s\" pins the image and not whose it is: anybody who has the image may run it on an instance of "
            "their own and pass. Add role or instance, or signer where others have no copy of the image file",
            set->name);
    }
    if (pins_no_build(set)) {
        add(found, set->line, set->column,
            "set \"%s\" pins the signer and no build: every image that this signer ever signed passes, old ones with "
            "known faults too. Add min_build, or the build's measurements",
            set->name);
    }
}

grille_reason grille_policy_find_warnings(grille_policy *policy) {
    warnings found = {.policy = policy};
    found.texts = grille_arena_alloc(&policy->arena, (MOST_PER_SET * policy->set_count + 1) * sizeof *found.texts);
    if (found.texts == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    for (size_t i = 0; i < policy->set_count; i++)
        look_at(&found, &policy->sets[i]);
    if (policy->version > 0 && policy->update_point.len == 0) {
        add(&found, 1, 1,
            "the policy has a version and no update_key: no update of it will be taken. Add update_key, "
            "or take version out");
    }
    policy->warnings = found.texts;
    policy->warning_count = found.count;
    return found.reason;
}
