/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "kms/base64.h"
#include "kms/message.h"
#include "kms/retry.h"
#include "wire/utf8.h"

typedef struct reading {
    const grille_kms_request *request;
    grille_json json;
    grille_writer space;
    grille_kms_answer answer;
    unsigned seen; /* bits of members that came */
} reading;

typedef struct member {
    const char *name;
    grille_reason (*read)(reading *answer, grille_json_token value);
} member;

/* Unescaped and decoded in place: four characters become three bytes. */
static grille_reason read_blob(reading *answer, grille_json_token value, size_t most_bytes, grille_bytes *blob) {
    const size_t before = answer->space.len;
    grille_writer text = answer->space;
    grille_reason reason;
    if (!grille_json_text(value, &text))
        return text.failed != GRILLE_REASON_OK ? text.failed : GRILLE_REASON_KMS_ANSWER;
    reason = grille_base64_read(grille_bytes_of(text.start + before, text.len - before), &answer->space);
    if (reason != GRILLE_REASON_OK) return reason;
    *blob = grille_bytes_of(answer->space.start + before, answer->space.len - before);
    if (blob->len == 0) return GRILLE_REASON_KMS_ANSWER;
    return blob->len <= most_bytes ? GRILLE_REASON_OK : GRILLE_REASON_KMS_ANSWER_LIMIT;
}

static grille_reason read_for_recipient(reading *answer, grille_json_token value) {
    return read_blob(answer, value, GRILLE_LIMIT_KMS_RECIPIENT_BYTES, &answer->answer.for_recipient);
}

static grille_reason read_data_key(reading *answer, grille_json_token value) {
    return read_blob(answer, value, GRILLE_LIMIT_KMS_CIPHERTEXT_BYTES, &answer->answer.data_key);
}

static grille_reason read_key_id(reading *answer, grille_json_token value) {
    uint8_t bytes[GRILLE_LIMIT_KMS_KEY_ID_BYTES];
    grille_writer text = grille_writer_into(bytes, sizeof bytes);
    if (value.kind != GRILLE_JSON_TEXT) return GRILLE_REASON_KMS_ANSWER;
    return grille_json_text(value, &text) && grille_bytes_equal(grille_written(&text), answer->request->key_arn)
               ? GRILLE_REASON_OK
               : GRILLE_REASON_KMS_KEY_ID;
}

/* The service leaves it out, or writes null or an empty text, where it honours the recipient. */
static grille_reason read_plaintext(reading *answer, grille_json_token value) {
    (void)answer;
    if (value.kind == GRILLE_JSON_NULL) return GRILLE_REASON_OK;
    if (value.kind != GRILLE_JSON_TEXT) return GRILLE_REASON_KMS_ANSWER;
    return value.raw.len == 0 ? GRILLE_REASON_OK : GRILLE_REASON_KMS_PLAINTEXT;
}

static grille_reason read_algorithm(reading *answer, grille_json_token value) {
    (void)answer;
    return value.kind == GRILLE_JSON_TEXT && grille_json_is(value, "SYMMETRIC_DEFAULT") ? GRILLE_REASON_OK
                                                                                        : GRILLE_REASON_KMS_ANSWER;
}

enum { for_recipient, key_id, data_key, plaintext, algorithm, member_count };

static const member members[member_count] = {
    [for_recipient] = {"CiphertextForRecipient", read_for_recipient},
    [key_id] = {"KeyId", read_key_id},
    [data_key] = {"CiphertextBlob", read_data_key},
    [plaintext] = {"Plaintext", read_plaintext},
    [algorithm] = {"EncryptionAlgorithm", read_algorithm},
};

/* What an action's answer has, needed or not. */
static const unsigned known[] = {
    [GRILLE_KMS_DECRYPT] = 1u << for_recipient | 1u << key_id | 1u << plaintext | 1u << algorithm,
    [GRILLE_KMS_GENERATE_DATA_KEY] = 1u << for_recipient | 1u << key_id | 1u << data_key | 1u << plaintext,
    [GRILLE_KMS_GENERATE_RANDOM] = 1u << for_recipient | 1u << plaintext,
};
static const unsigned needed[] = {
    [GRILLE_KMS_DECRYPT] = 1u << for_recipient | 1u << key_id,
    [GRILLE_KMS_GENERATE_DATA_KEY] = 1u << for_recipient | 1u << key_id | 1u << data_key,
    [GRILLE_KMS_GENERATE_RANDOM] = 1u << for_recipient,
};

