/* SPDX-License-Identifier: Apache-2.0
 * grille kms policy. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/reader.h"
#include "command.h"
#include "crypto/crypto.h"
#include "crypto/pem.h"
#include "input.h"
#include "kms.h"
#include "kms_policy_text.h"
#include "nsm/measure.h"
#include "options.h"

static const char usage[] =
    "usage: grille kms policy --key ARN --role ARN [options] MEASUREMENTS… > key-policy.json\n"
    "         a key policy that releases the key to enclaves of these builds only; what it means goes to\n"
    "         standard error. MEASUREMENTS is what nitro-cli build-enclave or grille enclave build printed\n"
    "         --key ARN        the key, arn:aws:kms:REGION:ACCOUNT:key/ID\n"
    "         --role ARN       the parent's role, whose credentials the enclave uses\n"
    "         --release        pin the signer (PCR8) in place of the builds (PCR0): survives a roll-out\n"
    "         --pcr3 ARN       only on instances of this role\n"
    "         --pcr4 INSTANCE  only on this instance, i-…\n"
    "         --pcr8 CERT      only images signed with this certificate (PEM or DER); measurements of signed\n"
    "                          images say so themselves\n"
    "         --producer ARN   who makes data keys and encrypts outside of enclaves, in place of the parent\n"
    "         --admin ARN      who manages the key; default the account's root, that is its IAM policies\n"
    "         --context N=V    only with this pair of the encryption context; up to 8 times\n"
    "         --quiet          no explanation\n"
    "         exit status: 0 printed, 2 usage or a file that can't be used\n"
    "       then: aws kms put-key-policy --key-id ARN --policy-name default --policy file://key-policy.json\n";

typedef struct request {
    const char *key, *instance, *host, *certificate;
    const char *measurements[KMS_POLICY_VALUES];
    bool is_release, is_quiet;
    kms_policy_text text;
} request;

static const char *last_slash(const char *text) {
    const char *slash = strrchr(text, '/');
    return slash != NULL ? slash + 1 : text;
}

/* "i-" and 8 or 17 hex digits (EC2 User Guide, "Resource IDs"). */
static bool is_instance(const char *text) {
    const size_t len = strlen(text);
    return strncmp(text, "i-", 2) == 0 && strspn(text + 2, "0123456789abcdef") == len - 2 && (len == 10 || len == 19);
}

static bool add_hashed(kms_policy_pin *pin, const char *text) {
    uint8_t pcr[GRILLE_PCR_BYTES];
    return grille_measure_pcr(grille_crypto_wolf(), grille_bytes_of_text(text), pcr) == GRILLE_REASON_OK &&
           kms_policy_pin_add(pin, pcr);
}

static bool add_certificate(kms_policy_pin *pin, const char *path, grille_error *error) {
    static uint8_t content[16384], der[16384];
    uint8_t pcr[GRILLE_PCR_BYTES];
    grille_pem_label label = GRILLE_PEM_PUBLIC_KEY;
    grille_bytes certificate;
    size_t len = 0;
    bool more = false;
    if (!input_read(path, content, sizeof content, &len, &more, error)) return false;
    certificate = grille_bytes_of(content, len);
    if (len > 10 && memcmp(content, "-----BEGIN", 10) == 0) {
        grille_reader reader = grille_reader_of(certificate);
        if (grille_pem_read(&reader, &label, der, sizeof der, &len) != GRILLE_REASON_OK ||
            label != GRILLE_PEM_CERTIFICATE || grille_pem_more(&reader))
            len = 0;
        certificate = grille_bytes_of(der, len);
    }
    if (more || certificate.len < 2 || certificate.data[0] != 0x30) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s is not one certificate, PEM or DER", path);
        return false;
    }
    return grille_measure_image(grille_crypto_wolf(), certificate, pcr) == GRILLE_REASON_OK &&
           kms_policy_pin_add(pin, pcr);
}

