/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/imds.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

/* Longer than a walk through its four requests takes; a token is used for one walk only. */
#define TOKEN_SECONDS "60"
#define ROLES_PATH    "/latest/meta-data/iam/security-credentials/"

bool grille_imds_role_valid(grille_bytes name) {
    static const char marks[] = "+=,.@_-";
    grille_reader reader = grille_reader_of(name);
    while (reader.left > 0) {
        const uint8_t character = grille_read_u8(&reader);
        if (!(character >= 'a' && character <= 'z') && !(character >= 'A' && character <= 'Z') &&
            !(character >= '0' && character <= '9') && memchr(marks, character, sizeof marks - 1) == NULL)
            return false;
    }
    return name.len > 0 && name.len <= GRILLE_IMDS_ROLE_BYTES;
}

const char *grille_imds_doing(const grille_imds *imds) {
    static const char *const doing[] = {
        [GRILLE_IMDS_TOKEN] = "asking for a token",
        [GRILLE_IMDS_ROLE] = "asking for the role's name",
        [GRILLE_IMDS_CREDENTIALS] = "asking for the role's credentials",
        [GRILLE_IMDS_REGION] = "asking for the region",
        [GRILLE_IMDS_DONE] = "done",
    };
    return doing[imds->step];
}

void grille_imds_begin(grille_imds *imds, const char *host, const char *role) {
    memset(imds, 0, sizeof *imds);
    imds->host = host;
    if (role != NULL) (void)snprintf(imds->role, sizeof imds->role, "%s", role);
}

void grille_imds_end(grille_imds *imds) {
    grille_wipe(imds, sizeof *imds);
}

static grille_reason write_get(const grille_imds *imds, grille_bytes path, grille_writer *request) {
    const grille_kms_header headers[] = {
        {.name = "host", .value = grille_bytes_of_text(imds->host)},
        {.name = "x-aws-ec2-metadata-token", .value = grille_bytes_of_text(imds->token)},
        {.name = "connection", .value = grille_bytes_of_text("close")},
    };
    return grille_http_write_bare(GRILLE_HTTP_GET, path, headers, sizeof headers / sizeof *headers, request);
}

static grille_reason write_put(const grille_imds *imds, grille_writer *request) {
    const grille_kms_header headers[] = {
        {.name = "host", .value = grille_bytes_of_text(imds->host)},
        {.name = "x-aws-ec2-metadata-token-ttl-seconds", .value = grille_bytes_of_text(TOKEN_SECONDS)},
        {.name = "connection", .value = grille_bytes_of_text("close")},
    };
    return grille_http_write_bare(GRILLE_HTTP_PUT, grille_bytes_of_text("/latest/api/token"), headers,
                                  sizeof headers / sizeof *headers, request);
}

static grille_reason write_get_credentials(const grille_imds *imds, grille_writer *request) {
    uint8_t path[sizeof ROLES_PATH + GRILLE_IMDS_ROLE_BYTES];
    grille_writer writer = grille_writer_into(path, sizeof path);
    grille_write_bytes(&writer, grille_bytes_of_text(ROLES_PATH));
    grille_write_bytes(&writer, grille_bytes_of_text(imds->role));
    return write_get(imds, grille_written(&writer), request);
}

grille_reason grille_imds_request(grille_imds *imds, grille_writer *request) {
    grille_http_answer_begin(&imds->answer, imds->body, sizeof imds->body);
    switch (imds->step) {
    case GRILLE_IMDS_TOKEN:
        return write_put(imds, request);
    case GRILLE_IMDS_ROLE:
        return write_get(imds, grille_bytes_of_text(ROLES_PATH), request);
    case GRILLE_IMDS_CREDENTIALS:
        return write_get_credentials(imds, request);
    case GRILLE_IMDS_REGION:
        return write_get(imds, grille_bytes_of_text("/latest/meta-data/placement/region"), request);
    case GRILLE_IMDS_DONE:
        break;
    }
    return GRILLE_REASON_BAD_ARGUMENT;
}

static grille_reason fail(const grille_imds *imds, const char *what, const char *cause, grille_error *error) {
    return grille_error_set(error, GRILLE_REASON_KMS_SOURCE, "the metadata service, %s: %s. Likely %s",
                            grille_imds_doing(imds), what, cause);
}

static grille_reason fail_status(const grille_imds *imds, grille_error *error) {
    const unsigned status = imds->answer.status;
    const char *cause = "it is busy or being replaced: it is asked again";
    if (status == 404 && (imds->step == GRILLE_IMDS_ROLE || imds->step == GRILLE_IMDS_CREDENTIALS)) {
        return grille_error_set(error, GRILLE_REASON_KMS_SOURCE_EMPTY,
                                "the metadata service, %s: HTTP 404: the instance has no role%s%s. Attach an instance "
                                "profile: aws ec2 associate-iam-instance-profile",
                                grille_imds_doing(imds), imds->role[0] != '\0' ? " named " : "", imds->role);
    }
    if (status == 403) cause = "it is switched off: aws ec2 modify-instance-metadata-options --http-endpoint enabled";
    if (status == 401 || status == 400) cause = "something in between answers, that is not the metadata service";
    if (status == 404) cause = "the address is not of a metadata service with version 2";
    return grille_error_set(error, GRILLE_REASON_KMS_SOURCE,
                            "the metadata service, %s: HTTP %u, expected 200. Likely %s", grille_imds_doing(imds),
                            status, cause);
}

/* ---- what each answer has ---- */

static bool is_visible(grille_bytes text) {
    grille_reader reader = grille_reader_of(text);
    while (reader.left > 0) {
        const uint8_t character = grille_read_u8(&reader);
        if (character <= ' ' || character > '~') return false;
    }
    return text.len > 0;
}

