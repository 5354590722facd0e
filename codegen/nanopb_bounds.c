/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/nanopb_bounds.h"

#include <string.h>

#include "codegen/fields.h"
#include "codegen/names.h"

#define LABEL_REPEATED GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED
#define TYPE_MESSAGE   GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE
#define TYPE_STRING    GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING
#define TYPE_BYTES     GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BYTES

/* Declared in the header that all generated structures include, and defined in runtime/codec/nanopb.c. */
static const char view_function[] = "grille_view_field";
static const char view_header[] = "grille/bytes.h";

/* nanopb guesses the width of its descriptors from a size that leaves views out; this width is enough for any. */
static const uint32_t descriptor_words = 4;

/* One file on its way. */
typedef struct bounded_file {
    grille_gen_model *model;
    const grille_gen_file *file;
    grille_gen_nanopb_file *options;
} bounded_file;

/* "add this line to x.options", or "make x.options with this line". */
static const char *advice(const bounded_file *bounding, const char *name, const char *setting) {
    grille_gen_pool *pool = bounding->model->pool;
    const char *file = bounding->options->path;
    if (file) return grille_gen_format(pool, "add this line to %s: %s %s", file, name, setting);
    return grille_gen_format(pool, "make the file %s.options with the line: %s %s",
                             grille_gen_stem(pool, bounding->file->proto->name), name, setting);
}

static bool is_view(const grille_gen_field_proto *field, const grille_gen_nanopb_set *set) {
    bool text = field->type == TYPE_STRING;
    if (!text && field->type != TYPE_BYTES) return false;
    return !set->has[GRILLE_GEN_MAX_SIZE] && !(text && set->has[GRILLE_GEN_MAX_LENGTH]);
}

/* The type of a view's member, NULL where the field is stored in the structure itself. */
static const char *view_type(const bounded_file *bounding, const grille_gen_field_proto *field,
                             const grille_gen_nanopb_set *set) {
    if (!is_view(field, set)) return NULL;
    if (field->label == LABEL_REPEATED)
        return grille_gen_format(bounding->model->pool, "GRILLE_VIEWS(%u)", (unsigned)set->value[GRILLE_GEN_MAX_COUNT]);
    return grille_gen_is_optional(bounding->file->proto, field) ? "grille_bytes_optional" : "grille_bytes";
}

static void check_field(const bounded_file *bounding, const grille_gen_field_proto *field, const char *name,
                        const grille_gen_nanopb_set *set, const grille_gen_path *path) {
    grille_gen_problems *problems = &bounding->model->problems;
    bool view = is_view(field, set);
    if (field->label == LABEL_REPEATED && !set->has[GRILLE_GEN_MAX_COUNT])
        grille_gen_problem(problems, path, "the repeated field `%s` has no bound for nanopb; %s", name,
                           advice(bounding, name, "max_count:16"));
    if (view && set->has[GRILLE_GEN_FIXED_LENGTH] && set->value[GRILLE_GEN_FIXED_LENGTH])
        grille_gen_problem(problems, path, "`%s` has a fixed length and no size; %s", name,
                           advice(bounding, name, "max_size:32 fixed_length:true"));
    if (view && set->has[GRILLE_GEN_FIXED_COUNT] && set->value[GRILLE_GEN_FIXED_COUNT])
        grille_gen_problem(problems, path, "`%s` has a fixed count and no size; %s", name,
                           advice(bounding, name, "max_size:32 max_count:16 fixed_count:true"));
    if (view && field->default_value && *field->default_value)
        grille_gen_problem(problems, path, "`%s` has a default, which a view can't hold; %s", name,
                           advice(bounding, name, "max_size:64"));
}

/* Returns whether the field is a view. */
static bool bound_field(const bounded_file *bounding, grille_gen_field_proto *field, const char *name,
                        const grille_gen_nanopb_set *parent, const grille_gen_path *path) {
    grille_gen_model *model = bounding->model;
    grille_gen_nanopb_set set =
        grille_gen_nanopb_resolve(model, bounding->options, parent, name, (ProtobufCMessage *)field->options, path);
    if (bounding->file->wanted) check_field(bounding, field, name, &set, path);
    grille_gen_nanopb_extra extra = {.callback_datatype = view_type(bounding, field, &set)};
    if (!field->options) {
        field->options = grille_gen_alloc(model->pool, sizeof(*field->options));
        google__protobuf__field_options__init(field->options);
    }
    grille_gen_nanopb_write(model->pool, &field->options->base, &set, &extra);
    return extra.callback_datatype != NULL;
}

static void bound_enums(const bounded_file *bounding, Google__Protobuf__EnumDescriptorProto **enums, size_t count,
                        const char *scope, const grille_gen_nanopb_set *parent, const grille_gen_path *path,
                        int32_t field) {
    static const grille_gen_nanopb_extra nothing;
    grille_gen_pool *pool = bounding->model->pool;
    for (size_t i = 0; i < count; i++) {
        grille_gen_path into = grille_gen_path_into(path, field, i);
        const char *name = grille_gen_format(pool, "%s%s%s", scope, *scope ? "." : "", enums[i]->name);
        grille_gen_nanopb_set set = grille_gen_nanopb_resolve(bounding->model, bounding->options, parent, name,
                                                              (ProtobufCMessage *)enums[i]->options, &into);
        if (!enums[i]->options) {
            enums[i]->options = grille_gen_alloc(pool, sizeof(*enums[i]->options));
            google__protobuf__enum_options__init(enums[i]->options);
        }
        grille_gen_nanopb_write(pool, &enums[i]->options->base, &set, &nothing);
    }
}

