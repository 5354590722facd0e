/* SPDX-License-Identifier: Apache-2.0 */
#include "key_service_answer.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/document.h"
#include "base/bytes.h"
#include "base/json.h"
#include "cms_forge.h"
#include "kms/base64.h"
#include "kms/sigv4.h"
#include "oaep_forge.h"

static void need(bool good, const char *what) {
    if (good) return;
    (void)fprintf(stderr, "key_service: %s\n", what);
    abort();
}

/* ---- Reading ---- */

typedef struct head {
    grille_kms_header headers[GRILLE_LIMIT_KMS_HEADERS];
    size_t count;
} head;

static grille_bytes find(const head *from, const char *name) {
    for (size_t i = 0; i < from->count; i++)
        if (strcmp(from->headers[i].name, name) == 0) return from->headers[i].value;
    return grille_bytes_of(NULL, 0);
}

/* Cuts the head into lines; the body. */
static grille_bytes read_head(char *bytes, size_t len, head *out) {
    static const char first[] = "POST / HTTP/1.1\r\n";
    char *at = bytes + sizeof first - 1, *end = strstr(bytes, "\r\n\r\n");
    need(strncmp(bytes, first, sizeof first - 1) == 0 && end != NULL, "no POST");
    out->count = 0;
    while (at < end + 2) {
        char *line_end = strstr(at, "\r\n"), *colon = strstr(at, ": ");
        need(colon != NULL && colon < line_end && out->count < GRILLE_LIMIT_KMS_HEADERS, "a header");
        *line_end = *colon = '\0';
        out->headers[out->count++] =
            (grille_kms_header){at, {(const uint8_t *)colon + 2, (size_t)(line_end - colon) - 2}};
        at = line_end + 2;
    }
    return grille_bytes_of((const uint8_t *)end + 4, len - (size_t)(end + 4 - bytes));
}

/* Signs it once more. Headers stand as they were signed: `authorization` first, `content-length` last. */
static void check_signature(const head *from, grille_bytes body) {
    const grille_sigv4_credentials credentials = {.access_key_id = grille_bytes_of_text(KEY_SERVICE_ID),
                                                  .secret_access_key = grille_bytes_of_text(KEY_SERVICE_SECRET),
                                                  .session_token = find(from, "x-amz-security-token")};
    const grille_sigv4_request request = {.method = "POST",
                                          .path = grille_bytes_of_text("/"),
                                          .headers = from->headers + 1,
                                          .header_count = from->count - 2,
                                          .body = body,
                                          .region = KEY_SERVICE_REGION,
                                          .service = "kms"};
    uint8_t expected[1024];
    grille_writer writer = grille_writer_into(expected, sizeof expected);
    grille_sigv4_time time, now;
    const grille_bytes date = find(from, "x-amz-date");
    need(date.len == sizeof time.text - 1, "x-amz-date");
    memcpy(time.text, date.data, date.len);
    time.text[date.len] = '\0';
    need(grille_sigv4_time_of(HTTPS_NOW_MS, &now) == GRILLE_REASON_OK && memcmp(now.text, time.text, 11) == 0,
         "the time is not the NSM's");
    need(grille_sigv4_sign(grille_crypto_wolf(), &credentials, &request, &time, &writer) == GRILLE_REASON_OK, "sign");
    need(grille_bytes_equal(grille_written(&writer), find(from, "authorization")), "SignatureDoesNotMatch");
}

static void copy_text(char *out, size_t capacity, grille_bytes text) {
    need(text.len < capacity, "a long text");
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
}

static void read_document(grille_bytes bytes, key_service_request *request) {
    grille_document document;
    grille_error error;
    if (grille_document_read(bytes, &document, &error) != GRILLE_REASON_OK) need(false, error.text);
    need(document.public_key.len <= sizeof request->spki && document.nonce.len == 0, "the document's fields");
    memcpy(request->spki, document.public_key.data, document.public_key.len);
    request->spki_len = document.public_key.len;
    copy_text(request->user_data, sizeof request->user_data, document.user_data);
}

