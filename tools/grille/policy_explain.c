/* SPDX-License-Identifier: Apache-2.0
 * grille policy explain: a policy in words, and what it makes of a document. */
#include <inttypes.h>
#include <stdio.h>

#include "attest/calendar.h"
#include "attest/defence.h"
#include "attest/identity_state.h"
#include "base/bytes.h"
#include "command.h"
#include "grille/attest.h"
#include "input.h"
#include "options.h"
#include "policy.h"
#include "report.h"
#include "wall_time.h"
#include "words.h"

static const char usage[] =
    "usage: grille policy explain [--document DOC [--at TIME]] FILE\n"
    "         whom FILE accepts, what they may do, and what is not checked\n"
    "         --document DOC  what FILE makes of this document, set by set\n"
    "         --at TIME       as of TIME (RFC 3339, or milliseconds since 1970); default: now\n"
    "         exit status: 0, with a document accepted; 4 it is not; 2 usage or an unreadable file\n";

/* PCRs that are zero in a debug enclave. */
#define DEBUG_PCRS (UINT32_C(1) | UINT32_C(1) << 1 | UINT32_C(1) << 2 | UINT32_C(1) << 8)

typedef struct request {
    const char *path, *document_path, *at;
    grille_wall_ms at_ms;
    input_document input;
} request;

/* Prints each pin of the set that the document differs from; how many do. */
static size_t print_differences(const grille_policy_set *set, const grille_document *document, bool debug) {
    char observed[2 * GRILLE_PCR_BYTES + 1], expected[2 * GRILLE_PCR_BYTES + 1];
    size_t differences = 0;
    for (unsigned i = 0; i < GRILLE_PCR_COUNT; i++) {
        uint32_t bit = UINT32_C(1) << i;
        grille_bytes pin = grille_bytes_of(set->pcrs[i], GRILLE_PCR_BYTES);
        if ((set->pcr_mask & bit) == 0 || (set->self && i < GRILLE_SELF_PCRS) || (debug && (DEBUG_PCRS & bit) != 0))
            continue;
        if ((document->pcr_mask & bit) != 0 && grille_defence_pcr_matches(document->pcrs[i], pin)) continue;
        grille_hex_encode(pin, expected);
        grille_hex_encode(document->pcrs[i], observed);
        (void)printf("  PCR%u differs (%s)\n    observed %s\n    expected %s\n", i, report_pcr_meaning(i),
                     (document->pcr_mask & bit) != 0 ? observed : "none", expected);
        differences++;
    }
    return differences;
}

/* True when the set accepts the document's measurements at this time. */
static bool judge_set(const grille_policy_set *set, const grille_document *document, bool debug, grille_wall_ms at_ms) {
    bool accepted;
    (void)printf("set \"%s\":\n", set->name);
    if (set->kind != GRILLE_IDENTITY_NITRO) {
        (void)printf("  is of kind %s, not for enclaves\n", grille_identity_kind_name(set->kind));
        return false;
    }
    accepted = print_differences(set, document, debug) == 0;
    if (at_ms > set->not_after_ms) {
        (void)printf("  ended %s\n", grille_civil_format(set->not_after_ms).text);
        accepted = false;
    }
    if (set->self) {
        (void)puts(
            "  compares PCR0, 1 and 2 with those of the enclave that has this policy (peer: self): only there can "
            "this be told");
        accepted = false;
    }
    if (accepted) (void)puts("  accepts it");
    if (accepted && set->min_build != 0) {
        (void)printf("  if the enclave claims build %" PRIu64
                     " or later on its connection; no document has that claim\n",
                     set->min_build);
    }
    if (accepted && (set->refused_features != 0 || set->policy_digest_count > 0)) {
        (void)printf("  if its other claims fit too (%s): they come with its connection\n",
                     set->refused_features == 0      ? "policy_digest"
                     : set->policy_digest_count == 0 ? "refuse"
                                                     : "refuse, policy_digest");
    }
    return accepted;
}

/* Everything but measurements: the document itself. */
static bool judge_document(const request *r, const grille_policy *policy, grille_attest_facts *facts) {
    grille_attest_options options = grille_attest_options_default();
    grille_error error;
    options.any_user_data = true;
    options.insecure_allow_debug = policy->insecure_allow_debug;
    options.insecure_development_root = policy->development_root;
    if (grille_attest_verify_stored(r->input.document, &options, r->at_ms, facts, &error) == GRILLE_OK) {
        (void)printf("the document itself is good at %s: root, certificates, signature\n",
                     grille_civil_format(r->at_ms).text);
        return true;
    }
    (void)printf("the document itself is REFUSED at %s: %s: %s\n", grille_civil_format(r->at_ms).text, error.name,
                 error.text);
    return false;
}

static int explain_document(const request *r, const grille_policy *policy) {
    grille_attest_facts facts = {.debug = false};
    grille_document document;
    grille_error error;
    bool good = judge_document(r, policy, &facts);
    size_t accepting = 0;
    if (grille_document_read(r->input.document, &document, &error) != GRILLE_REASON_OK) return EXIT_REJECTED;
    for (size_t i = 0; i < policy->set_count; i++)
        accepting += judge_set(&policy->sets[i], &document, facts.debug, r->at_ms);
    if (!good && accepting > 0) (void)puts("its measurements pass, the document does not");
    return good && accepting > 0 ? EXIT_DONE : EXIT_REJECTED;
}

static void explain(const grille_policy *policy) {
    for (size_t i = 0; i < policy->set_count; i++) {
        words_of_set(policy, &policy->sets[i]);
        (void)putchar('\n');
    }
    words_of_all(policy);
    (void)puts("A peer is accepted when it passes all of one set. Nobody else is.");
}

static int read_words(request *r) {
    grille_error error = {.code = GRILLE_OK};
    if (r->at != NULL && r->document_path == NULL) {
        return usage_error(usage, "policy explain: --at is of a document: give --document too");
    }
    r->at_ms = wall_time_now();
    if (r->at != NULL && !wall_time_parse(r->at, &r->at_ms)) {
        return usage_error(usage, "policy explain: --at %s is no time: write 2027-01-31T12:00:00Z", r->at);
    }
    if (r->document_path != NULL && !input_read_document(r->document_path, &r->input, &error)) {
        return usage_error(usage, "policy explain: %s", error.text);
    }
    return EXIT_DONE;
}

int policy_explain(int argc, char **argv) {
    static request r;
    const command_option options[] = {{.name = "--document", .value = &r.document_path},
                                      {.name = "--at", .value = &r.at}};
    const command_line line = {.command = "policy explain",
                               .usage = usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0],
                               .operands = &r.path,
                               .least = 1,
                               .most = 1,
                               .operand_name = "FILE"};
    grille_policy *policy = NULL;
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    status = policy_open("policy explain", usage, r.path, &policy);
    if (status == EXIT_DONE) status = read_words(&r);
    if (status == EXIT_DONE && r.document_path != NULL) {
        status = explain_document(&r, policy);
    } else if (status == EXIT_DONE) {
        explain(policy);
    }
    grille_policy_free(policy);
    return status;
}
