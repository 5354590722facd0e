/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/message.h"

#include "base/reader.h"
#include "kms/base64.h"
#include "wire/utf8.h"

const char *grille_kms_target(grille_kms_action action) {
    switch (action) {
    case GRILLE_KMS_DECRYPT:
        return "TrentService.Decrypt";
    case GRILLE_KMS_GENERATE_DATA_KEY:
        return "TrentService.GenerateDataKey";
    case GRILLE_KMS_GENERATE_RANDOM:
        return "TrentService.GenerateRandom";
    }
    return "";
}

static bool is_text(grille_bytes text) {
    return text.len > 0 && grille_utf8_valid(text);
}

static bool is_context(const grille_kms_request *request) {
    if (request->context_count > GRILLE_LIMIT_KMS_CONTEXT_PAIRS) return false;
    for (size_t i = 0; i < request->context_count; i++) {
        if (!is_text(request->context[i].key) || !grille_utf8_valid(request->context[i].value)) return false;
        for (size_t before = 0; before < i; before++)
            if (grille_bytes_equal(request->context[before].key, request->context[i].key)) return false;
    }
    return true;
}

static bool is_request(const grille_kms_request *request) {
    const bool decrypts = request->action == GRILLE_KMS_DECRYPT;
    const bool has_key = request->action != GRILLE_KMS_GENERATE_RANDOM;
    const size_t document_bytes = request->attestation_document.len;
    if (document_bytes == 0 || document_bytes > GRILLE_LIMIT_DOCUMENT_BYTES) return false;
    if (has_key ? !is_text(request->key_arn) || request->key_arn.len > GRILLE_LIMIT_KMS_KEY_ID_BYTES
                : request->key_arn.len > 0 || request->context_count > 0)
        return false;
    if (decrypts ? request->ciphertext.len == 0 || request->ciphertext.len > GRILLE_LIMIT_KMS_CIPHERTEXT_BYTES
                 : request->ciphertext.len > 0)
        return false;
    if (decrypts ? request->wanted_bytes > 0
                 : request->wanted_bytes == 0 || request->wanted_bytes > GRILLE_LIMIT_KMS_RANDOM_BYTES)
        return false;
    return is_context(request);
}

static void write_plain(grille_writer *body, const char *text) {
    grille_write_bytes(body, grille_bytes_of_text(text));
}

/* RFC 8259, 7: quotes, backslashes and control characters are escaped. */
static void write_string(grille_writer *body, grille_bytes text) {
    static const char digits[] = "0123456789abcdef";
    grille_reader reader = grille_reader_of(text);
    grille_write_u8(body, '"');
    while (reader.left > 0 && body->failed == GRILLE_REASON_OK) {
        const uint8_t byte = grille_read_u8(&reader);
        if (byte < ' ') {
            write_plain(body, "\\u00");
            grille_write_u8(body, (uint8_t)digits[byte >> 4]);
            grille_write_u8(body, (uint8_t)digits[byte & 15]);
            continue;
        }
        if (byte == '"' || byte == '\\') grille_write_u8(body, '\\');
        grille_write_u8(body, byte);
    }
    grille_write_u8(body, '"');
}

static void write_blob(grille_writer *body, grille_bytes bytes) {
    grille_write_u8(body, '"');
    grille_base64_write(body, bytes);
    grille_write_u8(body, '"');
}

static void write_decimal(grille_writer *body, size_t value) {
    if (value >= 10) write_decimal(body, value / 10);
    grille_write_u8(body, (uint8_t)('0' + value % 10));
}

static void write_context(grille_writer *body, const grille_kms_request *request) {
    for (size_t i = 0; i < request->context_count; i++) {
        write_plain(body, i == 0 ? "\"EncryptionContext\":{" : ",");
        write_string(body, request->context[i].key);
        grille_write_u8(body, ':');
        write_string(body, request->context[i].value);
    }
    if (request->context_count > 0) write_plain(body, "},");
}

grille_reason grille_kms_request_write(const grille_kms_request *request, grille_writer *body) {
    grille_writer writer = *body;
    if (!is_request(request)) return GRILLE_REASON_BAD_ARGUMENT;
    write_plain(&writer, "{");
    if (request->action == GRILLE_KMS_DECRYPT) {
        write_plain(&writer, "\"CiphertextBlob\":");
        write_blob(&writer, request->ciphertext);
    } else {
        write_plain(&writer, "\"NumberOfBytes\":");
        write_decimal(&writer, request->wanted_bytes);
    }
    write_plain(&writer, ",");
    if (request->action != GRILLE_KMS_GENERATE_RANDOM) {
        write_plain(&writer, "\"KeyId\":");
        write_string(&writer, request->key_arn);
        write_plain(&writer, ",");
    }
    write_context(&writer, request);
    write_plain(&writer, "\"Recipient\":{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\",\"AttestationDocument\":");
    write_blob(&writer, request->attestation_document);
    write_plain(&writer, "}}");
    if (grille_writer_end(&writer) == GRILLE_REASON_OK) *body = writer;
    return grille_writer_end(&writer);
}