static void read_recipient(grille_json *json, key_service_request *request) {
    static _Thread_local uint8_t document[GRILLE_LIMIT_DOCUMENT_BYTES];
    grille_writer writer = grille_writer_into(document, sizeof document);
    grille_json_token token = grille_json_next(json);
    need(token.kind == GRILLE_JSON_OBJECT, "Recipient");
    while ((token = grille_json_next(json)).kind == GRILLE_JSON_KEY) {
        const grille_json_token value = grille_json_next(json);
        if (grille_json_is(token, "KeyEncryptionAlgorithm"))
            need(grille_json_is(value, "RSAES_OAEP_SHA_256"), "KeyEncryptionAlgorithm");
        if (grille_json_is(token, "AttestationDocument"))
            need(grille_base64_read(value.raw, &writer) == GRILLE_REASON_OK, "AttestationDocument");
    }
    read_document(grille_written(&writer), request);
}

static void read_member(grille_json *json, grille_json_token key, key_service_request *request) {
    grille_json_token value;
    uint64_t number = 0;
    if (grille_json_is(key, "Recipient")) {
        read_recipient(json, request);
        return;
    }
    value = grille_json_next(json);
    if (grille_json_is(key, "CiphertextBlob")) {
        grille_writer writer = grille_writer_into(request->ciphertext, sizeof request->ciphertext);
        need(grille_base64_read(value.raw, &writer) == GRILLE_REASON_OK, "CiphertextBlob");
        request->ciphertext_len = writer.len;
    } else if (grille_json_is(key, "KeyId")) {
        copy_text(request->key_arn, sizeof request->key_arn, value.raw);
    } else if (grille_json_is(key, "NumberOfBytes")) {
        need(grille_json_number(value, 1024, &number), "NumberOfBytes");
        request->wanted_bytes = (size_t)number;
    } else {
        const uint8_t *begin = json->input.at;
        need(grille_json_is(key, "EncryptionContext") && value.kind == GRILLE_JSON_OBJECT, "an unknown member");
        need(grille_json_skip(json, value), "EncryptionContext");
        copy_text(request->context, sizeof request->context,
                  grille_bytes_of(begin, (size_t)(json->input.at - begin) - 1));
    }
}

void key_service_read(char *bytes, size_t len, key_service_request *request) {
    head from;
    const grille_bytes body = read_head(bytes, len, &from);
    grille_json json = grille_json_of(body);
    grille_json_token token;
    memset(request, 0, sizeof *request);
    check_signature(&from, body);
    need(grille_bytes_equal(find(&from, "content-type"), grille_bytes_of_text("application/x-amz-json-1.1")), "type");
    copy_text(request->target, sizeof request->target, find(&from, "x-amz-target"));
    copy_text(request->token, sizeof request->token, find(&from, "x-amz-security-token"));
    need(grille_json_next(&json).kind == GRILLE_JSON_OBJECT, "no object");
    while ((token = grille_json_next(&json)).kind == GRILLE_JSON_KEY)
        read_member(&json, token, request);
    need(grille_json_next(&json).kind == GRILLE_JSON_END, "JSON");
}

void key_service_digest(const key_service_request *request, uint8_t digest[32]) {
    (void)SHA256(request->spki, request->spki_len, digest);
}

/* ---- Writing ---- */

