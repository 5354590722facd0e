/* SPDX-License-Identifier: Apache-2.0 */
#include "service.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

kms_service service;
kms_caller caller;
grille_wall_ms now_ms;
forge_chain chain;

static grille_bytes root;
static EVP_PKEY *key;
static uint8_t *spki;
static size_t spki_len;
static char folder[32];
static char path[64];
static kms_answer answer;
static json_t *answer_body;
static json_t *log_line;

/* In place of libc's, for SQLite too: nothing here is about disks, which are slow (store_kill_test.c counts them). */
int fsync(int file) {
    (void)file;
    return 0;
}

int fdatasync(int file) {
    return fsync(file);
}

/* Keys take long: one set for all groups. */
int service_group_setup(void **state) {
    static forge_template templates[FORGE_CHAIN];
    int len;
    (void)state;
    if (key != NULL) return 0;
    forge_chain_templates(templates);
    forge_chain_make(templates, &chain);
    root = forge_chain_der(&chain, 0);
    key = EVP_RSA_gen(2048);
    assert_non_null(key);
    len = i2d_PUBKEY(key, &spki);
    assert_true(len > 0);
    spki_len = (size_t)len;
    return 0;
}

static void open_store(void) {
    grille_error error;
    const grille_reason reason = kms_store_open(path, &service.store, &error);
    if (reason != GRILLE_REASON_OK) fail_msg("%s", error.text);
}

int service_setup(void **state) {
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/kms_emulator_XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/keys.sqlite", folder);
    now_ms = FORGE_NOW_MS;
    service =
        (kms_service){.region = REGION, .insecure_development_roots = &root, .insecure_development_root_count = 1};
    caller = (kms_caller){.arn = ROLE_SESSION,
                          .account = ACCOUNT,
                          .access_key_id = "ASIAEXAMPLE",
                          .identity_policy_allows = true,
                          .source_address = "127.0.0.1",
                          .user_agent = "a test"};
    open_store();
    return 0;
}

static void remove_file(const char *suffix) {
    char name[96];
    (void)snprintf(name, sizeof name, "%s%s", path, suffix);
    (void)unlink(name); /* SQLite removes what it needs no more */
}

int service_teardown(void **state) {
    (void)state;
    kms_answer_clear(&answer);
    json_decref(answer_body);
    json_decref(log_line);
    answer_body = NULL;
    log_line = NULL;
    kms_store_close(service.store);
    service.store = NULL;
    remove_file("");
    remove_file("-wal");
    remove_file("-shm");
    return rmdir(folder);
}

const char *service_store_path(void) {
    return path;
}

void service_reopen(void) {
    kms_store_close(service.store);
    open_store();
}

const json_t *ask_raw(const char *target, grille_bytes body) {
    const kms_request request = {.target = target, .body = body, .now_ms = now_ms};
    kms_answer_clear(&answer);
    json_decref(answer_body);
    json_decref(log_line);
    kms_action(&service, &caller, &request, &answer);
    answer_body = json_loadb(answer.body, answer.body_len, JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_is_object(answer_body));
    assert_non_null(answer.log);
    assert_null(strchr(answer.log, '\n'));
    log_line = json_loads(answer.log, JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_is_object(log_line));
    assert_int_equal(36, strlen(answer.request_id));
    assert_string_equal(answer.request_id, json_string_value(json_object_get(log_line, "requestID")));
    assert_string_equal(kms_error_type(answer.error), answer_type());
    assert_int_equal(kms_error_status(answer.error), answer.status);
    return answer_body;
}

const json_t *ask(const char *action, const char *format, ...) {
    char target[64];
    char *body;
    int len;
    va_list arguments;
    const json_t *result;
    (void)snprintf(target, sizeof target, "TrentService.%s", action);
    va_start(arguments, format);
    len = vasprintf(&body, format, arguments);
    va_end(arguments);
    assert_true(len >= 0);
    result = ask_raw(target, grille_bytes_of(body, (size_t)len));
    free(body);
    return result;
}

const json_t *ask_last(void) {
    return answer_body;
}

