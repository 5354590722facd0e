/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/bytes.h"

/* The byte that is next, 0 at the end: no grammar here has a NUL. */
static uint8_t peek(const grille_json *json) {
    grille_reader ahead = json->input;
    return ahead.left == 0 ? 0 : grille_read_u8(&ahead);
}

static bool take_if(grille_json *json, uint8_t byte) {
    if (json->input.left == 0 || peek(json) != byte) return false;
    (void)grille_read_u8(&json->input);
    return true;
}

static void skip_blanks(grille_json *json) {
    while (take_if(json, ' ') || take_if(json, '\t') || take_if(json, '\n') || take_if(json, '\r'))
        ;
}

/* What lies between an earlier place and this one. */
static grille_bytes since(grille_reader from, const grille_json *json) {
    return grille_read_bytes(&from, from.left - json->input.left);
}

static bool is_digit(uint8_t byte) {
    return byte >= '0' && byte <= '9';
}

static bool take_digits(grille_json *json) {
    if (!is_digit(peek(json))) return false;
    while (is_digit(peek(json)))
        (void)grille_read_u8(&json->input);
    return true;
}

static bool take_number(grille_json *json) {
    (void)take_if(json, '-');
    if (!take_if(json, '0') && !take_digits(json)) return false;
    if (take_if(json, '.') && !take_digits(json)) return false;
    if (take_if(json, 'e') || take_if(json, 'E')) {
        if (!take_if(json, '+')) (void)take_if(json, '-');
        return take_digits(json);
    }
    return true;
}

static bool take_word(grille_json *json, const char *word) {
    const grille_bytes read = grille_read_bytes(&json->input, strlen(word));
    return grille_bytes_equal(read, grille_bytes_of_text(word));
}

static int hex_value(uint8_t byte) {
    if (is_digit(byte)) return byte - '0';
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
    return -1;
}

/* The four digits of \uXXXX. */
static bool read_unit(grille_reader *input, uint32_t *unit) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        const int digit = hex_value(grille_read_u8(input));
        if (digit < 0) return false;
        value = value << 4 | (uint32_t)digit;
    }
    *unit = value;
    return true;
}

static bool take_escape(grille_json *json) {
    uint32_t unit = 0;
    const uint8_t kind = grille_read_u8(&json->input);
    if (kind == 'u') return read_unit(&json->input, &unit);
    return kind != 0 && strchr("\"\\/bfnrt", kind) != NULL;
}

/* After the opening quote. */
static bool take_string(grille_json *json, grille_bytes *raw) {
    const grille_reader from = json->input;
    while (json->input.left > 0) {
        const grille_bytes before = since(from, json);
        const uint8_t byte = grille_read_u8(&json->input);
        if (byte == '"') {
            *raw = before;
            return true;
        }
        if (byte < ' ' || (byte == '\\' && !take_escape(json))) return false;
    }
    return false;
}

static grille_json_token bad(grille_json *json) {
    json->bad = true;
    return (grille_json_token){.kind = GRILLE_JSON_BAD};
}

static bool in_object(const grille_json *json) {
    return (json->objects >> (json->depth - 1) & 1) != 0;
}

static grille_json_token open_one(grille_json *json, bool object) {
    if (json->depth == GRILLE_JSON_DEPTH) return bad(json);
    const uint32_t bit = UINT32_C(1) << json->depth++;
    json->objects = object ? json->objects | bit : json->objects & ~bit;
    json->expect = object ? GRILLE_JSON_EXPECT_KEY_OR_END : GRILLE_JSON_EXPECT_VALUE_OR_END;
    return (grille_json_token){.kind = object ? GRILLE_JSON_OBJECT : GRILLE_JSON_ARRAY};
}

static grille_json_token close_one(grille_json *json) {
    const bool object = in_object(json);
    json->depth--;
    json->expect = GRILLE_JSON_EXPECT_COMMA_OR_END;
    return (grille_json_token){.kind = object ? GRILLE_JSON_OBJECT_END : GRILLE_JSON_ARRAY_END};
}

static grille_json_token read_key(grille_json *json) {
    grille_json_token token = {.kind = GRILLE_JSON_KEY};
    if (!take_if(json, '"') || !take_string(json, &token.raw)) return bad(json);
    skip_blanks(json);
    if (!take_if(json, ':')) return bad(json);
    json->expect = GRILLE_JSON_EXPECT_VALUE;
    return token;
}

static grille_json_token read_scalar(grille_json *json) {
    const grille_reader from = json->input;
    grille_json_token token = {.kind = GRILLE_JSON_NUMBER};
    bool well = true;
    switch (peek(json)) {
    case '"':
        token.kind = GRILLE_JSON_TEXT;
        well = take_if(json, '"') && take_string(json, &token.raw);
        break;
    case 't':
        token.kind = GRILLE_JSON_TRUE;
        well = take_word(json, "true");
        break;
    case 'f':
        token.kind = GRILLE_JSON_FALSE;
        well = take_word(json, "false");
        break;
    case 'n':
        token.kind = GRILLE_JSON_NULL;
        well = take_word(json, "null");
        break;
    default:
        well = take_number(json);
        token.raw = since(from, json);
        break;
    }
    if (!well) return bad(json);
    json->expect = GRILLE_JSON_EXPECT_COMMA_OR_END;
    return token;
}