static grille_reason take_token(grille_imds *imds, grille_bytes body, grille_error *error) {
    if (!is_visible(body) || !grille_role_field_set(imds->token, sizeof imds->token, body))
        return fail(imds, "the answer is no token", "something in between answers", error);
    imds->step = imds->role[0] != '\0' ? GRILLE_IMDS_CREDENTIALS : GRILLE_IMDS_ROLE;
    return GRILLE_REASON_OK;
}

/* One name a line; an instance has one role. */
static grille_reason take_role(grille_imds *imds, grille_bytes body, grille_error *error) {
    const uint8_t *end = body.len > 0 ? memchr(body.data, '\n', body.len) : NULL;
    const grille_bytes name = grille_bytes_of(body.data, end != NULL ? (size_t)(end - body.data) : body.len);
    if (!grille_imds_role_valid(name) || !grille_role_field_set(imds->role, sizeof imds->role, name))
        return fail(imds, "the answer is no role's name", "something in between answers", error);
    imds->step = GRILLE_IMDS_CREDENTIALS;
    return GRILLE_REASON_OK;
}

/* A region that is none is left out: who has none still has credentials. */
static grille_reason take_region(grille_imds *imds, grille_bytes body) {
    if (!grille_kms_word_valid(body) ||
        !grille_role_field_set(imds->credentials.region, sizeof imds->credentials.region, body))
        imds->credentials.region[0] = '\0';
    imds->step = GRILLE_IMDS_DONE;
    return GRILLE_REASON_OK;
}

/* ---- credentials: one JSON object ---- */

enum { CODE, ACCESS_KEY_ID, SECRET_ACCESS_KEY, TOKEN, EXPIRATION, MEMBER_COUNT };

typedef struct reading {
    char code[64];
    char expiration[32];
    grille_kms_role_credentials *into;
    unsigned seen;
} reading;

static bool read_text(grille_json_token value, char *field, size_t capacity) {
    grille_writer text = grille_writer_into((uint8_t *)field, capacity - 1);
    if (value.kind != GRILLE_JSON_TEXT || !grille_json_text(value, &text)) return false;
    field[text.len] = '\0';
    return memchr(field, '\0', text.len) == NULL;
}

static bool read_member(reading *object, unsigned member, grille_json_token value) {
    grille_kms_role_credentials *into = object->into;
    switch (member) {
    case CODE:
        return read_text(value, object->code, sizeof object->code);
    case ACCESS_KEY_ID:
        return read_text(value, into->access_key_id, sizeof into->access_key_id);
    case SECRET_ACCESS_KEY:
        return read_text(value, into->secret_access_key, sizeof into->secret_access_key);
    case TOKEN:
        return read_text(value, into->session_token, sizeof into->session_token);
    default:
        return read_text(value, object->expiration, sizeof object->expiration) &&
               grille_role_expiry_read(grille_bytes_of_text(object->expiration), &into->expires_ms);
    }
}

static bool take_member(reading *object, grille_json *json, grille_json_token key) {
    static const char *const names[MEMBER_COUNT] = {"Code", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"};
    for (unsigned i = 0; i < MEMBER_COUNT; i++) {
        if (!grille_json_is(key, names[i])) continue;
        if ((object->seen >> i & 1) != 0) return false;
        object->seen |= 1u << i;
        return read_member(object, i, grille_json_next(json));
    }
    return grille_json_skip(json, key);
}

static bool read_object(reading *object, grille_bytes body) {
    grille_json json = grille_json_of(body);
    grille_json_token token = grille_json_next(&json);
    if (token.kind != GRILLE_JSON_OBJECT) return false;
    for (token = grille_json_next(&json); token.kind == GRILLE_JSON_KEY; token = grille_json_next(&json))
        if (!take_member(object, &json, token)) return false;
    return token.kind == GRILLE_JSON_OBJECT_END && grille_json_next(&json).kind == GRILLE_JSON_END;
}

static grille_reason take_credentials(grille_imds *imds, grille_bytes body, grille_error *error) {
    const unsigned all = (1u << MEMBER_COUNT) - 1;
    reading object = {.into = &imds->credentials};
    if (!read_object(&object, body))
        return fail(imds, "the answer is not the JSON expected", "something in between answers", error);
    if ((object.seen >> CODE & 1) != 0 && strcmp(object.code, "Success") != 0)
        return fail(imds, "it says that it has none now",
                    "the role was attached a moment ago or lacks a trust policy for "
                    "ec2.amazonaws.com",
                    error);
    if (object.seen != all)
        return fail(imds, "the answer lacks a part of the credentials", "something in between answers", error);
    imds->step = GRILLE_IMDS_REGION;
    return GRILLE_REASON_OK;
}

grille_reason grille_imds_take(grille_imds *imds, grille_bytes bytes, grille_error *error) {
    const grille_reason reason = grille_http_answer_take(&imds->answer, bytes);
    const grille_bytes body = grille_written(&imds->answer.body);
    if (reason == GRILLE_REASON_MORE) return reason;
    if (reason != GRILLE_REASON_OK)
        return fail(imds, "the answer is not the HTTP that is read here", "the address is of something else", error);
    if (imds->step == GRILLE_IMDS_REGION)
        return take_region(imds, imds->answer.status == 200 ? body : grille_bytes_of(NULL, 0));
    if (imds->answer.status != 200) return fail_status(imds, error);
    if (imds->step == GRILLE_IMDS_TOKEN) return take_token(imds, body, error);
    return imds->step == GRILLE_IMDS_ROLE ? take_role(imds, body, error) : take_credentials(imds, body, error);
}