static size_t encrypt(const key_service_request *request, const key_service_reply *reply, const uint8_t *plain,
                      size_t plain_len, uint8_t message[CMS_FORGE_MOST]) {
    uint8_t key[32], iv[16], wrapped[256], recipient[32], content[4096 + 16];
    cms_forge forge = {.indefinite = true, .form = CMS_FORGE_SEGMENTS};
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int len = 0, last = 0;
    need(RAND_bytes(key, sizeof key) == 1 && RAND_bytes(iv, sizeof iv) == 1, "random");
    need(EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key, iv) == 1, "AES");
    need(EVP_EncryptUpdate(cipher, content, &len, plain, (int)plain_len) == 1, "AES");
    need(EVP_EncryptFinal_ex(cipher, content + len, &last) == 1, "AES");
    EVP_CIPHER_CTX_free(cipher);
    oaep_forge_encrypt(grille_bytes_of(request->spki, request->spki_len), OAEP_FORGE_RIGHT,
                       grille_bytes_of(key, sizeof key), wrapped);
    key_service_digest(request, recipient);
    if (reply->does == KEY_SERVICE_FOR_ANOTHER) recipient[31] ^= 1;
    if (reply->does == KEY_SERVICE_TAMPERED) wrapped[200] ^= 1;
    forge.recipient = grille_bytes_of(recipient, sizeof recipient);
    forge.encrypted_key = grille_bytes_of(wrapped, sizeof wrapped);
    forge.iv = grille_bytes_of(iv, sizeof iv);
    forge.content = grille_bytes_of(content, (size_t)(len + last));
    return cms_forge_write(&forge, message);
}

/* What is under the wrapping, or something new: byte i is i, and the request's number first. */
static size_t plain_of(const key_service_request *request, const key_service_reply *reply, uint8_t plain[4096]) {
    static const char wrapping[] = "wrapped:";
    size_t len = request->wanted_bytes;
    for (size_t i = 0; i < len; i++)
        plain[i] = (uint8_t)(i == 0 ? request->number : i);
    if (strcmp(request->target, "TrentService.Decrypt") == 0) {
        len = request->ciphertext_len - (sizeof wrapping - 1);
        need(memcmp(request->ciphertext, wrapping, sizeof wrapping - 1) == 0 && len <= 4096, "a ciphertext");
        memcpy(plain, request->ciphertext + sizeof wrapping - 1, len);
    }
    return reply->does == KEY_SERVICE_TOO_SHORT ? len - 1 : len;
}

static void write_text(grille_writer *writer, const char *text) {
    grille_write_bytes(writer, grille_bytes_of_text(text));
}

static void write_body(const key_service_request *request, const key_service_reply *reply, grille_writer *body) {
    uint8_t plain[4096], message[CMS_FORGE_MOST];
    const size_t plain_len = plain_of(request, reply, plain);
    const size_t message_len = encrypt(request, reply, plain, plain_len, message);
    write_text(body, "{\"CiphertextForRecipient\":\"");
    grille_base64_write(body, grille_bytes_of(message, message_len));
    write_text(body, "\",");
    if (strcmp(request->target, "TrentService.GenerateDataKey") == 0) {
        uint8_t wrapped[8 + 1024] = "wrapped:";
        memcpy(wrapped + 8, plain, plain_len);
        write_text(body, "\"CiphertextBlob\":\"");
        grille_base64_write(body, grille_bytes_of(wrapped, 8 + plain_len));
        write_text(body, "\",");
    }
    if (request->key_arn[0] != '\0') {
        write_text(body, "\"KeyId\":\"");
        write_text(body, reply->does == KEY_SERVICE_OF_ANOTHER_KEY ? KEY_SERVICE_SECOND : request->key_arn);
        write_text(body, "\",");
    }
    write_text(body, reply->does == KEY_SERVICE_IN_PLAIN ? "\"Plaintext\":\"c2VjcmV0\"}" : "\"Plaintext\":null}");
    need(grille_writer_end(body) == GRILLE_REASON_OK, "an answer's length");
}

size_t key_service_write(const key_service_request *request, const key_service_reply *reply, char *out,
                         size_t capacity) {
    static _Thread_local uint8_t bytes[24576];
    grille_writer body = grille_writer_into(bytes, sizeof bytes);
    int len = 0;
    if (reply->does == KEY_SERVICE_SAYS) {
        write_text(&body, reply->text);
    } else {
        write_body(request, reply, &body);
    }
    len = snprintf(out, capacity,
                   "HTTP/1.1 %u Some\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: %zu\r\n\r\n",
                   reply->does == KEY_SERVICE_SAYS ? reply->status : 200, body.len);
    need(len > 0 && (size_t)len + body.len < capacity, "an answer's length");
    memcpy(out + len, bytes, body.len);
    return (size_t)len + body.len;
}
