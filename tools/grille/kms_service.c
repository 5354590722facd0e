/* SPDX-License-Identifier: Apache-2.0
 * What is said is made a signed request; kms_endpoint.h knows whom to ask. */
#include "kms_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"
#include "command.h"
#include "files.h"
#include "json.h"
#include "kms/base64.h"
#include "kms/http.h"
#include "kms/message.h"
#include "kms/sigv4.h"
#include "kms_endpoint.h"
#include "wire/utf8.h"

enum { ATTEMPTS = 4, TIMEOUT_MS = 10000, REQUEST_BYTES = 65536, SIGNATURE_BYTES = 1024 };

/* One action under way. */
typedef struct asking {
    const char *command;
    const kms_service_options *said;
    const char *target; /* "TrentService.Encrypt" */
    kms_endpoint endpoint;
    grille_kms_role_credentials credentials;
    char *body;
    size_t body_len;
    uint8_t request[REQUEST_BYTES];
    uint8_t answer[GRILLE_LIMIT_KMS_ANSWER_BYTES];
} asking;

int kms_service_check(const char *command, const char *usage, const kms_service_options *said) {
    kms_arn key;
    if (said->key == NULL) return usage_error(usage, "%s: --key is needed", command);
    if (!kms_arn_read_key(said->key, &key))
        return usage_error(usage, "%s: --key is an ARN like arn:aws:kms:eu-central-1:111122223333:key/ID", command);
    for (size_t i = 0; i < said->pair_count; i++) {
        const char *equals = strchr(said->pairs[i], '=');
        if (equals == NULL || equals == said->pairs[i] || !grille_utf8_valid(grille_bytes_of_text(said->pairs[i])))
            return usage_error(usage, "%s: --context is NAME=VALUE, in UTF-8", command);
        for (size_t before = 0; before < i; before++)
            if (strncmp(said->pairs[before], said->pairs[i], (size_t)(equals - said->pairs[i]) + 1) == 0)
                return usage_error(usage, "%s: --context has a name twice", command);
    }
    return EXIT_DONE;
}

/* ---- the request ---- */

static bool write_body(asking *one, const char *more) {
    const kms_service_options *said = one->said;
    FILE *out = open_memstream(&one->body, &one->body_len);
    if (out == NULL) return false;
    (void)fprintf(out, "{%s\"KeyId\":", more);
    json_text(out, said->key);
    for (size_t i = 0; i < said->pair_count; i++) {
        const char *equals = strchr(said->pairs[i], '=');
        (void)fputs(i == 0 ? ",\"EncryptionContext\":{" : ",", out);
        json_quoted(out, grille_bytes_of(said->pairs[i], (size_t)(equals - said->pairs[i])));
        (void)fputc(':', out);
        json_text(out, equals + 1);
    }
    (void)fputs(said->pair_count > 0 ? "}}" : "}", out);
    return fclose(out) == 0;
}

static void add(grille_kms_header *headers, size_t *count, const char *name, const char *value) {
    headers[(*count)++] = (grille_kms_header){.name = name, .value = grille_bytes_of_text(value)};
}

/* Ascending, as they are signed; `authorization` goes before them. */
static grille_reason write_signed(asking *one, const grille_sigv4_time *now, grille_writer *request) {
    const grille_kms_role_credentials *own = &one->credentials;
    const grille_sigv4_credentials credentials = {.access_key_id = grille_bytes_of_text(own->access_key_id),
                                                  .secret_access_key = grille_bytes_of_text(own->secret_access_key),
                                                  .session_token = grille_bytes_of_text(own->session_token)};
    uint8_t signature[SIGNATURE_BYTES];
    grille_writer authorization = grille_writer_into(signature, sizeof signature);
    grille_kms_header headers[8];
    size_t count = 1;
    grille_reason reason;
    add(headers, &count, "content-type", "application/x-amz-json-1.1");
    add(headers, &count, "host", one->endpoint.host);
    add(headers, &count, "x-amz-date", now->text);
    if (own->session_token[0] != '\0') add(headers, &count, "x-amz-security-token", own->session_token);
    add(headers, &count, "x-amz-target", one->target);
    const grille_sigv4_request signing = {.method = "POST",
                                          .path = grille_bytes_of_text("/"),
                                          .headers = headers + 1,
                                          .header_count = count - 1,
                                          .body = grille_bytes_of(one->body, one->body_len),
                                          .region = one->endpoint.region,
                                          .service = "kms"};
    reason = grille_sigv4_sign(grille_crypto_wolf(), &credentials, &signing, now, &authorization);
    if (reason != GRILLE_REASON_OK) return reason;
    headers[0] = (grille_kms_header){.name = "authorization", .value = grille_written(&authorization)};
    return grille_http_write_post(headers, count, signing.body, request);
}

