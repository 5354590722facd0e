/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/authorization.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "attest/calendar.h"
#include "base/bytes.h"

enum { time_characters = 16, shown_most = 100 };

static const char algorithm[] = "AWS4-HMAC-SHA256";

/* Takes what stands before the next `mark`, and the mark; all of the rest where there is none. */
static grille_bytes take_until(grille_bytes *rest, char mark) {
    const uint8_t *end = rest->len == 0 ? NULL : memchr(rest->data, mark, rest->len);
    const size_t len = end == NULL ? rest->len : (size_t)(end - rest->data);
    const grille_bytes taken = grille_bytes_of(rest->data, len);
    const size_t used = end == NULL ? len : len + 1;
    *rest = grille_bytes_of(used == rest->len ? NULL : rest->data + used, rest->len - used);
    return taken;
}

static grille_bytes without_blanks(grille_bytes text) {
    while (text.len > 0 && text.data[0] == ' ')
        text = grille_bytes_of(text.data + 1, text.len - 1);
    while (text.len > 0 && text.data[text.len - 1] == ' ')
        text.len--;
    return text;
}

static int shown(grille_bytes text) {
    return (int)(text.len < shown_most ? text.len : shown_most);
}

static bool is_text(grille_bytes bytes, const char *text) {
    return grille_bytes_equal(bytes, grille_bytes_of_text(text));
}

static bool refuse(char *problem, const char *format, ...) GRILLE_PRINTF(2, 3);

static bool refuse(char *problem, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(problem, KMS_AUTHORIZATION_PROBLEM_BYTES, format, arguments);
    va_end(arguments);
    return false;
}

/* KEY/DAY/REGION/SERVICE/TERMINATOR */
static bool read_credential(grille_bytes value, kms_authorization *read, char *problem) {
    grille_bytes *const places[] = {&read->access_key_id, &read->day, &read->region, &read->service, &read->terminator};
    grille_bytes rest = value;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        *places[i] = take_until(&rest, '/');
        if (places[i]->len > 0) continue;
        return refuse(problem,
                      "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
                      "got '%.*s'",
                      shown(value), value.len > 0 ? (const char *)value.data : "");
    }
    if (rest.len == 0 && value.data[value.len - 1] != '/') return true;
    return refuse(problem,
                  "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got "
                  "'%.*s'",
                  shown(value), (const char *)value.data);
}

static bool read_signature(grille_bytes value, kms_authorization *read, char *problem) {
    read->signature = value;
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] == '\0' || strchr("0123456789abcdef", value.data[i]) == NULL) read->signature.len = 0;
    if (read->signature.len == KMS_SIGNATURE_CHARACTERS) return true;
    return refuse(problem, "Signature must be of %d hex digits in small letters", KMS_SIGNATURE_CHARACTERS);
}

/* Ascending and not empty, so that there is one list for one set of headers. */
static bool read_signed_headers(grille_bytes value, kms_authorization *read, char *problem) {
    grille_bytes names = value, name, before = {.len = 0};
    read->signed_headers = value;
    while (kms_signed_header_next(&names, &name)) {
        const size_t common = before.len < name.len ? before.len : name.len;
        const int order = common == 0 ? 0 : memcmp(before.data, name.data, common);
        if (name.len == 0 || order > 0 || (order == 0 && before.len >= name.len))
            return refuse(problem, "SignedHeaders must be names in ascending order, got '%.*s'", shown(value),
                          (const char *)value.data);
        before = name;
    }
    return before.len > 0 || refuse(problem, "Authorization header requires 'SignedHeaders' parameter.");
}

static bool read_part(grille_bytes part, kms_authorization *read, char *problem) {
    grille_bytes value = part;
    const grille_bytes name = take_until(&value, '=');
    if (name.len == part.len)
        return refuse(problem, "'%.*s' not a valid key=value pair (missing equal-sign) in Authorization header.",
                      shown(part), part.len > 0 ? (const char *)part.data : "");
    if (is_text(name, "Credential") && read->access_key_id.len == 0) return read_credential(value, read, problem);
    if (is_text(name, "SignedHeaders") && read->signed_headers.len == 0)
        return read_signed_headers(value, read, problem);
    if (is_text(name, "Signature") && read->signature.len == 0) return read_signature(value, read, problem);
    return refuse(problem, "Authorization header has a parameter '%.*s' too many.", shown(name),
                  (const char *)name.data);
}

bool kms_authorization_read(grille_bytes value, kms_authorization *read,
                            char problem[KMS_AUTHORIZATION_PROBLEM_BYTES]) {
    grille_bytes rest = value;
    const grille_bytes scheme = take_until(&rest, ' ');
    *read = (kms_authorization){.signature = {.len = 0}};
    if (!is_text(scheme, algorithm))
        return refuse(problem, "Unsupported AWS 'algorithm': '%.*s', expected '%s'.", shown(scheme),
                      scheme.len > 0 ? (const char *)scheme.data : "", algorithm);
    while (rest.len > 0)
        if (!read_part(without_blanks(take_until(&rest, ',')), read, problem)) return false;
    if (read->access_key_id.len > 0 && read->signed_headers.len > 0 && read->signature.len > 0) return true;
    return refuse(problem, "%s%s%s",
                  read->access_key_id.len > 0 ? "" : "Authorization header requires 'Credential' parameter. ",
                  read->signature.len > 0 ? "" : "Authorization header requires 'Signature' parameter. ",
                  read->signed_headers.len > 0 ? "" : "Authorization header requires 'SignedHeaders' parameter. ");
}

bool kms_signed_header_next(grille_bytes *names, grille_bytes *name) {
    if (names->len == 0) return false;
    *name = take_until(names, ';');
    return true;
}

bool kms_signature_time(const char *text, grille_wall_ms *at_ms) {
    char extended[] = "2015-08-30T12:36:00Z";
    static const unsigned char places[time_characters] = {0, 1, 2, 3, 5, 6, 8, 9, 10, 11, 12, 14, 15, 17, 18, 19};
    if (strlen(text) != time_characters) return false;
    for (size_t i = 0; i < time_characters; i++)
        extended[places[i]] = text[i];
    return grille_civil_parse_rfc3339(grille_bytes_of_text(extended), at_ms);
}