static int check_words(const request *r) {
    kms_arn role;
    const kms_policy_text *text = &r->text;
    if (r->key == NULL || text->role == NULL) return usage_error(usage, "kms policy: --key and --role are needed");
    if (!kms_arn_read_key(r->key, &(kms_arn){.region = {NULL, 0}}))
        return usage_error(usage, "kms policy: --key is an ARN like arn:aws:kms:eu-central-1:111122223333:key/%s",
                           strstr(r->key, "alias/") != NULL ? "ID: an alias can be pointed elsewhere" : "ID");
    if (!kms_arn_read_role(text->role, &role))
        return usage_error(usage, "kms policy: --role is an ARN like arn:aws:iam::111122223333:role/NAME");
    if (r->host != NULL && !kms_arn_read_role(r->host, &role))
        return usage_error(usage, "kms policy: --pcr3 is a role's ARN like arn:aws:iam::111122223333:role/NAME");
    if (r->instance != NULL && !is_instance(r->instance))
        return usage_error(usage, "kms policy: --pcr4 is an instance's id like i-0123456789abcdef0");
    if (text->producer != NULL && !kms_arn_read_principal(text->producer, &role))
        return usage_error(usage, "kms policy: --producer is the ARN of a role or user");
    if (text->admin != NULL && !kms_arn_read_principal(text->admin, &role))
        return usage_error(usage, "kms policy: --admin is the ARN of a role or user, or an account's root");
    for (size_t i = 0; i < text->context_count; i++) {
        const char *pair = text->context[i], *equals = strchr(pair, '=');
        if (equals == NULL || equals == pair || equals - pair > 256 || equals[1] == '\0')
            return usage_error(usage, "kms policy: --context is NAME=VALUE");
    }
    return EXIT_DONE;
}

static bool add_measurements(request *r, const char *path, size_t *signed_count, grille_error *error) {
    measurements measured = {.mask = 0};
    if (!measurements_read(path, &measured, error)) return false;
    if (!r->is_release && !kms_policy_pin_add(&r->text.image, measured.pcrs[0])) return false;
    if ((measured.mask & UINT32_C(1) << 8) == 0) return true;
    (*signed_count)++;
    return kms_policy_pin_add(&r->text.signer, measured.pcrs[8]);
}

/* What measurements and options pin. */
static int collect(request *r, size_t files) {
    grille_error error = {.code = GRILLE_OK};
    size_t signed_count = 0;
    for (size_t i = 0; i < files; i++)
        if (!add_measurements(r, r->measurements[i], &signed_count, &error))
            return usage_error(usage, "kms policy: %s", error.text);
    if (r->certificate != NULL) {
        /* What is said counts, not what the files happen to have. */
        r->text.signer.count = 0;
        if (!add_certificate(&r->text.signer, r->certificate, &error))
            return usage_error(usage, "kms policy: %s", error.text);
    } else if (signed_count < files) {
        r->text.signer.count = 0;
    }
    if (r->is_release && r->text.signer.count == 0)
        return usage_error(
            usage,
            "kms policy: --release pins the signer, and %s of %s is of no signed image: sign it, or give "
            "its certificate with --pcr8",
            "PCR8", last_slash(r->measurements[0]));
    if ((r->host != NULL && !add_hashed(&r->text.host, r->host)) ||
        (r->instance != NULL && !add_hashed(&r->text.instance, r->instance)))
        return usage_error(usage, "kms policy: a PCR could not be computed");
    return EXIT_DONE;
}

int kms_policy(int argc, char **argv) {
    static request r;
    const command_option options[] = {
        {.name = "--key", .value = &r.key},          {.name = "--role", .value = &r.text.role},
        {.name = "--pcr3", .value = &r.host},        {.name = "--pcr4", .value = &r.instance},
        {.name = "--pcr8", .value = &r.certificate}, {.name = "--producer", .value = &r.text.producer},
        {.name = "--admin", .value = &r.text.admin}, {.name = "--release", .flag = &r.is_release},
        {.name = "--quiet", .flag = &r.is_quiet}};
    const command_list_option lists[] = {
        {.name = "--context", .values = r.text.context, .count = &r.text.context_count, .most = KMS_POLICY_VALUES}};
    const command_line line = {.command = "kms policy",
                               .usage = usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0],
                               .list_options = lists,
                               .list_option_count = 1,
                               .operands = r.measurements,
                               .least = 1,
                               .most = KMS_POLICY_VALUES,
                               .operand_name = "MEASUREMENTS"};
    size_t files = 0;
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    status = check_words(&r);
    while (files < KMS_POLICY_VALUES && r.measurements[files] != NULL)
        files++;
    if (status == EXIT_DONE) status = collect(&r, files);
    if (status != EXIT_DONE || !kms_arn_read_key(r.key, &r.text.key)) return status;
    kms_policy_write(&r.text, stdout);
    if (!r.is_quiet) kms_policy_explain(&r.text, stderr);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}
