/* SPDX-License-Identifier: Apache-2.0
 * grille attest verify. */
#include <stdio.h>
#include <string.h>

#include "anchor.h"
#include "attest.h"
#include "attest/document.h"
#include "attest/policy_rules.h"
#include "base/bytes.h"
#include "command.h"
#include "grille/attest.h"
#include "input.h"
#include "options.h"
#include "report.h"
#include "wall_time.h"

static const char usage[] =
    "usage: grille attest verify [--json] [--at TIME] [--root FILE] [--policy FILE] [--nonce HEX]\n"
    "                            [--insecure-allow-debug] [--kind enclave|nitrotpm] DOC\n"
    "         --at TIME    judge a document that was kept, as of TIME (RFC 3339, or milliseconds since 1970);\n"
    "                      without it: as of now, and no older than the policy allows\n"
    "         --root FILE  root certificate; default: the policy's, else AWS Nitro Enclaves G1 by its fingerprint\n"
    "         --policy FILE  whose enclaves are accepted; without it no measurement is compared\n"
    "         --nonce HEX  what the document must carry\n"
    "         --kind KIND  enclave (the default), or nitrotpm: a whole EC2 instance; only without a policy\n"
    "         exit status: 0 accepted, 4 rejected, 2 usage or an unreadable file\n";

/* What was asked for. */
typedef struct request {
    bool json, allow_debug;
    const char *at, *root_path, *policy_path, *nonce_hex, *kind_word, *document_path;
    grille_attest_kind kind;
    grille_wall_ms at_ms;
    uint8_t nonce[GRILLE_DOCUMENT_FIELD_MAX];
    size_t nonce_len;
    anchor root;
    grille_policy *policy; /* owned */
    input_document input;
} request;

static int fail(const grille_error *error) {
    return usage_error(usage, "attest verify: %s", error->text);
}

static int check_words(request *r) {
    if (r->at != NULL && !wall_time_parse(r->at, &r->at_ms)) {
        return usage_error(usage,
                           "attest verify: --at %s is no time from 1970 to 9999: write 2027-01-31T12:00:00Z, or "
                           "milliseconds since 1970",
                           r->at);
    }
    if (r->nonce_hex != NULL &&
        !grille_hex_decode(r->nonce_hex, strlen(r->nonce_hex), r->nonce, sizeof r->nonce, &r->nonce_len)) {
        return usage_error(usage, "attest verify: --nonce is 1 to %d bytes in hex", GRILLE_DOCUMENT_FIELD_MAX);
    }
    if (r->kind_word != NULL && strcmp(r->kind_word, "nitrotpm") == 0) {
        r->kind = GRILLE_ATTEST_NITROTPM;
    } else if (r->kind_word != NULL && strcmp(r->kind_word, "enclave") != 0) {
        return usage_error(usage, "attest verify: --kind is enclave or nitrotpm, not \"%s\"", r->kind_word);
    }
    if (r->policy_path != NULL && r->kind == GRILLE_ATTEST_NITROTPM) {
        return usage_error(usage, "attest verify: a policy is about enclaves: --kind nitrotpm goes without one");
    }
    if (r->policy_path != NULL && r->allow_debug) {
        return usage_error(usage, "attest verify: with --policy, debug is the policy's matter: write "
                                  "insecure_allow_debug: true there");
    }
    return EXIT_DONE;
}

static int read_files(request *r) {
    grille_error error = {.code = GRILLE_OK};
    if (r->policy_path != NULL && grille_policy_load(r->policy_path, &r->policy, &error) != GRILLE_OK) {
        (void)fprintf(stderr, "grille: attest verify: %s: %s\n", error.name, error.text);
        return EXIT_USAGE;
    }
    if (r->root_path != NULL && !anchor_read(r->root_path, &r->root, &error)) return fail(&error);
    if (!input_read_document(r->document_path, &r->input, &error)) return fail(&error);
    return EXIT_DONE;
}

static void fill_from_document(const grille_document *document, report *result) {
    result->readable = true;
    result->module_id = document->module_id;
    result->timestamp_ms = document->timestamp_ms;
    result->of_enclave = document->kind == GRILLE_ATTEST_ENCLAVE;
    result->pcr_mask = result->of_enclave ? document->pcr_mask : document->nitrotpm_pcr_mask;
    memcpy(result->pcrs, result->of_enclave ? document->pcrs : document->nitrotpm_pcrs, sizeof result->pcrs);
    result->public_key = document->public_key;
    result->user_data = document->user_data;
    result->nonce = document->nonce;
    result->debug = result->of_enclave && (document->pcr_mask & 1u) != 0 && grille_bytes_all_zero(document->pcrs[0]);
}

