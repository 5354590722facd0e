/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/rewrite.h"

#include <string.h>

#include "codegen/fields.h"
#include "codegen/types.h"

/* Does this file, or one that it imports publicly, declare what `type_name` names? */
static bool declares(const grille_gen_model *model, const char *file_name, const char *type_name, unsigned depth) {
    const grille_gen_file *file = grille_gen_find_file(model, file_name);
    if (!file || depth > GRILLE_GEN_NESTING) return false;
    if (grille_gen_declares_type(file->proto, type_name)) return true;
    for (size_t i = 0; i < file->proto->n_public_dependency; i++) {
        int32_t index = file->proto->public_dependency[i];
        if (index >= 0 && (size_t)index < file->proto->n_dependency &&
            declares(model, file->proto->dependency[index], type_name, depth + 1))
            return true;
    }
    return false;
}

static bool message_needs(const grille_gen_model *model, const grille_gen_message_proto *message, const char *import,
                          unsigned depth) {
    for (size_t i = 0; i < message->n_field; i++)
        if (message->field[i]->type_name && declares(model, import, message->field[i]->type_name, 0)) return true;
    for (size_t i = 0; i < message->n_nested_type && depth < GRILLE_GEN_NESTING; i++)
        if (message_needs(model, message->nested_type[i], import, depth + 1)) return true;
    return false;
}

static bool is_public(const grille_gen_file_proto *file, size_t index) {
    for (size_t i = 0; i < file->n_public_dependency; i++)
        if (file->public_dependency[i] == (int32_t)index) return true;
    return false;
}

/* Options come from imports that have no header in C: what no field needs is not included. A public import stays, it is
 * there for others, unless it declares nothing. */
static bool needs_import(const grille_gen_model *model, const grille_gen_file_proto *file, size_t index) {
    const char *import = file->dependency[index];
    if (is_public(file, index)) {
        const grille_gen_file *target = grille_gen_find_file(model, import);
        if (target && (target->proto->n_message_type || target->proto->n_enum_type || target->proto->n_dependency))
            return true;
    }
    for (size_t i = 0; i < file->n_message_type; i++)
        if (message_needs(model, file->message_type[i], import, 0)) return true;
    return false;
}

static void drop_imports(grille_gen_model *model, grille_gen_file_proto *file) {
    bool *keep = grille_gen_alloc_array(model->pool, file->n_dependency, sizeof(*keep));
    int32_t *moved = grille_gen_alloc_array(model->pool, file->n_dependency, sizeof(*moved));
    size_t count = 0, publics = 0;
    for (size_t i = 0; i < file->n_dependency; i++)
        keep[i] = needs_import(model, file, i);
    for (size_t i = 0; i < file->n_dependency; i++) {
        if (!keep[i]) continue;
        moved[i] = (int32_t)count;
        file->dependency[count++] = file->dependency[i];
    }
    for (size_t i = 0; i < file->n_public_dependency; i++) {
        int32_t index = file->public_dependency[i];
        if (index >= 0 && (size_t)index < file->n_dependency && keep[index])
            file->public_dependency[publics++] = moved[index];
    }
    file->n_dependency = count;
    file->n_public_dependency = publics;
    file->n_weak_dependency = 0;
}

static void strip_message(grille_gen_message_proto *message, unsigned depth) {
    message->n_extension = 0;
    message->n_extension_range = 0;
    for (size_t i = 0; i < message->n_nested_type && depth < GRILLE_GEN_NESTING; i++)
        strip_message(message->nested_type[i], depth + 1);
}

/* protobuf-c's own file options change names. */
static void check_file_options(grille_gen_model *model, const grille_gen_file_proto *file) {
    static const uint32_t pb_c_file = 1019; /* protobuf-c/protobuf-c.proto */
    grille_gen_path path = grille_gen_path_of(file);
    for (unsigned i = 0; file->options && i < file->options->base.n_unknown_fields; i++)
        if (file->options->base.unknown_fields[i].tag == pb_c_file)
            grille_gen_problem(&model->problems, &path,
                               "`option (pb_c_file)` changes names that generated code relies on; take it out");
}

void grille_gen_rewrite(grille_gen_model *model, Grille__Codegen__Request *request, grille_gen_codec codec) {
    for (size_t i = 0; i < request->n_proto_file; i++) {
        grille_gen_file_proto *file = request->proto_file[i];
        if (codec == GRILLE_GEN_PROTOBUF_C) check_file_options(model, file);
        file->n_service = 0;
        file->n_extension = 0;
        for (size_t j = 0; j < file->n_message_type; j++)
            strip_message(file->message_type[j], 0);
        drop_imports(model, file);
    }
    grille_gen_check_types(model, codec);
    for (size_t i = 0; i < model->message_count; i++)
        grille_gen_name_fields(model, &model->messages[i], codec);
}
