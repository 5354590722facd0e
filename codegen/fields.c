/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/fields.h"

#include <ctype.h>
#include <string.h>

#include "codegen/names.h"

#define LABEL_REPEATED GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED
#define LABEL_OPTIONAL GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_OPTIONAL
#define TYPE_MESSAGE   GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE
#define TYPE_STRING    GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING
#define TYPE_GROUP     GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_GROUP

bool grille_gen_in_oneof(const grille_gen_field_proto *field) {
    return field->has_oneof_index && !(field->has_proto3_optional && field->proto3_optional);
}

bool grille_gen_is_proto2(const grille_gen_file_proto *file) {
    return !file->syntax || !strcmp(file->syntax, "proto2");
}

bool grille_gen_is_optional(const grille_gen_file_proto *file, const grille_gen_field_proto *field) {
    if (field->has_proto3_optional && field->proto3_optional) return true;
    return grille_gen_is_proto2(file) && field->label == LABEL_OPTIONAL && !field->has_oneof_index;
}

/* Members of one struct. */
typedef struct member_names {
    grille_gen_pool *pool;
    const char **names;
    size_t count;
} member_names;

static bool has(const member_names *members, const char *name) {
    for (size_t i = 0; i < members->count; i++)
        if (!strcmp(members->names[i], name)) return true;
    return false;
}

/* protobuf-c's members are in lower case. */
static char *spell(grille_gen_pool *pool, const char *name, grille_gen_codec codec) {
    char *spelled = grille_gen_copy(pool, name);
    for (char *c = spelled; *c && codec == GRILLE_GEN_PROTOBUF_C; c++)
        *c = (char)tolower((unsigned char)*c);
    return spelled;
}

/* What the library puts beside a field, a count or a flag; NULL when nothing. */
static char *companion(grille_gen_pool *pool, const grille_gen_file_proto *file, const char *name,
                       const grille_gen_field_proto *field, grille_gen_codec codec) {
    bool nanopb = codec == GRILLE_GEN_NANOPB, is_message = field->type == TYPE_MESSAGE;
    if (field->label == LABEL_REPEATED) return grille_gen_format(pool, nanopb ? "%s_count" : "n_%s", name);
    bool flag = nanopb ? is_message || grille_gen_is_optional(file, field)
                       : !is_message && field->type != TYPE_STRING && grille_gen_is_proto2(file);
    return flag && !field->has_oneof_index ? grille_gen_format(pool, "has_%s", name) : NULL;
}

static bool is_free(const member_names *members, const char *name, const char *beside) {
    return !grille_gen_is_reserved(name) && !has(members, name) && (!beside || !has(members, beside));
}

/* Tries the field's own name, then with `_`, then with `_` and its number. */
static void name_field(grille_gen_model *model, member_names *members, const grille_gen_message *message,
                       grille_gen_field_proto *field, grille_gen_codec codec) {
    const char *const tries[] = {"", "_", grille_gen_format(model->pool, "_%d", (int)field->number)};
    const char *name = NULL, *beside = NULL;
    size_t last = sizeof(tries) / sizeof(*tries) - 1;
    for (size_t i = 0; i <= last; i++) {
        name = spell(model->pool, grille_gen_format(model->pool, "%s%s", field->name, tries[i]), codec);
        beside = companion(model->pool, message->path.file, name, field, codec);
        if (i < last && !is_free(members, name, beside)) continue;
        field->name = grille_gen_format(model->pool, "%s%s", field->name, tries[i]);
        break;
    }
    members->names[members->count++] = name;
    if (beside) members->names[members->count++] = beside;
}

static void name_oneof(grille_gen_model *model, member_names *members, Google__Protobuf__OneofDescriptorProto *oneof,
                       grille_gen_codec codec) {
    if (grille_gen_is_reserved(oneof->name)) oneof->name = grille_gen_format(model->pool, "%s_", oneof->name);
    if (codec == GRILLE_GEN_NANOPB) {
        members->names[members->count++] = oneof->name;
        members->names[members->count++] = grille_gen_format(model->pool, "which_%s", oneof->name);
        return;
    }
    members->names[members->count++] =
        grille_gen_format(model->pool, "%s_case", spell(model->pool, oneof->name, codec));
}

static bool check_field(grille_gen_model *model, const grille_gen_message *message, size_t index) {
    const grille_gen_field_proto *field = message->proto->field[index];
    grille_gen_path path = grille_gen_path_into(&message->path, GRILLE_GEN_MESSAGE_FIELD, index);
    if (!grille_gen_is_identifier(field->name)) {
        grille_gen_problem(&model->problems, &path, "`%s` is not a name for a field", field->name ? field->name : "");
        return false;
    }
    if (field->type == TYPE_GROUP) {
        grille_gen_problem(&model->problems, &path,
                           "`%s.%s` is a group, which no message library for C can do; make it a message field",
                           message->full_name, field->name);
        return false;
    }
    return true;
}

void grille_gen_name_fields(grille_gen_model *model, const grille_gen_message *message, grille_gen_codec codec) {
    const grille_gen_message_proto *proto = message->proto;
    const char **names =
        grille_gen_alloc_array(model->pool, 2 * (proto->n_field + proto->n_oneof_decl) + 1, sizeof(*names));
    member_names members = {.pool = model->pool, .names = names};
    if (codec == GRILLE_GEN_PROTOBUF_C) members.names[members.count++] = "base";
    for (size_t i = 0; i < proto->n_oneof_decl; i++)
        if (proto->oneof_decl[i]->name) name_oneof(model, &members, proto->oneof_decl[i], codec);
    for (size_t i = 0; i < proto->n_field; i++)
        if (check_field(model, message, i)) name_field(model, &members, message, proto->field[i], codec);
}