/* False: neither accepted nor rejected; the error is of another kind. */
static bool judge(const request *r, grille_attest_facts *facts, report *result) {
    grille_attest_options options = grille_attest_options_default();
    grille_document document;
    grille_error ignored;
    grille_code code;
    if (r->input.too_long) {
        (void)input_refuse_length(&result->error);
        return true;
    }
    options.policy = r->policy;
    options.nonce = grille_bytes_of(r->nonce, r->nonce_len);
    options.any_user_data = true;
    options.insecure_development_root = r->root.development_root;
    options.insecure_allow_debug = r->allow_debug;
    options.insecure_without_nonce = r->nonce_hex == NULL;
    options.kind = r->kind;
    code = r->at != NULL
               ? grille_attest_verify_stored(r->input.document, &options, r->at_ms, facts, &result->error)
               : grille_attest_verify_live(r->input.document, &options, wall_time_now(), facts, &result->error);
    result->accepted = code == GRILLE_OK;
    if (grille_document_read_kind(r->input.document, r->kind, &document, &ignored) == GRILLE_REASON_OK) {
        fill_from_document(&document, result);
    }
    return result->accepted || strncmp(result->error.name, "ATTEST-", 7) == 0;
}

static void warn_what_is_not_checked(const request *r) {
    if (r->policy == NULL) {
        (void)fputs("grille: attest verify: without --policy no measurement is compared: any enclave passes\n", stderr);
    }
    if (r->at == NULL && r->nonce_hex == NULL) {
        (void)fputs("grille: attest verify: without --nonce the document is fresh by its time alone\n", stderr);
    }
    if (r->at != NULL && r->at_ms < INT64_C(100000000000) && r->at[strspn(r->at, "0123456789")] == '\0') {
        (void)fprintf(stderr, "grille: attest verify: --at is in milliseconds, and %s is early in the 1970s\n", r->at);
    }
}

static const char *root_name(const request *r) {
    if (r->root.development_root.len != 0) return r->root_path;
    if (r->policy != NULL && r->policy->development_root.len != 0) return "the policy's insecure_development_root";
    return "AWS Nitro Enclaves G1";
}

static int verify(request *r) {
    grille_attest_facts facts;
    report result = {.accepted = false};
    if (!judge(r, &facts, &result)) {
        if (strcmp(result.error.name, "BAD-ARGUMENT") == 0) return fail(&result.error);
        (void)fprintf(stderr, "grille: attest verify: %s: %s\n", result.error.name, result.error.text);
        return EXIT_FAILED;
    }
    warn_what_is_not_checked(r);
    if (result.accepted) {
        result.debug = facts.debug;
        result.expires_ms = facts.expires_ms;
        result.set = r->policy != NULL ? facts.set : NULL;
        result.insecure = facts.insecure;
        result.nonce_compared = r->nonce_hex != NULL;
        result.root = root_name(r);
    }
    if (r->json) {
        report_json(&result);
        if (!result.accepted) (void)fprintf(stderr, "grille: %s: %s\n", result.error.name, result.error.text);
    } else {
        report_text(&result);
    }
    if (fflush(stdout) != 0) {
        perror("grille: attest verify: standard output");
        return EXIT_FAILED;
    }
    return result.accepted ? EXIT_DONE : EXIT_REJECTED;
}

int attest_verify(int argc, char **argv) {
    static request r;
    const command_option options[] = {
        {"--json", &r.json, NULL},
        {"--at", NULL, &r.at},
        {"--root", NULL, &r.root_path},
        {"--policy", NULL, &r.policy_path},
        {"--nonce", NULL, &r.nonce_hex},
        {"--kind", NULL, &r.kind_word},
        {"--insecure-allow-debug", &r.allow_debug, NULL},
    };
    const command_line line = {.command = "attest verify",
                               .usage = usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0],
                               .operands = &r.document_path,
                               .least = 1,
                               .most = 1,
                               .operand_name = "DOC"};
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    status = check_words(&r);
    if (status == EXIT_DONE) status = read_files(&r);
    if (status == EXIT_DONE) status = verify(&r);
    grille_policy_free(r.policy);
    return status;
}
