/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "attest/x509.h"
#include "base/bytes.h"
#include "base/error.h"
#include "crypto/pem.h"
#include "kms/client_private.h"
#include "wire/utf8.h"

/* Far beyond what the options may have: 32 keys, 64 certificates, a context. */
enum { config_bytes = 1048576 };

grille_kms_options grille_kms_options_default(void) {
    return (grille_kms_options){.size = sizeof(grille_kms_options),
                                .port = 443,
                                .max_in_flight = GRILLE_DEFAULT_KMS_IN_FLIGHT,
                                .max_queued = GRILLE_DEFAULT_KMS_QUEUED,
                                .timeout_ms = GRILLE_DEFAULT_KMS_TIMEOUT_MS,
                                .connect_timeout_ms = GRILLE_DEFAULT_KMS_CONNECT_TIMEOUT_MS,
                                .attempt_timeout_ms = GRILLE_DEFAULT_KMS_ATTEMPT_TIMEOUT_MS,
                                .max_attempts = GRILLE_DEFAULT_KMS_ATTEMPTS,
                                .first_backoff_ms = GRILLE_DEFAULT_KMS_FIRST_BACKOFF_MS,
                                .longest_backoff_ms = GRILLE_DEFAULT_KMS_LONGEST_BACKOFF_MS,
                                .uses_per_key = GRILLE_DEFAULT_KMS_USES_PER_KEY,
                                .key_age_ms = GRILLE_DEFAULT_KMS_KEY_AGE_MS,
                                .keys_ahead = GRILLE_DEFAULT_KMS_KEYS_AHEAD};
}

grille_kms_call_options grille_kms_call_options_default(void) {
    return (grille_kms_call_options){.size = sizeof(grille_kms_call_options)};
}

static grille_reason check_number(const char *name, uint32_t value, uint32_t least, uint32_t most,
                                  grille_error *error) {
    if (value >= least && value <= most) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_LOOP_BAD_OPTIONS, "%s: observed %u, expected %u to %u", name, value,
                            least, most);
}

/* Times stay below half a day: sums of them are far from any bound. */
static grille_reason check_numbers(const grille_kms_options *options, grille_error *error) {
    enum { most_ms = 43200000 };
    const struct {
        const char *name;
        uint32_t value, least, most;
    } rows[] = {
        {"port", options->port, 1, 65535},
        {"max_in_flight", options->max_in_flight, 1, GRILLE_LIMIT_KMS_IN_FLIGHT},
        {"max_queued", options->max_queued, 0, GRILLE_LIMIT_KMS_QUEUED},
        {"timeout_ms", options->timeout_ms, 1, most_ms},
        {"connect_timeout_ms", options->connect_timeout_ms, 1, most_ms},
        {"attempt_timeout_ms", options->attempt_timeout_ms, 1, most_ms},
        {"max_attempts", options->max_attempts, 1, 1000},
        {"first_backoff_ms", options->first_backoff_ms, 1, most_ms},
        {"longest_backoff_ms", options->longest_backoff_ms, options->first_backoff_ms, most_ms},
        {"uses_per_key", options->uses_per_key, 1, 65536},
        {"key_age_ms", options->key_age_ms, 1, most_ms},
        {"keys_ahead", options->keys_ahead, 0, GRILLE_LIMIT_KMS_KEYS_AHEAD},
    };
    grille_reason reason = GRILLE_REASON_OK;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && reason == GRILLE_REASON_OK; i++)
        reason = check_number(rows[i].name, rows[i].value, rows[i].least, rows[i].most, error);
    return reason;
}

static bool consists_of(const char *text, const char *characters, size_t most) {
    const size_t len = strnlen(text, most + 1);
    return len > 0 && len <= most && strspn(text, characters) == len;
}

#define SMALL_WORD "abcdefghijklmnopqrstuvwxyz0123456789-"
#define WORD       SMALL_WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static grille_reason copy_text(kms_config *config, const char *text, const char **copy, grille_error *error) {
    const grille_bytes bytes = {(const uint8_t *)(const void *)text, strlen(text) + 1};
    const grille_bytes kept = grille_arena_copy(&config->arena, bytes);
    *copy = (const char *)kept.data;
    return kept.data != NULL ? GRILLE_REASON_OK : grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
}

static grille_reason take_names(kms_config *config, const grille_kms_options *options, grille_error *error) {
    char host[GRILLE_LIMIT_KMS_HOST_BYTES + 1];
    grille_reason reason;
    if (options->region == NULL || !consists_of(options->region, SMALL_WORD, 32)) {
        return grille_error_set(error, GRILLE_REASON_LOOP_BAD_OPTIONS,
                                "region: expected a region's name, as eu-central-1, of small letters, digits and "
                                "hyphens");
    }
    (void)snprintf(host, sizeof host, "kms.%s.amazonaws.com%s", options->region,
                   strncmp(options->region, "cn-", 3) == 0 ? ".cn" : "");
    if (options->host != NULL && !consists_of(options->host, SMALL_WORD ".", GRILLE_LIMIT_KMS_HOST_BYTES)) {
        return grille_error_set(error, GRILLE_REASON_LOOP_BAD_OPTIONS,
                                "host: expected a DNS name of small letters, digits, hyphens and dots, without a port, "
                                "or NULL for %s",
                                host);
    }
    reason = copy_text(config, options->region, &config->region, error);
    if (reason != GRILLE_REASON_OK) return reason;
    return copy_text(config, options->host != NULL ? options->host : host, &config->host, error);
}