/* A name with an escape is none of ours, and could be one of them in disguise. */
static grille_reason take_member(reading *answer, grille_json_token key) {
    if (key.raw.len > 0 && memchr(key.raw.data, '\\', key.raw.len) != NULL) return GRILLE_REASON_KMS_ANSWER;
    for (unsigned i = 0; i < member_count; i++) {
        if ((known[answer->request->action] >> i & 1) == 0 || !grille_json_is(key, members[i].name)) continue;
        if ((answer->seen >> i & 1) != 0) return GRILLE_REASON_KMS_ANSWER;
        answer->seen |= 1u << i;
        return members[i].read(answer, grille_json_next(&answer->json));
    }
    return grille_json_skip(&answer->json, key) ? GRILLE_REASON_OK : GRILLE_REASON_KMS_ANSWER;
}

static grille_reason take_object(reading *answer) {
    grille_json_token token = grille_json_next(&answer->json);
    grille_reason reason = GRILLE_REASON_OK;
    const unsigned need = needed[answer->request->action];
    if (token.kind != GRILLE_JSON_OBJECT) return GRILLE_REASON_KMS_ANSWER;
    for (token = grille_json_next(&answer->json); token.kind == GRILLE_JSON_KEY;
         token = grille_json_next(&answer->json)) {
        reason = take_member(answer, token);
        if (reason != GRILLE_REASON_OK) return reason;
    }
    if (token.kind != GRILLE_JSON_OBJECT_END || grille_json_next(&answer->json).kind != GRILLE_JSON_END)
        return GRILLE_REASON_KMS_ANSWER;
    return (answer->seen & need) == need ? GRILLE_REASON_OK : GRILLE_REASON_KMS_ANSWER;
}

/* A TEXT as far as it is well and fits, with blanks for control characters. */
static void copy_text(grille_json_token value, char *out, size_t capacity) {
    grille_writer text = grille_writer_into((uint8_t *)out, capacity - 1);
    const bool is_whole = grille_json_text(value, &text);
    (void)is_whole;
    out[grille_utf8_cut(grille_written(&text), text.len).len] = '\0';
    for (char *at = out; *at != '\0'; at++)
        if (((uint8_t)*at < ' ') || *at == 0x7f) *at = ' ';
}

/* "com.amazonaws.kms#NotFoundException" or without the prefix; a word, or nothing. */
static void copy_type(grille_json_token value, char *out, size_t capacity) {
    const uint8_t *hash = value.raw.len == 0 ? NULL : memrchr(value.raw.data, '#', value.raw.len);
    if (hash != NULL) {
        const size_t prefix = (size_t)(hash - value.raw.data) + 1;
        value.raw = grille_bytes_of(value.raw.data + prefix, value.raw.len - prefix);
    }
    copy_text(value, out, capacity);
}

/* Whoever answers in another form (a balancer, a proxy) has said with the status what can be said. */
static void read_error(grille_bytes body, grille_kms_error *error) {
    grille_json json = grille_json_of(body);
    grille_json_token token = grille_json_next(&json);
    if (token.kind != GRILLE_JSON_OBJECT) return;
    for (token = grille_json_next(&json); token.kind == GRILLE_JSON_KEY; token = grille_json_next(&json)) {
        const bool is_type = grille_json_is(token, "__type");
        const bool is_message = grille_json_is(token, "message") || grille_json_is(token, "Message");
        const grille_json_token value = grille_json_next(&json);
        if (value.kind == GRILLE_JSON_TEXT && is_type && error->type[0] == '\0')
            copy_type(value, error->type, sizeof error->type);
        if (value.kind == GRILLE_JSON_TEXT && is_message && error->message[0] == '\0')
            copy_text(value, error->message, sizeof error->message);
        if (!grille_json_skip(&json, value)) return;
    }
}

grille_reason grille_kms_answer_read(const grille_kms_request *request, unsigned status, grille_bytes body,
                                     grille_writer *space, grille_kms_answer *answer, grille_kms_error *error) {
    reading read = {.request = request, .json = grille_json_of(body), .space = *space};
    grille_reason reason;
    *error = (grille_kms_error){.status = status};
    if (status != 200) {
        read_error(body, error);
        return grille_kms_is_worth_retry(status, error->type) ? GRILLE_REASON_KMS_UNAVAILABLE
                                                              : GRILLE_REASON_KMS_REFUSED;
    }
    reason = take_object(&read);
    if (reason != GRILLE_REASON_OK) return reason;
    *space = read.space;
    *answer = read.answer;
    return GRILLE_REASON_OK;
}