static void bound_message(const bounded_file *bounding, const grille_gen_message *message,
                          const grille_gen_nanopb_set *parent) {
    grille_gen_message_proto *proto = (grille_gen_message_proto *)message->proto;
    grille_gen_pool *pool = bounding->model->pool;
    bool views = false;
    grille_gen_nanopb_set set =
        grille_gen_nanopb_resolve(bounding->model, bounding->options, parent, message->full_name,
                                  (ProtobufCMessage *)proto->options, &message->path);
    for (size_t i = 0; i < proto->n_field; i++) {
        grille_gen_path path = grille_gen_path_into(&message->path, GRILLE_GEN_MESSAGE_FIELD, i);
        const char *name = grille_gen_format(pool, "%s.%s", message->full_name, proto->field[i]->name);
        views |= bound_field(bounding, proto->field[i], name, &set, &path);
    }
    bound_enums(bounding, proto->enum_type, proto->n_enum_type, message->full_name, &set, &message->path,
                GRILLE_GEN_MESSAGE_ENUM);
    if (!proto->options) {
        proto->options = grille_gen_alloc(pool, sizeof(*proto->options));
        google__protobuf__message_options__init(proto->options);
    }
    grille_gen_nanopb_extra extra = {.callback_function = views ? view_function : NULL};
    grille_gen_nanopb_write(pool, &proto->options->base, &set, &extra);
}

static void check_masks(const bounded_file *bounding) {
    for (size_t i = 0; i < bounding->options->count; i++) {
        const grille_gen_nanopb_line *line = &bounding->options->lines[i];
        if (!line->matched)
            grille_gen_problem_at(
                &bounding->model->problems,
                grille_gen_format(bounding->model->pool, "%s:%u", bounding->options->path, line->number),
                "`%s` matches nothing in %s", line->mask, bounding->file->proto->name);
    }
}

static void bound_file(const bounded_file *bounding) {
    static const grille_gen_nanopb_set none;
    grille_gen_model *model = bounding->model;
    grille_gen_file_proto *proto = (grille_gen_file_proto *)bounding->file->proto;
    grille_gen_path path = grille_gen_path_of(proto);
    grille_gen_nanopb_set set = grille_gen_nanopb_resolve(model, bounding->options, &none, proto->name,
                                                          (ProtobufCMessage *)proto->options, &path);
    if (!set.has[GRILLE_GEN_DESCRIPTOR_SIZE]) {
        set.has[GRILLE_GEN_DESCRIPTOR_SIZE] = true;
        set.value[GRILLE_GEN_DESCRIPTOR_SIZE] = descriptor_words;
    }
    bound_enums(bounding, proto->enum_type, proto->n_enum_type, proto->package ? proto->package : "", &set, &path,
                GRILLE_GEN_FILE_ENUM);
    for (size_t i = 0; i < model->message_count; i++)
        if (model->messages[i].path.file == proto) bound_message(bounding, &model->messages[i], &set);
    if (!proto->options) {
        proto->options = grille_gen_alloc(model->pool, sizeof(*proto->options));
        google__protobuf__file_options__init(proto->options);
    }
    grille_gen_nanopb_extra extra = {.include = view_header};
    grille_gen_nanopb_write(model->pool, &proto->options->base, &set, &extra);
    if (bounding->file->wanted) check_masks(bounding);
}

/* Does `from` hold `target` in itself, directly or through others? `seen` marks messages already looked at. */
static bool holds(const grille_gen_model *model, const grille_gen_message *from, const grille_gen_message *target,
                  bool *seen) {
    if (from == target) return true;
    if (seen[from - model->messages]) return false;
    seen[from - model->messages] = true;
    for (size_t i = 0; i < from->proto->n_field; i++) {
        const grille_gen_field_proto *field = from->proto->field[i];
        const grille_gen_message *next =
            field->type == TYPE_MESSAGE ? grille_gen_find_message(model, field->type_name) : NULL;
        if (next && holds(model, next, target, seen)) return true;
    }
    return false;
}

static void check_recursion(grille_gen_model *model, const grille_gen_message *message) {
    /* The entry of a map is named by the field that has the map. */
    if (message->proto->options && message->proto->options->map_entry) return;
    for (size_t i = 0; i < message->proto->n_field; i++) {
        const grille_gen_field_proto *field = message->proto->field[i];
        const grille_gen_message *inner =
            field->type == TYPE_MESSAGE ? grille_gen_find_message(model, field->type_name) : NULL;
        bool *seen = grille_gen_alloc_array(model->pool, model->message_count, sizeof(*seen));
        grille_gen_path path = grille_gen_path_into(&message->path, GRILLE_GEN_MESSAGE_FIELD, i);
        if (inner && holds(model, inner, message, seen))
            grille_gen_problem(&model->problems, &path,
                               "`%s.%s` makes `%s` contain itself; nanopb's structures have a fixed size, so no option "
                               "can bound it: use codec=protobuf-c, or carry the inner message as `bytes`",
                               message->full_name, field->name, message->full_name);
    }
}

void grille_gen_nanopb_bound(grille_gen_model *model, grille_gen_nanopb_file *options) {
    for (size_t i = 0; i < model->file_count; i++) {
        bounded_file bounding = {model, &model->files[i], &options[i]};
        bound_file(&bounding);
    }
    for (size_t i = 0; i < model->message_count; i++) {
        const grille_gen_file *file = grille_gen_find_file(model, model->messages[i].path.file->name);
        if (file && file->wanted) check_recursion(model, &model->messages[i]);
    }
}