/* Takes 1 to `most` of these characters, and what has to follow them. */
static bool take_part(const char **at, const char *characters, size_t most, const char *then) {
    const size_t len = strspn(*at, characters);
    if (len == 0 || len > most || strncmp(*at + len, then, strlen(then)) != 0) return false;
    *at += len + strlen(then);
    return true;
}

/* "arn:PARTITION:kms:REGION:ACCOUNT:key/ID": aliases and bare ids could mean another key tomorrow, or in another
 * account, and are not what answers name. */
static bool is_key_arn(const char *arn, const char *region) {
    const char *at = arn, *account = NULL;
    if (strnlen(arn, GRILLE_LIMIT_KMS_KEY_ID_BYTES + 1) > GRILLE_LIMIT_KMS_KEY_ID_BYTES || strncmp(arn, "arn:", 4) != 0)
        return false;
    at += 4;
    if (!take_part(&at, SMALL_WORD, 16, ":kms:") || strncmp(at, region, strlen(region)) != 0) return false;
    at += strlen(region);
    if (*at++ != ':') return false;
    account = at;
    return take_part(&at, "0123456789", 12, ":key/") && at - account == 12 + 5 && take_part(&at, WORD, 64, "") &&
           *at == '\0';
}

static grille_reason take_keys(kms_config *config, const grille_kms_options *options, grille_error *error) {
    const size_t count = options->key_arn_count;
    grille_reason reason = GRILLE_REASON_OK;
    if (count == 0 || count > GRILLE_LIMIT_KMS_KEYS || options->key_arns == NULL) {
        return grille_error_set(error, GRILLE_REASON_LOOP_BAD_OPTIONS,
                                "key_arns: observed %zu, expected 1 to %d: the keys that this enclave may use", count,
                                GRILLE_LIMIT_KMS_KEYS);
    }
    config->key_arns = grille_arena_alloc(&config->arena, count * sizeof *config->key_arns);
    if (config->key_arns == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    for (size_t i = 0; i < count && reason == GRILLE_REASON_OK; i++) {
        const char *arn = options->key_arns[i];
        if (arn == NULL || !is_key_arn(arn, config->region)) {
            return grille_error_set(
                error, GRILLE_REASON_LOOP_BAD_OPTIONS,
                "key_arns: observed %.*s, expected arn:aws:kms:%s:ACCOUNT:key/ID, no alias. Take it "
                "from: aws kms describe-key --key-id ID",
                GRILLE_LIMIT_KMS_KEY_ID_BYTES / 2, arn != NULL ? arn : "NULL", config->region);
        }
        reason = copy_text(config, arn, &config->key_arns[i], error);
    }
    return reason;
}

static grille_reason read_anchor(kms_config *config, grille_reader *pem, grille_bytes *anchor) {
    uint8_t der[GRILLE_LIMIT_PEER_CERTIFICATE_BYTES];
    grille_pem_label label;
    grille_x509 parsed;
    size_t len = 0;
    grille_reason reason = grille_pem_read(pem, &label, der, sizeof der, &len);
    if (reason == GRILLE_REASON_OK && label != GRILLE_PEM_CERTIFICATE) reason = GRILLE_REASON_CRYPTO_BAD_PEM;
    if (reason == GRILLE_REASON_OK) reason = grille_x509_read(grille_bytes_of(der, len), &parsed);
    if (reason == GRILLE_REASON_OK && !parsed.is_ca) reason = GRILLE_REASON_ATTEST_CERT_NOT_CA;
    if (reason == GRILLE_REASON_OK) *anchor = grille_arena_copy(&config->arena, grille_bytes_of(der, len));
    grille_wipe(der, sizeof der); /* somebody may have given a private key */
    if (reason != GRILLE_REASON_OK) return reason;
    return anchor->data != NULL ? GRILLE_REASON_OK : GRILLE_REASON_OUT_OF_MEMORY;
}

static grille_reason take_anchors(kms_config *config, const grille_kms_options *options, grille_error *error) {
    grille_reader pem = grille_reader_of(options->ca_pem);
    grille_reason reason = GRILLE_REASON_OK;
    config->anchors = grille_arena_alloc(&config->arena, GRILLE_LIMIT_POLICY_AUTHORITIES * sizeof *config->anchors);
    if (config->anchors == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    while (grille_pem_more(&pem) && config->anchor_count < GRILLE_LIMIT_POLICY_AUTHORITIES) {
        reason = read_anchor(config, &pem, &config->anchors[config->anchor_count]);
        if (reason == GRILLE_REASON_OUT_OF_MEMORY) return grille_error_default(error, reason);
        if (reason != GRILLE_REASON_OK) break;
        config->anchor_count++;
    }
    if (reason == GRILLE_REASON_OK && config->anchor_count > 0 && !grille_pem_more(&pem)) return reason;
    return grille_error_set(error, GRILLE_REASON_LOOP_BAD_OPTIONS,
                            "ca_pem: certificate %zu: %s; expected 1 to %d CAs in PEM: the roots that may issue the "
                            "service's certificate, as those of Amazon Trust Services",
                            config->anchor_count + 1,
                            reason != GRILLE_REASON_OK  ? grille_reason_text(reason)
                            : config->anchor_count == 0 ? "there is none"
                                                        : "one too many",
                            GRILLE_LIMIT_POLICY_AUTHORITIES);
}

static bool is_text(grille_bytes text, bool may_be_empty) {
    return (text.len > 0 || may_be_empty) && grille_utf8_valid(text);
}

grille_reason grille_kms_check_context(const grille_kms_pair *pairs, size_t count, grille_error *error) {
    size_t bytes = 0;
    if (count > GRILLE_LIMIT_KMS_CONTEXT_PAIRS || (count > 0 && pairs == NULL)) {
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                "the encryption context: observed %zu pairs, expected at most %d", count,
                                GRILLE_LIMIT_KMS_CONTEXT_PAIRS);
    }
    for (size_t i = 0; i < count; i++) {
        bytes += pairs[i].key.len + pairs[i].value.len;
        if (!is_text(pairs[i].key, false) || !is_text(pairs[i].value, true)) {
            return grille_error_set(
                error, GRILLE_REASON_BAD_ARGUMENT,
                "the encryption context: expected UTF-8 texts, pair %zu is none, or has an empty key", i + 1);
        }
        for (size_t before = 0; before < i; before++)
            if (grille_bytes_equal(pairs[before].key, pairs[i].key))
                return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                        "the encryption context: pairs %zu and %zu have the same key", before + 1,
                                        i + 1);
    }
    if (bytes <= GRILLE_LIMIT_KMS_CONTEXT_BYTES) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                            "the encryption context: observed %zu bytes, expected at most %d", bytes,
                            GRILLE_LIMIT_KMS_CONTEXT_BYTES);
}