static grille_json_token read_value(grille_json *json) {
    if (take_if(json, '{')) return open_one(json, true);
    if (take_if(json, '[')) return open_one(json, false);
    return read_scalar(json);
}

static grille_json_token after_value(grille_json *json) {
    if (json->depth == 0) {
        if (json->input.left > 0) return bad(json);
        return (grille_json_token){.kind = GRILLE_JSON_END};
    }
    const bool object = in_object(json);
    if (take_if(json, object ? '}' : ']')) return close_one(json);
    if (!take_if(json, ',')) return bad(json);
    skip_blanks(json);
    return object ? read_key(json) : read_value(json);
}

grille_json grille_json_of(grille_bytes text) {
    return (grille_json){.input = grille_reader_of(text)};
}

grille_json_token grille_json_next(grille_json *json) {
    if (json->bad) return bad(json);
    skip_blanks(json);
    switch (json->expect) {
    case GRILLE_JSON_EXPECT_KEY_OR_END:
        if (take_if(json, '}')) return close_one(json);
        return read_key(json);
    case GRILLE_JSON_EXPECT_VALUE_OR_END:
        if (take_if(json, ']')) return close_one(json);
        return read_value(json);
    case GRILLE_JSON_EXPECT_VALUE:
        return read_value(json);
    case GRILLE_JSON_EXPECT_COMMA_OR_END:
        return after_value(json);
    }
    return bad(json);
}

bool grille_json_skip(grille_json *json, grille_json_token token) {
    if (token.kind == GRILLE_JSON_KEY) token = grille_json_next(json);
    if (token.kind == GRILLE_JSON_OBJECT || token.kind == GRILLE_JSON_ARRAY) {
        const unsigned outside = json->depth - 1;
        while (token.kind != GRILLE_JSON_BAD && json->depth > outside)
            token = grille_json_next(json);
    }
    return token.kind != GRILLE_JSON_BAD;
}

static void write_utf8(grille_writer *text, uint32_t point) {
    if (point < 0x80) {
        grille_write_u8(text, (uint8_t)point);
        return;
    }
    const unsigned more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const uint8_t leads[] = {0, 0xc0, 0xe0, 0xf0};
    grille_write_u8(text, (uint8_t)(leads[more] | point >> (6 * more)));
    for (unsigned i = more; i-- > 0;)
        grille_write_u8(text, (uint8_t)(0x80 | (point >> (6 * i) & 0x3f)));
}

/* RFC 8259 section 7: what is above U+FFFF is written as two surrogates. */
static bool resolve_unit(grille_reader *input, grille_writer *text) {
    uint32_t first = 0, second = 0;
    if (!read_unit(input, &first) || first == 0) return false;
    if (first >= 0xd800 && first < 0xe000) {
        if (first >= 0xdc00 || grille_read_u8(input) != '\\' || grille_read_u8(input) != 'u') return false;
        if (!read_unit(input, &second) || second < 0xdc00 || second > 0xdfff) return false;
        first = 0x10000 + ((first & 0x3ff) << 10 | (second & 0x3ff));
    }
    write_utf8(text, first);
    return true;
}

static bool resolve_escape(grille_reader *input, grille_writer *text) {
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const uint8_t kind = grille_read_u8(input);
    if (kind == 'u') return resolve_unit(input, text);
    const char *at = kind == 0 ? NULL : strchr(names, kind);
    if (at == NULL) return false;
    grille_write_u8(text, (uint8_t)values[at - names]);
    return true;
}

bool grille_json_text(grille_json_token token, grille_writer *text) {
    grille_reader input = grille_reader_of(token.raw);
    if (token.kind != GRILLE_JSON_KEY && token.kind != GRILLE_JSON_TEXT) return false;
    while (input.left > 0) {
        const uint8_t byte = grille_read_u8(&input);
        if (byte != '\\') {
            grille_write_u8(text, byte);
        } else if (!resolve_escape(&input, text)) {
            return false;
        }
    }
    return text->failed == GRILLE_REASON_OK;
}

bool grille_json_is(grille_json_token token, const char *text) {
    return (token.kind == GRILLE_JSON_KEY || token.kind == GRILLE_JSON_TEXT) &&
           grille_bytes_equal(token.raw, grille_bytes_of_text(text)) && strchr(text, '\\') == NULL;
}

bool grille_json_number(grille_json_token token, uint64_t max, uint64_t *number) {
    grille_reader digits = grille_reader_of(token.raw);
    uint64_t value = 0;
    if (token.kind != GRILLE_JSON_NUMBER) return false;
    while (digits.left > 0) {
        const uint8_t byte = grille_read_u8(&digits);
        if (!is_digit(byte) || value > (UINT64_MAX - (uint64_t)(byte - '0')) / 10) return false;
        value = value * 10 + (uint64_t)(byte - '0');
    }
    if (value > max) return false;
    *number = value;
    return true;
}
