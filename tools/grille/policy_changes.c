/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_changes.h"

#include <string.h>

#include "policy_facts.h"

/* Prints what is in one of two sorted lists only, below a heading that is printed once. */
static size_t print_changes(FILE *out, const char *heading, const lines *before, const lines *after) {
    size_t old_at = 0, new_at = 0, changes = 0;
    const char *line;
    while (old_at < before->count || new_at < after->count) {
        int order = old_at == before->count  ? 1
                    : new_at == after->count ? -1
                                             : strcmp(before->text[old_at], after->text[new_at]);
        if (order == 0) {
            old_at++;
            new_at++;
            continue;
        }
        if (changes++ == 0 && out != NULL) (void)fprintf(out, "%s\n", heading);
        line = order < 0 ? before->text[old_at++] : after->text[new_at++];
        if (out != NULL) (void)fprintf(out, "  %c %s\n", order < 0 ? '-' : '+', line);
    }
    return changes;
}

static const grille_policy_set *find(const grille_policy *policy, const char *name) {
    for (size_t i = 0; i < policy->set_count; i++) {
        if (strcmp(policy->sets[i].name, name) == 0) return &policy->sets[i];
    }
    return NULL;
}

/* The two lists, when `set` has one. */
static void facts_of(const grille_policy *policy, const grille_policy_set *set, lines *facts) {
    if (set != NULL) policy_facts_of_set(policy, set, facts);
}

static void end(lines *before, lines *after) {
    lines_free(before);
    lines_free(after);
}

size_t policy_changes(const grille_policy *before, const grille_policy *after, FILE *out) {
    lines old_facts = {.text = NULL}, new_facts = {.text = NULL};
    char heading[GRILLE_NAME_MAX + 32];
    size_t changes;
    policy_facts_of_all(before, &old_facts);
    policy_facts_of_all(after, &new_facts);
    changes = print_changes(out, "changed for all sets", &old_facts, &new_facts);
    end(&old_facts, &new_facts);
    for (size_t i = 0; i < before->set_count; i++) {
        const grille_policy_set *set = &before->sets[i], *other = find(after, set->name);
        facts_of(before, set, &old_facts);
        facts_of(after, other, &new_facts);
        (void)snprintf(heading, sizeof heading, "%s set \"%s\"", other == NULL ? "removed" : "changed", set->name);
        changes += print_changes(out, heading, &old_facts, &new_facts);
        end(&old_facts, &new_facts);
    }
    for (size_t i = 0; i < after->set_count; i++) {
        const grille_policy_set *set = &after->sets[i];
        if (find(before, set->name) != NULL) continue;
        facts_of(after, set, &new_facts);
        (void)snprintf(heading, sizeof heading, "added set \"%s\"", set->name);
        changes += print_changes(out, heading, &old_facts, &new_facts);
        end(&old_facts, &new_facts);
    }
    return changes;
}
