/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/nanopb_options.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/varint.h"

/* nanopb.proto: the extension of each kind of options, and the fields of NanoPBOptions. */
#define NANOPB_EXTENSION         1010
#define NANOPB_CALLBACK_DATA     18
#define NANOPB_CALLBACK_FUNCTION 19
#define NANOPB_INCLUDE           24

typedef enum value_kind { SIZE, COUNT, BOOLEAN, INT_SIZE, DESCRIPTOR_SIZE } value_kind;

typedef struct known_option {
    const char *name;
    uint32_t field;
    value_kind kind;
} known_option;

static const known_option known[GRILLE_GEN_NANOPB_OPTIONS] = {
    [GRILLE_GEN_MAX_SIZE] = {"max_size", 1, SIZE},
    [GRILLE_GEN_MAX_LENGTH] = {"max_length", 14, SIZE},
    [GRILLE_GEN_MAX_COUNT] = {"max_count", 2, COUNT},
    [GRILLE_GEN_INT_SIZE] = {"int_size", 7, INT_SIZE},
    [GRILLE_GEN_FIXED_LENGTH] = {"fixed_length", 15, BOOLEAN},
    [GRILLE_GEN_FIXED_COUNT] = {"fixed_count", 16, BOOLEAN},
    [GRILLE_GEN_LONG_NAMES] = {"long_names", 4, BOOLEAN},
    [GRILLE_GEN_ENUM_TO_STRING] = {"enum_to_string", 13, BOOLEAN},
    [GRILLE_GEN_SORT_BY_TAG] = {"sort_by_tag", 28, BOOLEAN},
    [GRILLE_GEN_DESCRIPTOR_SIZE] = {"descriptorsize", 20, DESCRIPTOR_SIZE},
};

/* Largest bounds that make sense in a structure that lives in memory as a whole; the count is what a descriptor of four
 * words holds. */
static const uint32_t largest_size = 16 * 1024 * 1024, largest_count = 65535;

static bool is_one_of(uint32_t value, const char *digits) {
    return value <= 9 && strchr(digits, (int)('0' + value));
}

static bool is_valid(value_kind kind, uint64_t value) {
    switch (kind) {
    case SIZE:
        return value >= 1 && value <= largest_size;
    case COUNT:
        return value >= 1 && value <= largest_count;
    case BOOLEAN:
        return value <= 1;
    case INT_SIZE:
        return value == 8 || value == 16 || value == 32 || value == 64;
    case DESCRIPTOR_SIZE:
        return value <= 8 && is_one_of((uint32_t)value, "01248");
    }
    return false;
}

static bool parse_number(const char *text, uint64_t *value) {
    char *end;
    if (!isdigit((unsigned char)*text) || strlen(text) > 10) return false;
    *value = strtoull(text, &end, 10);
    return !*end;
}

static bool parse_value(value_kind kind, const char *text, uint32_t *value) {
    uint64_t number = 0;
    if (kind == BOOLEAN && (!strcmp(text, "true") || !strcmp(text, "false")))
        number = *text == 't';
    else if (kind == INT_SIZE && strncmp(text, "IS_", 3) != 0)
        return false;
    else if (kind == DESCRIPTOR_SIZE && strncmp(text, "DS_", 3) != 0)
        return false;
    else if (!parse_number(text + (kind == INT_SIZE || kind == DESCRIPTOR_SIZE ? 3 : 0), &number))
        return false;
    *value = (uint32_t)number;
    return is_valid(kind, number);
}

/* The next word or the next ':' of a line. */
static char *next_token(grille_gen_pool *pool, const char **rest) {
    const char *at = *rest + strspn(*rest, " \t,;");
    size_t len = *at == ':' || *at == '=' ? 1 : strcspn(at, " \t,;:=");
    *rest = at + len;
    return grille_gen_format(pool, "%.*s", (int)len, at);
}

static void read_setting(grille_gen_model *model, const char *place, grille_gen_nanopb_set *set, const char **rest) {
    const char *name = next_token(model->pool, rest);
    const char *colon = next_token(model->pool, rest);
    const char *text = next_token(model->pool, rest);
    if (*colon != ':' && *colon != '=') {
        grille_gen_problem_at(&model->problems, place, "`%s` is not followed by a colon and a value", name);
        *rest = "";
        return;
    }
    for (size_t i = 0; i < GRILLE_GEN_NANOPB_OPTIONS; i++) {
        if (strcmp(name, known[i].name) != 0) continue;
        set->has[i] = parse_value(known[i].kind, text, &set->value[i]);
        if (!set->has[i]) grille_gen_problem_at(&model->problems, place, "`%s` is not a value for `%s`", text, name);
        return;
    }
    grille_gen_problem_at(&model->problems, place,
                          "the option `%s` is not one that Grille allows; docs/generated-code.md lists them", name);
}

/* Blanks out comments: from # or // to the end, and between slash and star. */
static void blank_comments(char *line) {
    for (char *c = line; *c; c++) {
        char *end = !strncmp(c, "/*", 2) ? strstr(c + 2, "*/") : NULL;
        if (*c == '#' || !strncmp(c, "//", 2)) {
            *c = 0;
            return;
        }
        if (end) {
            memset(c, ' ', (size_t)(end + 2 - c));
            c = end + 1;
        }
    }
}

