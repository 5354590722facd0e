/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/model.h"

#include <stdlib.h>
#include <string.h>

#include "codegen/names.h"

/* protoc has checked all that; a plugin can be started without it. */
static bool check_package(grille_gen_model *model, const grille_gen_path *path) {
    const char *package = path->file->package ? path->file->package : "";
    char *part = grille_gen_copy(model->pool, package), *rest = part;
    if (!*package) return true;
    while ((part = strsep(&rest, ".")))
        if (!grille_gen_is_identifier(part)) {
            grille_gen_problem(&model->problems, path, "`%s` is not a package name", package);
            return false;
        }
    return true;
}

static bool check_file_name(grille_gen_model *model, const grille_gen_path *path) {
    const char *name = path->file->name ? path->file->name : "";
    if (*name && !strpbrk(name, "\"\\\r\n\t*?<>|")) return true;
    grille_gen_problem(&model->problems, path, "the file's name can't stand in an #include; rename the file");
    return false;
}

static char *join(grille_gen_pool *pool, const char *scope, const char *name) {
    return grille_gen_format(pool, "%s%s%s", scope, *scope ? "." : "", name);
}

static size_t count_nested(const grille_gen_message_proto *proto, unsigned depth) {
    size_t count = 1;
    for (size_t i = 0; depth < GRILLE_GEN_NESTING && i < proto->n_nested_type; i++)
        count += count_nested(proto->nested_type[i], depth + 1);
    return count;
}

static void add_message(grille_gen_model *model, const grille_gen_message_proto *proto, const char *scope,
                        const grille_gen_path *path, unsigned depth) {
    if (!grille_gen_is_identifier(proto->name)) {
        grille_gen_problem(&model->problems, path, "`%s` is not a name for a message", proto->name ? proto->name : "");
        return;
    }
    const char *full_name = join(model->pool, scope, proto->name);
    model->messages[model->message_count++] =
        (grille_gen_message){.full_name = full_name, .proto = proto, .path = *path};
    if (depth >= GRILLE_GEN_NESTING && proto->n_nested_type > 0) {
        grille_gen_problem(&model->problems, path, "`%s`: messages are nested deeper than %d", full_name,
                           GRILLE_GEN_NESTING);
        return;
    }
    for (size_t i = 0; i < proto->n_nested_type; i++) {
        grille_gen_path nested = grille_gen_path_into(path, GRILLE_GEN_MESSAGE_NESTED, i);
        add_message(model, proto->nested_type[i], full_name, &nested, depth + 1);
    }
}

static int compare_messages(const void *a, const void *b) {
    const grille_gen_message *const *x = a, *const *y = b;
    return strcmp((*x)->full_name, (*y)->full_name);
}

static void read_messages(grille_gen_model *model, const Grille__Codegen__Request *request) {
    size_t count = 0;
    for (size_t i = 0; i < request->n_proto_file; i++)
        for (size_t j = 0; j < request->proto_file[i]->n_message_type; j++)
            count += count_nested(request->proto_file[i]->message_type[j], 0);
    model->messages = grille_gen_alloc_array(model->pool, count, sizeof(*model->messages));
    for (size_t i = 0; i < request->n_proto_file; i++) {
        const grille_gen_file_proto *file = request->proto_file[i];
        grille_gen_path path = grille_gen_path_of(file);
        if (!check_package(model, &path)) continue;
        for (size_t j = 0; j < file->n_message_type; j++) {
            grille_gen_path into = grille_gen_path_into(&path, GRILLE_GEN_FILE_MESSAGE, j);
            add_message(model, file->message_type[j], file->package ? file->package : "", &into, 0);
        }
    }
    model->by_name = grille_gen_alloc_array(model->pool, model->message_count, sizeof(*model->by_name));
    for (size_t i = 0; i < model->message_count; i++)
        model->by_name[i] = &model->messages[i];
    if (model->message_count) qsort(model->by_name, model->message_count, sizeof(*model->by_name), compare_messages);
}

const grille_gen_message *grille_gen_find_message(const grille_gen_model *model, const char *type_name) {
    if (!type_name || !model->message_count) return NULL;
    const grille_gen_message wanted = {.full_name = type_name + (*type_name == '.')}, *key = &wanted;
    grille_gen_message **found = bsearch(&key, model->by_name, model->message_count, sizeof(key), compare_messages);
    return found ? *found : NULL;
}

const grille_gen_file *grille_gen_find_file(const grille_gen_model *model, const char *name) {
    for (size_t i = 0; i < model->file_count; i++)
        if (name && model->files[i].proto->name && !strcmp(model->files[i].proto->name, name)) return &model->files[i];
    return NULL;
}

static void read_files(grille_gen_model *model, const Grille__Codegen__Request *request) {
    model->file_count = request->n_proto_file;
    model->files = grille_gen_alloc_array(model->pool, model->file_count, sizeof(*model->files));
    for (size_t i = 0; i < model->file_count; i++) {
        const grille_gen_file_proto *proto = request->proto_file[i];
        grille_gen_path path = grille_gen_path_of(proto);
        model->files[i].proto = proto;
        for (size_t j = 0; j < request->n_file_to_generate; j++)
            if (proto->name && !strcmp(proto->name, request->file_to_generate[j])) model->files[i].wanted = true;
        if (!check_file_name(model, &path)) model->files[i].wanted = false;
    }
}

void grille_gen_model_read(grille_gen_model *model, grille_gen_pool *pool, const Grille__Codegen__Request *request) {
    *model = (grille_gen_model){.pool = pool, .problems = {.text = grille_gen_text_of(pool)}};
    read_files(model, request);
    read_messages(model, request);
}