static grille_reason take_context(kms_config *config, const grille_kms_options *options, grille_error *error) {
    const size_t count = options->required_context_count;
    const grille_reason reason = grille_kms_check_context(options->required_context, count, error);
    if (reason != GRILLE_REASON_OK || count == 0) return reason;
    config->context = grille_arena_alloc(&config->arena, count * sizeof *config->context);
    if (config->context == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    for (size_t i = 0; i < count; i++) {
        const grille_kms_pair *pair = &options->required_context[i];
        config->context[i].key = grille_arena_copy(&config->arena, pair->key);
        config->context[i].value = grille_arena_copy(&config->arena, pair->value);
        if (config->context[i].key.data == NULL || (config->context[i].value.data == NULL && pair->value.len > 0))
            return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    }
    config->context_count = count;
    return GRILLE_REASON_OK;
}

static grille_reason take_address(kms_config *config, const grille_kms_options *options, grille_error *error) {
    grille_reason reason;
    if (options->egress == NULL) return GRILLE_REASON_OK;
    reason = grille_address_parse(options->egress, &config->address, error);
    if (reason != GRILLE_REASON_OK) return reason;
    if (!grille_dialer_takes(&config->address) || config->address.kind == GRILLE_ADDRESS_FD) {
        return grille_error_set(error, GRILLE_REASON_LOOP_ADDRESS_UNSUPPORTED,
                                "egress: observed %.100s, expected an address that can be dialled again and again, as "
                                "vsock:parent:8000",
                                options->egress);
    }
    config->has_address = true;
    return reason;
}

grille_reason grille_kms_config_init(kms_config *config, const grille_kms_options *options, grille_error *error) {
    grille_reason reason;
    *config = (kms_config){.options = *options};
    grille_budget_init(&config->budget, config_bytes);
    grille_arena_init(&config->arena, NULL, 0, &config->budget);
    if (options->identity == NULL || grille_identity_get_kind(options->identity) != GRILLE_IDENTITY_NITRO) {
        return grille_error_set(
            error, GRILLE_REASON_ATTEST_IDENTITY,
            "identity: observed %s, expected one of grille_identity_open_nsm: a key service asks for "
            "an enclave's document",
            options->identity == NULL ? "none"
                                      : grille_identity_kind_name(grille_identity_get_kind(options->identity)));
    }
    config->identity = grille_identity_ref(options->identity);
    reason = check_numbers(options, error);
    if (reason == GRILLE_REASON_OK) reason = take_names(config, options, error);
    if (reason == GRILLE_REASON_OK) reason = take_keys(config, options, error);
    if (reason == GRILLE_REASON_OK) reason = take_anchors(config, options, error);
    if (reason == GRILLE_REASON_OK) reason = take_context(config, options, error);
    if (reason == GRILLE_REASON_OK) reason = take_address(config, options, error);
    return reason;
}

void grille_kms_config_deinit(kms_config *config) {
    grille_identity_free(config->identity);
    grille_arena_reset(&config->arena);
}