/* ---- the answer ---- */

static bool read_ciphertext(grille_json_token value, kms_service_answer *answer) {
    uint8_t text[8 * GRILLE_LIMIT_KMS_CIPHERTEXT_BYTES / 3];
    grille_writer characters = grille_writer_into(text, sizeof text);
    grille_writer bytes = grille_writer_into(answer->bytes, sizeof answer->bytes);
    if (value.kind != GRILLE_JSON_TEXT || !grille_json_text(value, &characters) ||
        grille_base64_read(grille_written(&characters), &bytes) != GRILLE_REASON_OK)
        return false;
    answer->len = bytes.len;
    return bytes.len > 0;
}

/* The ciphertext, and that it is of our key. */
static bool read_answer(const asking *one, grille_bytes body, kms_service_answer *answer) {
    grille_json json = grille_json_of(body);
    grille_json_token token = grille_json_next(&json);
    bool has_key = false, has_ciphertext = false;
    if (token.kind != GRILLE_JSON_OBJECT) return false;
    for (token = grille_json_next(&json); token.kind == GRILLE_JSON_KEY; token = grille_json_next(&json)) {
        const bool is_key = grille_json_is(token, "KeyId"), is_ciphertext = grille_json_is(token, "CiphertextBlob");
        if ((is_key && has_key) || (is_ciphertext && has_ciphertext)) return false;
        if (!is_key && !is_ciphertext) {
            if (!grille_json_skip(&json, token)) return false;
            continue;
        }
        token = grille_json_next(&json);
        if (is_key && !(has_key = grille_json_is(token, one->said->key))) return false;
        if (is_ciphertext && !(has_ciphertext = read_ciphertext(token, answer))) return false;
    }
    return token.kind == GRILLE_JSON_OBJECT_END && grille_json_next(&json).kind == GRILLE_JSON_END && has_key &&
           has_ciphertext;
}

/* What the service says instead. */
static int tell_refusal(const asking *one, const grille_kms_error *refusal, bool is_busy) {
    (void)fprintf(stderr, "grille: %s: %s says: %s: %s (HTTP %u)\n", one->command, one->endpoint.host,
                  refusal->type[0] != '\0' ? refusal->type : "no type", refusal->message, refusal->status);
    return is_busy ? EXIT_FAILED : EXIT_REJECTED;
}

/* ---- attempts ---- */

static void pause_before(unsigned attempt) {
    const struct timespec pause = {.tv_nsec = 100000000L << (attempt - 1)};
    (void)nanosleep(&pause, NULL);
}

