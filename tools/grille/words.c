/* SPDX-License-Identifier: Apache-2.0 */
#include "words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lines.h"
#include "policy_facts.h"
#include "report.h"

#define PCR_BIT(n) (UINT32_C(1) << (n))

static const char *who(grille_identity_kind kind) {
    switch (kind) {
    case GRILLE_IDENTITY_NITRO:
        return "an enclave whose Nitro Security Module signs for it, and which matches all of:";
    case GRILLE_IDENTITY_X509:
        return "whoever has the key of a certificate that matches all of (any ca, any of the names):";
    case GRILLE_IDENTITY_PSK:
        return "whoever proves, in the role of the key, one of these shared keys:";
    case GRILLE_IDENTITY_ANONYMOUS:
    default:
        return "anybody who opens the connection, and shows nothing:";
    }
}

/* A fact that says who the peer is, and not what it may do. */
static bool is_match(const char *fact) {
    static const char *const others[] = {"may_call:", "serves:", "kind:"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strncmp(fact, others[i], strlen(others[i])) == 0) return false;
    }
    return true;
}

static void print_match(const char *fact) {
    unsigned pcr = 0;
    const char *meaning = strcmp(fact, "peer: self") == 0
                              ? "PCR0, 1 and 2 are those of the enclave that has this policy"
                          : sscanf(fact, "pcr%u:", &pcr) == 1 ? report_pcr_meaning(pcr)
                                                              : "";
    (void)printf("    %s%s%s\n", fact, meaning[0] == '\0' ? "" : "  # ", meaning);
}

static void print_methods(const char *what, const grille_policy_methods *methods, const char *none) {
    (void)printf("  %s:%s%s\n", what, methods->count == 0 ? " " : "", methods->count == 0 ? none : "");
    for (size_t i = 0; i < methods->count; i++) {
        (void)printf("    %.*s\n", (int)methods->patterns[i].len, (const char *)methods->patterns[i].data);
    }
}

static void print_gap(bool is_open, const char *what) {
    if (is_open) (void)printf("    - %s\n", what);
}

static void print_nitro_gaps(const grille_policy_set *set) {
    bool image = (set->pcr_mask & PCR_BIT(0)) != 0;
    bool signer = (set->pcr_mask & PCR_BIT(8)) != 0;
    print_gap(!image, "which build: every image that this signer ever signed passes (pin measurements or pcr0)");
    print_gap(!image && set->min_build == 0, "how old the build is (add min_build)");
    print_gap(set->min_build != 0, "whether the build number is true: the enclave's image alone vouches for it");
    print_gap(!signer, "who signed the image (pin signer)");
    print_gap((set->pcr_mask & PCR_BIT(3)) == 0,
              "in which account and role it runs: anybody's instance may (pin role)");
    print_gap((set->pcr_mask & PCR_BIT(4)) == 0, "on which instance it runs, and which of several copies it is "
                                                 "(pin instance)");
}

static void print_gaps(const grille_policy_set *set) {
    (void)puts("  NOT checked:");
    if (set->kind == GRILLE_IDENTITY_NITRO) print_nitro_gaps(set);
    print_gap(set->kind == GRILLE_IDENTITY_X509, "revocation: a certificate counts until it ends");
    print_gap(set->kind == GRILLE_IDENTITY_X509, "what the peer runs, or where");
    print_gap(set->kind == GRILLE_IDENTITY_PSK, "who else has a copy of the key, what the peer runs, or where");
    print_gap(set->kind == GRILLE_IDENTITY_ANONYMOUS, "anything");
    print_gap(set->not_after_ms == GRILLE_WALL_NEVER, "how long this is still wanted (add not_after)");
}

void words_of_set(const grille_policy *policy, const grille_policy_set *set) {
    lines facts = {.text = NULL};
    (void)printf("\"%s\" accepts %s\n", set->name, who(set->kind));
    policy_facts_of_set(policy, set, &facts);
    for (size_t i = 0; i < facts.count; i++) {
        if (is_match(facts.text[i])) print_match(facts.text[i]);
    }
    lines_free(&facts);
    print_methods("may call", &set->may_call, "nothing of ours");
    print_methods("serves to us", &set->serves,
                  set->kind == GRILLE_IDENTITY_ANONYMOUS ? "nothing"
                                                         : "everything when we opened the connection, else nothing");
    print_gaps(set);
}

static void print_duration(const char *what, int64_t ms) {
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"}};
    size_t i = 0;
    while (ms % units[i].ms != 0)
        i++;
    (void)printf("  %s %" PRId64 " %s\n", what, ms / units[i].ms, units[i].unit);
}

void words_of_all(const grille_policy *policy) {
    lines facts = {.text = NULL};
    (void)puts("For all sets:");
    if (policy->development_root.len == 0) {
        (void)puts("  documents of enclaves end at AWS Nitro Enclaves root G1");
    } else {
        (void)puts("  INSECURE: documents of enclaves end at a development root, whose key somebody has");
    }
    if (policy->insecure_allow_debug) {
        (void)puts("  INSECURE: debug enclaves pass, whose memory their parent can read; their PCR0, 1, 2 and 8, which "
                   "are zero, are not compared");
    }
    print_duration("a document is no older than", policy->max_age_ms);
    print_duration("the peer's clock is ahead by at most", policy->clock_skew_ms);
    if (policy->responder_first) (void)puts("  our evidence is shown to verified peers only");
    (void)puts("In the words of the file, defaults included:");
    policy_facts_of_all(policy, &facts);
    for (size_t i = 0; i < facts.count; i++)
        (void)printf("  %s\n", facts.text[i]);
    lines_free(&facts);
}
