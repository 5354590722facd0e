/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/cbor.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/bytes.h"
#include "wire/limits.h"
#include "wire/utf8.h"

#define INDEFINITE_INFO 31
#define BREAK           0xff
#define SIMPLE_FALSE    20
#define SIMPLE_NULL     22
#define NULL_ITEM       0xf6

typedef struct item_head {
    grille_cbor_type type;
    bool indefinite;
    uint64_t argument; /* value, length or count */
} item_head;

static void refuse(grille_reader *reader) {
    grille_reader_fail(reader, GRILLE_REASON_ATTEST_CBOR);
}

static uint8_t peek_byte(const grille_reader *reader) {
    grille_reader ahead = *reader;
    return grille_read_u8(&ahead);
}

/* The argument's bytes after the initial byte; a value that fits a shorter form is refused (RFC 8949 4.2.1). */
static uint64_t read_argument(grille_reader *reader, uint8_t info) {
    uint64_t value = info, least = 0;
    switch (info) {
    case 24:
        value = grille_read_u8(reader);
        least = 24;
        break;
    case 25:
        value = grille_read_u16(reader);
        least = 0x100;
        break;
    case 26:
        value = grille_read_u32(reader);
        least = 0x10000;
        break;
    case 27:
        value = grille_read_u64(reader);
        least = 0x100000000;
        break;
    default:
        if (info > 27) refuse(reader);
    }
    if (value < least) refuse(reader);
    return value;
}

static item_head read_head(grille_reader *reader) {
    uint8_t initial = grille_read_u8(reader);
    uint8_t info = initial & 0x1f;
    item_head head = {.type = (grille_cbor_type)(initial >> 5)};
    if (info == INDEFINITE_INFO && head.type == GRILLE_CBOR_MAP) {
        head.indefinite = true;
    } else {
        head.argument = read_argument(reader, info);
    }
    return head;
}

/* Bytes or text of a head that was read. */
static grille_bytes read_string(grille_reader *reader, const item_head *head) {
    grille_bytes content;
    if (head->argument > reader->left) grille_reader_fail(reader, GRILLE_REASON_TRUNCATED);
    content = grille_read_bytes(reader, reader->failed ? 0 : (size_t)head->argument);
    if (head->type == GRILLE_CBOR_TEXT && !grille_utf8_valid(content)) refuse(reader);
    return content;
}

/* Each entry takes at least `least_bytes`, so a larger count can't be honest. */
static void check_count(grille_reader *reader, const item_head *head, uint64_t least_bytes) {
    if (!head->indefinite && head->argument > reader->left / least_bytes) {
        grille_reader_fail(reader, GRILLE_REASON_TRUNCATED);
    }
}

/* One array or map that is open. */
typedef struct level {
    bool is_map;
    bool indefinite;
    bool value_next;  /* a map's key was read */
    uint64_t left;    /* items, or entries of a map */
    size_t first_key; /* index of the map's first key among the walk's keys */
} level;

typedef struct walk {
    grille_reader *reader;
    size_t depth;
    size_t key_count;
    level levels[GRILLE_LIMIT_CBOR_DEPTH];
    grille_bytes keys[GRILLE_LIMIT_CBOR_OPEN_KEYS]; /* encoded: one encoding for each value makes bytes comparable */
} walk;

static level *innermost(walk *w) {
    return w->depth == 0 ? NULL : &w->levels[w->depth - 1];
}

static void close_level(walk *w) {
    w->key_count = innermost(w)->first_key;
    w->depth--;
}

/* An item ended: so may the arrays and maps that it was the last of. */
static void item_ended(walk *w) {
    for (level *in = innermost(w); in != NULL; in = innermost(w)) {
        if (in->is_map && !in->value_next) {
            in->value_next = true;
            return;
        }
        in->value_next = false;
        if (in->indefinite || --in->left > 0) return;
        close_level(w);
    }
}

static void remember_key(walk *w, grille_bytes encoded) {
    for (size_t i = innermost(w)->first_key; i < w->key_count; i++) {
        if (grille_bytes_equal(w->keys[i], encoded)) {
            grille_reader_fail(w->reader, GRILLE_REASON_ATTEST_CBOR_DUPLICATE_KEY);
            return;
        }
    }
    if (w->key_count == GRILLE_LIMIT_CBOR_OPEN_KEYS) {
        refuse(w->reader);
    } else {
        w->keys[w->key_count++] = encoded;
    }
}

static void open_level(walk *w, const item_head *head) {
    bool is_map = head->type == GRILLE_CBOR_MAP;
    check_count(w->reader, head, is_map ? 2 : 1);
    if (w->depth == GRILLE_LIMIT_CBOR_DEPTH) grille_reader_fail(w->reader, GRILLE_REASON_ATTEST_CBOR_DEPTH);
    if (w->reader->failed) return;
    if (!head->indefinite && head->argument == 0) {
        item_ended(w);
        return;
    }
    w->levels[w->depth++] =
        (level){.is_map = is_map, .indefinite = head->indefinite, .left = head->argument, .first_key = w->key_count};
}

