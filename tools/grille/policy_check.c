/* SPDX-License-Identifier: Apache-2.0
 * grille policy check. */
#include <inttypes.h>
#include <stdio.h>

#include "attest/policy_rules.h"
#include "base/bytes.h"
#include "command.h"
#include "options.h"
#include "policy.h"

static const char usage[] = "usage: grille policy check [--strict] FILE\n"
                            "         says that FILE is a policy, names its sets, its digest and what it leaves open\n"
                            "         --strict   what is left open makes the exit status 4\n"
                            "         exit status: 0 a policy, 2 usage or a file that is no policy\n";

/* What claims of peers with this policy tell, and what `policy_digest` of another policy lists. */
static void print_digest(const grille_policy *policy) {
    uint8_t digest[GRILLE_SHA384_BYTES];
    char hex[2 * sizeof digest + 1];
    grille_policy_digest(policy, digest);
    grille_hex_encode(grille_bytes_of(digest, sizeof digest), hex);
    (void)printf("  digest    %s\n", hex);
    if (grille_policy_version(policy) != 0) (void)printf("  version   %" PRIu64 "\n", grille_policy_version(policy));
}

static void print_sets(const char *path, const grille_policy *policy) {
    (void)printf("%s: OK, %zu set%s\n", path, policy->set_count, policy->set_count == 1 ? "" : "s");
    for (size_t i = 0; i < policy->set_count; i++) {
        const grille_policy_set *set = &policy->sets[i];
        (void)printf("  %-9s %s\n", grille_identity_kind_name(set->kind), set->name);
    }
}

int policy_check(int argc, char **argv) {
    bool strict = false;
    const char *path = NULL;
    const command_option options[] = {{.name = "--strict", .flag = &strict}};
    const command_line line = {.command = "policy check",
                               .usage = usage,
                               .options = options,
                               .option_count = 1,
                               .operands = &path,
                               .least = 1,
                               .most = 1,
                               .operand_name = "FILE"};
    grille_policy *policy = NULL;
    size_t warnings;
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    status = policy_open("policy check", usage, path, &policy);
    if (status != EXIT_DONE) return status;
    print_sets(path, policy);
    print_digest(policy);
    warnings = grille_policy_warning_count(policy);
    for (size_t i = 0; i < warnings; i++)
        (void)fprintf(stderr, "warning: %s\n", grille_policy_warning(policy, i));
    grille_policy_free(policy);
    return strict && warnings > 0 ? EXIT_REJECTED : EXIT_DONE;
}
