/* SPDX-License-Identifier: Apache-2.0 */
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <string.h>

#include "dump.h"

typedef ProtobufCFieldDescriptor field_descriptor;

static size_t size_of(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return 4;
    }
}

static void dump_item(dump_text *dump, const field_descriptor *field, const void *item) {
    const ProtobufCBinaryData *bytes = item;
    const char *text;
    uint64_t wide;
    uint32_t narrow;
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        dump_protobuf_c(dump, *(const void *const *)item);
        break;
    case PROTOBUF_C_TYPE_STRING:
        text = *(const char *const *)item;
        dump_bytes(dump, text, strlen(text));
        break;
    case PROTOBUF_C_TYPE_BYTES:
        dump_bytes(dump, bytes->data, bytes->len);
        break;
    default:
        if (size_of(field->type) == 8) {
            memcpy(&wide, item, sizeof(wide));
            dump_add(dump, "%llu", (unsigned long long)wide);
        } else {
            memcpy(&narrow, item, sizeof(narrow));
            dump_add(dump, "%lu", (unsigned long)narrow);
        }
    }
}

/* Without presence: is it the zero that is not sent? */
static bool is_zero(const field_descriptor *field, const void *item) {
    static const char zero[8];
    if (field->type == PROTOBUF_C_TYPE_STRING) return !**(const char *const *)item;
    if (field->type == PROTOBUF_C_TYPE_BYTES) return ((const ProtobufCBinaryData *)item)->len == 0;
    return !memcmp(item, zero, size_of(field->type));
}

static bool is_there(const ProtobufCMessage *message, const field_descriptor *field) {
    const void *item = (const char *)message + field->offset;
    const char *quantifier = (const char *)message + field->quantifier_offset;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) return *(const uint32_t *)quantifier == field->id;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) return *(const void *const *)item != NULL;
    if (field->label == PROTOBUF_C_LABEL_REQUIRED) return true;
    if (field->label == PROTOBUF_C_LABEL_NONE) return !is_zero(field, item);
    /* proto2: a string is there when it is not the default's own memory */
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return *(const void *const *)item && *(const void *const *)item != field->default_value;
    return *(const protobuf_c_boolean *)quantifier;
}

static void dump_list(dump_text *dump, const field_descriptor *field, const char *items, size_t items_count) {
    dump_add(dump, "[");
    for (size_t i = 0; i < items_count; i++) {
        dump_add(dump, "%s", i ? "," : "");
        dump_item(dump, field, items + i * size_of(field->type));
    }
    dump_add(dump, "]");
}

void dump_protobuf_c(dump_text *dump, const void *message) {
    const ProtobufCMessage *typed = message;
    size_t written = 0;
    dump_add(dump, "{");
    for (unsigned i = 0; i < typed->descriptor->n_fields; i++) {
        const field_descriptor *field = &typed->descriptor->fields[i];
        const void *item = (const char *)message + field->offset;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            size_t count = *(const size_t *)((const char *)message + field->quantifier_offset);
            if (!count) continue;
            dump_field(dump, &written, field->id);
            dump_list(dump, field, *(const char *const *)item, count);
        } else if (is_there(typed, field)) {
            dump_field(dump, &written, field->id);
            dump_item(dump, field, item);
        }
    }
    dump_add(dump, "}");
}
