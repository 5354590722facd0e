/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/protobuf_c_check.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "wire/limits.h"

/* Where a member of a message's struct stands; its offset comes from the generator. */
static const void *member(const ProtobufCMessage *message, unsigned offset) {
    return (const char *)message + offset;
}

static const ProtobufCMessage *submessage(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    return *(const ProtobufCMessage *const *)member(message, field->offset);
}

static bool is_missing(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    if (field->label != PROTOBUF_C_LABEL_REQUIRED) return false;
    return (field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING) &&
           !submessage(message, field);
}

/* Elements of a repeated field of strings, bytes or messages that are not there. */
static bool has_hole(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    size_t count = *(const size_t *)member(message, field->quantifier_offset);
    const void *array = *(const void *const *)member(message, field->offset);
    if (field->label != PROTOBUF_C_LABEL_REPEATED || count == 0) return false;
    if (!array) return true;
    for (size_t i = 0; i < count; i++) {
        const ProtobufCBinaryData *bytes = (const ProtobufCBinaryData *)array + i;
        if (field->type == PROTOBUF_C_TYPE_BYTES && bytes->len > 0 && !bytes->data) return true;
        bool is_pointer = field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE;
        if (is_pointer && !((void *const *)array)[i]) return true;
    }
    return false;
}

static bool is_dangling(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    if (field->label == PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_BYTES) return false;
    const ProtobufCBinaryData *bytes = member(message, field->offset);
    return bytes->len > 0 && !bytes->data;
}

static const char *problem_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    if (is_missing(message, field)) return "is required and NULL";
    if (field->label == PROTOBUF_C_LABEL_REPEATED && has_hole(message, field)) return "has an element that is NULL";
    if (is_dangling(message, field)) return "has a length and no data";
    return NULL;
}

/* The first message below `message` that does not pass, NULL when there is none. */
static const ProtobufCMessage *bad_below(const ProtobufCMessage *message) {
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
        bool in_oneof = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
        if (field->type != PROTOBUF_C_TYPE_MESSAGE) continue;
        if (in_oneof && *(const uint32_t *)member(message, field->quantifier_offset) != field->id) continue;
        size_t count = repeated ? *(const size_t *)member(message, field->quantifier_offset) : 1;
        const ProtobufCMessage *const *items =
            repeated ? *(const ProtobufCMessage *const *const *)member(message, field->offset)
                     : member(message, field->offset);
        for (size_t j = 0; j < count; j++)
            if (items[j] && !protobuf_c_message_check(items[j])) return items[j];
    }
    return NULL;
}

grille_reason grille_protobuf_c_explain(const ProtobufCMessage *message, grille_error *error) {
    for (unsigned depth = 0; message && depth < GRILLE_LIMIT_PROTOBUF_DEPTH; depth++) {
        for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
            const char *problem = problem_of(message, &message->descriptor->fields[i]);
            if (problem)
                return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s.%s %s", message->descriptor->name,
                                        message->descriptor->fields[i].name, problem);
        }
        message = bad_below(message);
    }
    return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                            "a message below is not initialised by its __INIT macro");
}
