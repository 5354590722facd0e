/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/types.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "codegen/names.h"

typedef Google__Protobuf__EnumDescriptorProto enum_proto;

/* Is `name` the first part of `rest`? Then the rest behind it and its dot, else NULL. */
static const char *enter(const char *rest, const char *name) {
    size_t len = name ? strlen(name) : 0;
    if (len == 0 || strncmp(rest, name, len) != 0 || (rest[len] && rest[len] != '.')) return NULL;
    return rest + len + (rest[len] == '.');
}

static bool in_message(const grille_gen_message_proto *message, const char *rest, unsigned depth) {
    const char *inner = enter(rest, message->name);
    if (!inner || depth > GRILLE_GEN_NESTING) return false;
    if (!*inner) return true;
    for (size_t i = 0; i < message->n_enum_type; i++)
        if (message->enum_type[i]->name && !strcmp(message->enum_type[i]->name, inner)) return true;
    for (size_t i = 0; i < message->n_nested_type; i++)
        if (in_message(message->nested_type[i], inner, depth + 1)) return true;
    return false;
}

bool grille_gen_declares_type(const grille_gen_file_proto *file, const char *type_name) {
    const char *rest = type_name + (*type_name == '.');
    if (file->package && *file->package) rest = enter(rest, file->package);
    if (!rest) return false;
    for (size_t i = 0; i < file->n_enum_type; i++)
        if (file->enum_type[i]->name && !strcmp(file->enum_type[i]->name, rest)) return true;
    for (size_t i = 0; i < file->n_message_type; i++)
        if (in_message(file->message_type[i], rest, 0)) return true;
    return false;
}

/* A type by the name that it gets in C. */
typedef struct c_type {
    const char *c_name;
    const char *full_name;
    grille_gen_path path;
    bool wanted;
} c_type;

typedef struct c_types {
    grille_gen_model *model;
    grille_gen_codec codec;
    c_type *types;
    size_t count, capacity;
} c_types;

static void add_type(c_types *list, const char *full_name, const grille_gen_path *path, bool is_enum) {
    grille_gen_pool *pool = list->model->pool;
    if (list->count == list->capacity) {
        list->capacity = list->capacity * 2 + 64;
        c_type *types = grille_gen_alloc_array(pool, list->capacity, sizeof(*types));
        if (list->count) memcpy(types, list->types, list->count * sizeof(*types));
        list->types = types;
    }
    bool lower = list->codec == GRILLE_GEN_PROTOBUF_C;
    const grille_gen_file *file = grille_gen_find_file(list->model, path->file->name);
    /* protobuf-c's functions are in lower case: what meets there meets first. */
    const char *c_name = !lower    ? grille_gen_nanopb_type(pool, full_name)
                         : is_enum ? grille_gen_protobuf_c_type(pool, full_name)
                                   : grille_gen_protobuf_c_lower(pool, full_name);
    list->types[list->count++] = (c_type){c_name, full_name, *path, file && file->wanted};
}

/* protobuf-c names an enum's values in upper case. */
static void check_values(c_types *list, const enum_proto *declaration, const char *full_name,
                         const grille_gen_path *path) {
    if (list->codec != GRILLE_GEN_PROTOBUF_C) return;
    for (size_t i = 0; i < declaration->n_value; i++)
        for (size_t j = 0; j < i; j++) {
            const char *name = declaration->value[i]->name, *earlier = declaration->value[j]->name;
            if (!name || !earlier || strcasecmp(name, earlier) != 0) continue;
            grille_gen_problem(&list->model->problems, path,
                               "the values `%s` and `%s` of the enum `%s` differ only by case; rename one of them",
                               earlier, name, full_name);
        }
}

static void add_enums(c_types *list, enum_proto **enums, size_t count, const char *scope, const grille_gen_path *parent,
                      int32_t field) {
    for (size_t i = 0; i < count; i++) {
        grille_gen_path path = grille_gen_path_into(parent, field, i);
        const char *name = enums[i]->name;
        if (!grille_gen_is_identifier(name)) {
            grille_gen_problem(&list->model->problems, &path, "`%s` is not a name for an enum", name ? name : "");
            continue;
        }
        const char *full_name = grille_gen_format(list->model->pool, "%s%s%s", scope, *scope ? "." : "", name);
        add_type(list, full_name, &path, true);
        check_values(list, enums[i], full_name, &path);
    }
}

static int compare_types(const void *a, const void *b) {
    const c_type *x = a, *y = b;
    int order = strcmp(x->c_name, y->c_name);
    return order ? order : strcmp(x->full_name, y->full_name);
}

static void check_names(c_types *list) {
    grille_gen_model *model = list->model;
    if (list->count) qsort(list->types, list->count, sizeof(*list->types), compare_types);
    for (size_t i = 0; i < list->count; i++) {
        const c_type *type = &list->types[i], *earlier = i > 0 ? type - 1 : NULL;
        bool meets = earlier && !strcmp(earlier->c_name, type->c_name) && (type->wanted || earlier->wanted);
        if (meets)
            grille_gen_problem(&model->problems, &type->path,
                               "`%s` gets the same name in C as `%s` (%s); rename one of them", type->full_name,
                               earlier->full_name, grille_gen_place(model->pool, &earlier->path));
        if (type->wanted && list->codec == GRILLE_GEN_NANOPB && grille_gen_is_reserved(type->c_name))
            grille_gen_problem(&model->problems, &type->path,
                               "`%s` is a word of C or C++ and can't name a struct of nanopb; put it into a package",
                               type->full_name);
    }
}

void grille_gen_check_types(grille_gen_model *model, grille_gen_codec codec) {
    c_types list = {.model = model, .codec = codec};
    for (size_t i = 0; i < model->file_count; i++) {
        const grille_gen_file_proto *file = model->files[i].proto;
        grille_gen_path path = grille_gen_path_of(file);
        add_enums(&list, file->enum_type, file->n_enum_type, file->package ? file->package : "", &path,
                  GRILLE_GEN_FILE_ENUM);
    }
    for (size_t i = 0; i < model->message_count; i++) {
        const grille_gen_message *message = &model->messages[i];
        add_type(&list, message->full_name, &message->path, false);
        add_enums(&list, message->proto->enum_type, message->proto->n_enum_type, message->full_name, &message->path,
                  GRILLE_GEN_MESSAGE_ENUM);
    }
    check_names(&list);
}