void grille_gen_nanopb_file_read(grille_gen_model *model, grille_gen_nanopb_file *file, const char *path,
                                 const char *text) {
    char *rest = grille_gen_copy(model->pool, text), *line;
    size_t lines = 1;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    *file = (grille_gen_nanopb_file){.path = path};
    file->lines = grille_gen_alloc_array(model->pool, lines, sizeof(*file->lines));
    for (unsigned number = 1; (line = strsep(&rest, "\n")); number++) {
        const char *place = grille_gen_format(model->pool, "%s:%u", path, number);
        blank_comments(line);
        line[strcspn(line, "\r")] = 0;
        const char *at = line + strspn(line, " \t");
        size_t mask_len = strcspn(at, " \t");
        if (!mask_len) continue;
        grille_gen_nanopb_line *entry = &file->lines[file->count++];
        *entry = (grille_gen_nanopb_line){.mask = grille_gen_format(model->pool, "%.*s", (int)mask_len, at),
                                          .number = number};
        at += mask_len;
        if (!at[strspn(at, " \t")]) grille_gen_problem_at(&model->problems, place, "there is no option in this line");
        while (at[strspn(at, " \t,;")])
            read_setting(model, place, &entry->set, &at);
    }
}

static void merge(grille_gen_nanopb_set *into, const grille_gen_nanopb_set *from) {
    for (size_t i = 0; i < GRILLE_GEN_NANOPB_OPTIONS; i++)
        if (from->has[i]) {
            into->has[i] = true;
            into->value[i] = from->value[i];
        }
}

/* Reads an encoded NanoPBOptions behind its length. */
static bool read_own(grille_gen_nanopb_set *set, grille_bytes data) {
    uint64_t len, tag, value;
    if (!grille_gen_take_varint(&data, &len) || len != data.len) return false;
    while (data.len > 0) {
        size_t i = 0;
        if (!grille_gen_take_varint(&data, &tag) || tag % 8 != 0 || !grille_gen_take_varint(&data, &value))
            return false;
        while (i < GRILLE_GEN_NANOPB_OPTIONS && known[i].field != tag / 8)
            i++;
        if (i == GRILLE_GEN_NANOPB_OPTIONS || !is_valid(known[i].kind, value)) return false;
        set->has[i] = true;
        set->value[i] = (uint32_t)value;
    }
    return true;
}

grille_gen_nanopb_set grille_gen_nanopb_resolve(grille_gen_model *model, grille_gen_nanopb_file *file,
                                                const grille_gen_nanopb_set *parent, const char *name,
                                                const ProtobufCMessage *own, const grille_gen_path *path) {
    grille_gen_nanopb_set set = *parent;
    for (size_t i = 0; i < file->count; i++)
        if (!fnmatch(file->lines[i].mask, name, FNM_NOESCAPE)) {
            file->lines[i].matched = true;
            merge(&set, &file->lines[i].set);
        }
    for (unsigned i = 0; own && i < own->n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *field = &own->unknown_fields[i];
        if (field->tag == NANOPB_EXTENSION && !read_own(&set, (grille_bytes){field->data, field->len}))
            grille_gen_problem(&model->problems, path,
                               "`%s`: a (nanopb) option that Grille does not allow; docs/generated-code.md lists them",
                               name);
    }
    return set;
}

static void put_varint(grille_gen_text *text, uint64_t value) {
    uint8_t bytes[GRILLE_GEN_VARINT_BYTES];
    size_t len = grille_gen_put_varint(bytes, value);
    grille_gen_add_raw(text, (const char *)bytes, len);
}

static void put_text(grille_gen_text *text, uint32_t field, const char *value) {
    if (!value) return;
    put_varint(text, (uint64_t)field << 3 | PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED);
    put_varint(text, strlen(value));
    grille_gen_add_raw(text, value, strlen(value));
}

void grille_gen_nanopb_write(grille_gen_pool *pool, ProtobufCMessage *options, const grille_gen_nanopb_set *set,
                             const grille_gen_nanopb_extra *extra) {
    grille_gen_text body = grille_gen_text_of(pool), whole = grille_gen_text_of(pool);
    unsigned count = 0;
    for (size_t i = 0; i < GRILLE_GEN_NANOPB_OPTIONS; i++)
        if (set->has[i]) {
            put_varint(&body, (uint64_t)known[i].field << 3);
            put_varint(&body, set->value[i]);
        }
    put_text(&body, NANOPB_CALLBACK_DATA, extra->callback_datatype);
    put_text(&body, NANOPB_CALLBACK_FUNCTION, extra->callback_function);
    put_text(&body, NANOPB_INCLUDE, extra->include);
    put_varint(&whole, body.len);
    grille_gen_add_raw(&whole, body.start, body.len);
    ProtobufCMessageUnknownField *fields =
        grille_gen_alloc_array(pool, (size_t)options->n_unknown_fields + 1, sizeof(*fields));
    for (unsigned i = 0; i < options->n_unknown_fields; i++)
        if (options->unknown_fields[i].tag != NANOPB_EXTENSION) fields[count++] = options->unknown_fields[i];
    fields[count++] = (ProtobufCMessageUnknownField){.tag = NANOPB_EXTENSION,
                                                     .wire_type = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
                                                     .len = whole.len,
                                                     .data = (uint8_t *)whole.start};
    options->unknown_fields = fields;
    options->n_unknown_fields = count;
}
