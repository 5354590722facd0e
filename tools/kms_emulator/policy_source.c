/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/policy_source.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/error.h"

int policy_shown(size_t len) {
    return (int)(len < KEY_POLICY_SHOWN_BYTES ? len : KEY_POLICY_SHOWN_BYTES);
}

void policy_place(grille_bytes document, size_t at, size_t *line, size_t *column) {
    *line = *column = 1;
    for (size_t i = 0; i < at && i < document.len; i++) {
        if (document.data[i] == '\n') {
            ++*line;
            *column = 1;
        } else if ((document.data[i] & 0xc0) != 0x80) {
            ++*column;
        }
    }
}

bool policy_wrong(policy_source *source, const char *format, ...) {
    char what[GRILLE_ERROR_TEXT_BYTES];
    size_t line = 0, column = 0;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    policy_place(source->document, source->at, &line, &column);
    (void)grille_error_set(source->error, GRILLE_REASON_BAD_ARGUMENT, "line %zu, column %zu: %s", line, column, what);
    return false;
}

/* Where the next token begins: what lies before it is blanks and a comma, which the reader of JSON passes over. */
static size_t next_at(const policy_source *source) {
    size_t at = source->document.len - source->json.input.left;
    while (at < source->document.len && source->document.data[at] != 0 &&
           strchr(" \t\r\n,", source->document.data[at]) != NULL)
        at++;
    return at;
}

bool policy_next(policy_source *source) {
    source->at = next_at(source);
    source->token = grille_json_next(&source->json);
    if (source->token.kind != GRILLE_JSON_BAD) return true;
    return policy_wrong(source, source->at == source->document.len ? "the document ends too early" : "not JSON");
}

bool policy_expect(policy_source *source, grille_json_kind kind, const char *what) {
    if (!policy_next(source)) return false;
    return source->token.kind == kind || policy_wrong(source, "%s", what);
}

static bool check_characters(policy_source *source, const uint8_t *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (text[i] < ' ' || text[i] == 0x7f) return policy_wrong(source, "a control character in a text");
    }
    return true;
}

bool policy_text(policy_source *source, bool may_be_empty, uint8_t **text, size_t *len) {
    key_policy *policy = source->policy;
    grille_writer bytes = grille_writer_into(policy->bytes, sizeof policy->bytes);
    bytes.len = policy->used;
    *text = &policy->bytes[policy->used];
    if (!grille_json_text(source->token, &bytes)) {
        return policy_wrong(source, "an escape of U+0000 or of half a character");
    }
    *len = bytes.len - policy->used;
    policy->used = bytes.len;
    if (*len == 0 && !may_be_empty) return policy_wrong(source, "an empty text");
    if (*len > KEY_POLICY_TEXT_BYTES) {
        return policy_wrong(source, "a text of %zu bytes; at most %d are read", *len, KEY_POLICY_TEXT_BYTES);
    }
    return check_characters(source, *text, *len);
}

bool policy_each(policy_source *source, policy_item_reader item, void *context) {
    bool any = false;
    if (!policy_next(source)) return false;
    if (source->token.kind != GRILLE_JSON_ARRAY) return item(source, context);
    for (;;) {
        if (!policy_next(source)) return false;
        if (source->token.kind == GRILLE_JSON_ARRAY_END) break;
        if (!item(source, context)) return false;
        any = true;
    }
    return any || policy_wrong(source, "an empty list");
}

static size_t find_element(policy_source *source, const policy_element *elements, size_t count) {
    size_t i = 0;
    while (i < count && !grille_json_is(source->token, elements[i].name))
        i++;
    return i;
}

bool policy_members(policy_source *source, const char *object, const policy_element *elements, size_t count,
                    void *context) {
    uint32_t seen = 0;
    for (;;) {
        if (!policy_next(source)) return false;
        if (source->token.kind == GRILLE_JSON_OBJECT_END) break;
        const size_t i = find_element(source, elements, count);
        if (i == count) {
            return policy_wrong(source, "%s has no element \"%.*s\"", object, policy_shown(source->token.raw.len),
                                source->token.raw.len > 0 ? (const char *)source->token.raw.data : "");
        }
        if (elements[i].value == NULL) return policy_wrong(source, "%s: %s", elements[i].name, elements[i].refusal);
        if ((seen >> i & 1) != 0) return policy_wrong(source, "%s stands twice in %s", elements[i].name, object);
        seen |= UINT32_C(1) << i;
        if (!elements[i].value(source, context)) return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (elements[i].required && (seen >> i & 1) == 0) {
            return policy_wrong(source, "%s lacks %s", object, elements[i].name);
        }
    }
    return true;
}

bool policy_add_text(policy_source *source, grille_bytes text) {
    key_policy *policy = source->policy;
    if (policy->text_count == KEY_POLICY_TEXTS) {
        return policy_wrong(source, "more than %d actions and values", KEY_POLICY_TEXTS);
    }
    policy->texts[policy->text_count++] = text;
    return true;
}