const char *answer_text(const char *name) {
    return json_string_value(json_object_get(answer_body, name));
}

const char *answer_type(void) {
    const char *type = answer_text("__type");
    return type == NULL ? "" : type;
}

const char *answer_message(void) {
    const char *message = answer_text(answer.error == KMS_ERROR_ACCESS_DENIED ? "Message" : "message");
    return message == NULL ? "" : message;
}

unsigned answer_status(void) {
    return answer.status;
}

const json_t *answer_log(void) {
    return log_line;
}

void assert_refused(const char *type) {
    if (strcmp(type, answer_type()) != 0) fail_msg("expected %s: %s", type, answer.body);
}

void assert_done(void) {
    if (answer.error != KMS_ERROR_NONE) fail_msg("%s", answer.body);
    assert_int_equal(200, answer.status);
}

static const char *kept_id(void) {
    static char ids[4][KMS_KEY_ID_BYTES];
    static unsigned next;
    char *id = ids[next++ % 4];
    const json_t *metadata = json_object_get(answer_body, "KeyMetadata");
    assert_done();
    (void)snprintf(id, KMS_KEY_ID_BYTES, "%s", json_string_value(json_object_get(metadata, "KeyId")));
    return id;
}

const char *make_key(void) {
    (void)ask("CreateKey", "{}");
    return kept_id();
}

const char *make_key_with(const char *policy) {
    json_t *body = json_pack("{s:s, s:b}", "Policy", policy, "BypassPolicyLockoutSafetyCheck", true);
    char *text = json_dumps(body, 0);
    (void)ask("CreateKey", "%s", text);
    free(text);
    json_decref(body);
    return kept_id();
}

const char *base64(grille_bytes bytes) {
    static char texts[4][40000];
    static unsigned next;
    char *text = texts[next++ % 4];
    assert_true(bytes.len < 3 * sizeof texts[0] / 4 - 4);
    (void)EVP_EncodeBlock((unsigned char *)text, bytes.len == 0 ? (const uint8_t *)"" : bytes.data, (int)bytes.len);
    return text;
}

grille_bytes unbase64(const char *text) {
    static uint8_t buffers[4][40000];
    static unsigned next;
    uint8_t *bytes = buffers[next++ % 4];
    size_t text_len, padding;
    assert_non_null(text);
    text_len = strlen(text);
    padding = text_len >= 2 ? (size_t)((text[text_len - 1] == '=') + (text[text_len - 2] == '=')) : 0;
    assert_int_equal(text_len / 4 * 3, EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)text_len));
    return grille_bytes_of(bytes, text_len / 4 * 3 - padding);
}

EVP_PKEY *recipient_key(void) {
    return key;
}

grille_bytes recipient_spki(void) {
    return grille_bytes_of(spki, spki_len);
}

grille_bytes spki_of_bits(int bits, unsigned exponent, uint8_t out[1024]) {
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
    BIGNUM *modulus = BN_new();
    BIGNUM *e = BN_new();
    OSSL_PARAM *parameters;
    EVP_PKEY *made = NULL;
    int len;
    assert_int_equal(1, BN_rand(modulus, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD));
    assert_int_equal(1, BN_set_word(e, exponent));
    assert_int_equal(1, OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus));
    assert_int_equal(1, OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e));
    parameters = OSSL_PARAM_BLD_to_param(builder);
    assert_int_equal(1, EVP_PKEY_fromdata_init(context));
    assert_int_equal(1, EVP_PKEY_fromdata(context, &made, EVP_PKEY_PUBLIC_KEY, parameters));
    len = i2d_PUBKEY(made, &out);
    assert_in_range(len, 1, 1024);
    EVP_PKEY_free(made);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    BN_free(modulus);
    BN_free(e);
    return grille_bytes_of(out - len, (size_t)len); /* i2d moves the pointer behind what it wrote */
}

void document_init(forge_document *document) {
    forge_document_init(document, &chain);
    document->public_key = recipient_spki();
}

const char *document_base64(const forge_document *document) {
    return base64(forge_document_sign(document, &chain));
}