/* One attempt: a status, and whether another one may end better. */
static int attempt(asking *one, kms_service_answer *answer, bool is_last, bool *again) {
    grille_writer request = grille_writer_into(one->request, sizeof one->request);
    grille_kms_exchange_result result = {.status = 0};
    grille_kms_error refusal;
    grille_kms_answer none;
    grille_error error = {.code = GRILLE_OK};
    grille_sigv4_time now;
    grille_reason reason = grille_sigv4_time_of((grille_wall_ms)time(NULL) * 1000, &now);
    if (reason == GRILLE_REASON_OK) reason = write_signed(one, &now, &request);
    if (reason == GRILLE_REASON_OK)
        reason = kms_endpoint_ask(&one->endpoint, grille_written(&request), TIMEOUT_MS, one->answer, sizeof one->answer,
                                  &result, &error);
    *again = !is_last && grille_kms_exchange_is_worth_retry(reason);
    if (reason == GRILLE_REASON_OK && result.status == 200) {
        if (read_answer(one, result.body, answer)) return EXIT_DONE;
        reason = grille_error_set(&error, GRILLE_REASON_KMS_ANSWER,
                                  "the answer is no ciphertext of %s. Likely --host or --to is not the key's service",
                                  one->said->key);
    }
    if (reason == GRILLE_REASON_OK) {
        const grille_kms_request asked = {.action = GRILLE_KMS_GENERATE_RANDOM};
        grille_writer space = grille_writer_into(one->request, sizeof one->request);
        reason = grille_kms_answer_read(&asked, result.status, result.body, &space, &none, &refusal);
        *again = !is_last && reason == GRILLE_REASON_KMS_UNAVAILABLE;
        return *again ? EXIT_FAILED : tell_refusal(one, &refusal, reason == GRILLE_REASON_KMS_UNAVAILABLE);
    }
    if (!*again) {
        (void)grille_error_default(&error, reason);
        (void)fprintf(stderr, "grille: %s: %s: %s\n", one->command, error.name, error.text);
    }
    return EXIT_FAILED;
}

static int ask(asking *one, kms_service_answer *answer) {
    bool again = true;
    int status = EXIT_FAILED;
    for (unsigned i = 1; again; i++) {
        status = attempt(one, answer, i == ATTEMPTS, &again);
        if (again) pause_before(i);
    }
    return status;
}

static int read_credentials(asking *one, const char *usage) {
    grille_kms_source *source = NULL;
    grille_error error = {.code = GRILLE_OK};
    grille_code code = kms_source_open(&one->said->source, &source, &error);
    if (code != GRILLE_OK) return usage_error(usage, "%s: %s", one->command, error.text);
    code = grille_kms_source_read(source, &one->credentials, &error);
    grille_kms_source_free(source);
    if (code == GRILLE_OK) return EXIT_DONE;
    (void)fprintf(stderr, "grille: %s: %s: %s\n", one->command, error.name, error.text);
    return code == GRILLE_INVALID_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
}

int kms_service_ask(const char *command, const char *usage, const kms_service_options *said, const char *action,
                    const char *more, kms_service_answer *answer) {
    char target[64];
    grille_error error = {.code = GRILLE_OK};
    int status = EXIT_FAILED;
    asking *one = calloc(1, sizeof *one);
    if (one == NULL) return EXIT_FAILED;
    (void)snprintf(target, sizeof target, "TrentService.%s", action);
    one->command = command;
    one->said = said;
    one->target = target;
    if (!kms_endpoint_open(said, &one->endpoint, &error)) {
        status = usage_error(usage, "%s: %s", command, error.text);
    } else {
        status = read_credentials(one, usage);
        if (status == EXIT_DONE) status = write_body(one, more) ? ask(one, answer) : EXIT_FAILED;
    }
    if (one->body != NULL) grille_wipe(one->body, one->body_len);
    free(one->body);
    kms_endpoint_close(&one->endpoint);
    grille_wipe(one, sizeof *one);
    free(one);
    return status;
}

int kms_service_deliver(const char *command, const kms_service_options *said, const kms_service_answer *answer) {
    uint8_t text[8 * GRILLE_LIMIT_KMS_CIPHERTEXT_BYTES / 3];
    grille_writer base64 = grille_writer_into(text, sizeof text);
    grille_error error = {.code = GRILLE_OK};
    if (said->output != NULL) {
        const char *slash = strrchr(said->output, '/');
        char folder[4096];
        (void)snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - said->output) : 1,
                       slash != NULL ? said->output : ".");
        if (file_write_new(folder[0] != '\0' ? folder : "/", slash != NULL ? slash + 1 : said->output,
                           grille_bytes_of(answer->bytes, answer->len), true, &error))
            return EXIT_DONE;
        (void)fprintf(stderr, "grille: %s: %s\n", command, error.text);
        return EXIT_FAILED;
    }
    grille_base64_write(&base64, grille_bytes_of(answer->bytes, answer->len));
    (void)printf("%.*s\n", (int)base64.len, (const char *)text);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}