static void walk_item(walk *w) {
    grille_reader start = *w->reader;
    level *in = innermost(w);
    bool is_key = in != NULL && in->is_map && !in->value_next;
    item_head head = read_head(w->reader);
    if (is_key && head.type > GRILLE_CBOR_TEXT) refuse(w->reader);
    if (w->reader->failed) return;
    switch (head.type) {
    case GRILLE_CBOR_UNSIGNED:
    case GRILLE_CBOR_NEGATIVE:
        break;
    case GRILLE_CBOR_BYTES:
    case GRILLE_CBOR_TEXT:
        (void)read_string(w->reader, &head);
        break;
    case GRILLE_CBOR_ARRAY:
    case GRILLE_CBOR_MAP:
        open_level(w, &head);
        return;
    case GRILLE_CBOR_SIMPLE:
        if (head.argument < SIMPLE_FALSE || head.argument > SIMPLE_NULL) refuse(w->reader);
        break;
    case GRILLE_CBOR_TAG:
    default:
        refuse(w->reader);
        break;
    }
    if (w->reader->failed) return;
    if (is_key) remember_key(w, grille_bytes_of(start.at, start.left - w->reader->left));
    item_ended(w);
}

void grille_cbor_skip(grille_reader *reader) {
    walk w = {.reader = reader};
    do {
        level *in = innermost(&w);
        if (in != NULL && in->indefinite && !in->value_next && reader->left > 0 && peek_byte(reader) == BREAK) {
            (void)grille_read_u8(reader);
            close_level(&w);
            item_ended(&w);
        } else {
            walk_item(&w);
        }
    } while (!reader->failed && w.depth > 0);
}

grille_reason grille_cbor_check(grille_bytes encoded) {
    grille_reader reader = grille_reader_of(encoded);
    grille_cbor_skip(&reader);
    return grille_reader_end(&reader);
}

grille_cbor_type grille_cbor_peek(const grille_reader *reader) {
    return reader->left == 0 ? GRILLE_CBOR_SIMPLE : (grille_cbor_type)(peek_byte(reader) >> 5);
}

static item_head read_typed(grille_reader *reader, grille_cbor_type type) {
    item_head head = read_head(reader);
    if (head.type != type) refuse(reader);
    if (reader->failed) head = (item_head){.type = type};
    return head;
}

uint64_t grille_cbor_read_unsigned(grille_reader *reader) {
    return read_typed(reader, GRILLE_CBOR_UNSIGNED).argument;
}

grille_bytes grille_cbor_read_bytes(grille_reader *reader) {
    item_head head = read_typed(reader, GRILLE_CBOR_BYTES);
    return read_string(reader, &head);
}

grille_bytes grille_cbor_read_text(grille_reader *reader) {
    item_head head = read_typed(reader, GRILLE_CBOR_TEXT);
    return read_string(reader, &head);
}

size_t grille_cbor_read_array(grille_reader *reader) {
    item_head head = read_typed(reader, GRILLE_CBOR_ARRAY);
    check_count(reader, &head, 1);
    return reader->failed ? 0 : (size_t)head.argument;
}

grille_cbor_map grille_cbor_read_map(grille_reader *reader) {
    item_head head = read_typed(reader, GRILLE_CBOR_MAP);
    check_count(reader, &head, 2);
    if (reader->failed) return (grille_cbor_map){.indefinite = false};
    return (grille_cbor_map){.indefinite = head.indefinite, .left = head.argument};
}

bool grille_cbor_next_entry(grille_reader *reader, grille_cbor_map *map) {
    if (reader->failed) return false;
    if (map->indefinite) {
        if (peek_byte(reader) != BREAK) return true;
        (void)grille_read_u8(reader);
        map->indefinite = false;
        map->left = 0;
        return false;
    }
    if (map->left == 0) return false;
    map->left--;
    return true;
}

static bool take_byte(grille_reader *reader, uint8_t byte) {
    if (reader->left == 0 || peek_byte(reader) != byte) return false;
    (void)grille_read_u8(reader);
    return true;
}

bool grille_cbor_take_null(grille_reader *reader) {
    return take_byte(reader, NULL_ITEM);
}

bool grille_cbor_take_tag(grille_reader *reader, uint8_t tag) {
    return tag < 24 && take_byte(reader, (uint8_t)((unsigned)GRILLE_CBOR_TAG << 5 | tag));
}

grille_cbor_description grille_cbor_describe(const grille_reader *reader) {
    static const char *const names[][2] = {
        [GRILLE_CBOR_UNSIGNED] = {"unsigned number ", ""},
        [GRILLE_CBOR_NEGATIVE] = {"negative number -1 - ", ""},
        [GRILLE_CBOR_BYTES] = {"byte string of ", " bytes"},
        [GRILLE_CBOR_TEXT] = {"text of ", " bytes"},
        [GRILLE_CBOR_ARRAY] = {"array of ", ""},
        [GRILLE_CBOR_MAP] = {"map of ", " entries"},
        [GRILLE_CBOR_TAG] = {"tag ", ""},
        [GRILLE_CBOR_SIMPLE] = {"simple value ", ""},
    };
    grille_reader ahead = *reader;
    grille_cbor_description out;
    item_head head = read_head(&ahead);
    const char *fixed = NULL;
    if (head.type == GRILLE_CBOR_SIMPLE && head.argument == SIMPLE_NULL) fixed = "null";
    if (head.indefinite) fixed = "map of unsaid length";
    if (ahead.failed) fixed = reader->left == 0 ? "nothing" : "malformed CBOR";
    if (fixed != NULL) {
        (void)snprintf(out.text, sizeof out.text, "%s", fixed);
    } else {
        (void)snprintf(out.text, sizeof out.text, "%s%" PRIu64 "%s", names[head.type][0], head.argument,
                       names[head.type][1]);
    }
    return out;
}
