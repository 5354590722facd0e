/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/protobuf_c_flat.h"

#include <string.h>

#define BIT(type) (UINT32_C(1) << PROTOBUF_C_TYPE_##type)

static bool is_flat_type(ProtobufCType type) {
    const uint32_t flat =
        BIT(INT32) | BIT(UINT32) | BIT(INT64) | BIT(UINT64) | BIT(BOOL) | BIT(ENUM) | BIT(STRING) | BIT(BYTES);
    return (flat >> (unsigned)type & 1) != 0;
}

bool grille_protobuf_c_is_flat(const ProtobufCMessageDescriptor *descriptor) {
    if (descriptor->n_fields > GRILLE_FLAT_FIELDS) return false;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (field->label != PROTOBUF_C_LABEL_NONE || (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 ||
            field->id > GRILLE_FLAT_NUMBER || !is_flat_type(field->type))
            return false;
    }
    return true;
}

static bool is_bytes(const ProtobufCFieldDescriptor *field) {
    return field->type == PROTOBUF_C_TYPE_BYTES || field->type == PROTOBUF_C_TYPE_STRING;
}

static const ProtobufCFieldDescriptor *find(const ProtobufCMessageDescriptor *descriptor, uint32_t number) {
    for (unsigned i = 0; i < descriptor->n_fields; i++)
        if (descriptor->fields[i].id == number) return &descriptor->fields[i];
    return NULL;
}

/* Text ends with a zero byte that its length leaves out; bytes without length have no memory. */
static bool set_bytes(void *member, const ProtobufCFieldDescriptor *field, grille_bytes value, grille_arena *arena) {
    const bool is_text = field->type == PROTOBUF_C_TYPE_STRING;
    const size_t len = value.len + (is_text ? 1 : 0);
    uint8_t *copy = len > 0 ? grille_arena_alloc(arena, len) : NULL;
    if (len > 0 && !copy) return false;
    if (value.len > 0) memcpy(copy, value.data, value.len);
    if (is_text) {
        copy[value.len] = 0;
        *(char **)member = (char *)copy;
    } else {
        *(ProtobufCBinaryData *)member = (ProtobufCBinaryData){.len = value.len, .data = copy};
    }
    return true;
}

static void set_number(void *member, const ProtobufCFieldDescriptor *field, uint64_t value) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        *(uint64_t *)member = value;
        break;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)member = value != 0;
        break;
    default:
        *(uint32_t *)member = (uint32_t)value;
    }
}

void *grille_protobuf_c_flat_decode(const ProtobufCMessageDescriptor *descriptor, grille_bytes encoded,
                                    grille_arena *arena) {
    grille_flat_scan scan;
    uint8_t *message = NULL;
    if (grille_flat_read_all(encoded, &scan)) message = grille_arena_alloc(arena, descriptor->sizeof_message);
    if (!message) return NULL;
    protobuf_c_message_init(descriptor, message);
    for (unsigned i = 0; i < scan.count; i++) {
        const grille_flat_field *value = &scan.fields[i];
        const ProtobufCFieldDescriptor *field = find(descriptor, value->number);
        if (!field || is_bytes(field) != value->is_bytes) return NULL;
        if (!value->is_bytes)
            set_number(message + field->offset, field, value->varint);
        else if (!set_bytes(message + field->offset, field, value->bytes, arena))
            return NULL;
    }
    return message;
}

static bool put_bytes(grille_writer *out, const ProtobufCFieldDescriptor *field, const void *member) {
    grille_bytes value = {0};
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(const char *const *)member;
        if (text) value = (grille_bytes){.data = (const uint8_t *)text, .len = strlen(text)};
    } else {
        const ProtobufCBinaryData *bytes = member;
        value = (grille_bytes){.data = bytes->data, .len = bytes->len};
    }
    if (value.len > 0 && !value.data) return false;
    if (value.len > 0) grille_flat_put_bytes(out, field->id, value);
    return true;
}

static uint64_t number_of(const ProtobufCFieldDescriptor *field, const void *member) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        return *(const uint64_t *)member;
    case PROTOBUF_C_TYPE_UINT32:
        return *(const uint32_t *)member;
    case PROTOBUF_C_TYPE_BOOL:
        return *(const protobuf_c_boolean *)member != 0;
    default:
        return (uint64_t)(int64_t) * (const int32_t *)member;
    }
}

bool grille_protobuf_c_flat_encode(const ProtobufCMessage *message, grille_writer *out) {
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    if (message->n_unknown_fields > 0) return false;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        const void *member = (const uint8_t *)message + field->offset;
        if (!is_bytes(field))
            grille_flat_put_varint(out, field->id, number_of(field, member));
        else if (!put_bytes(out, field, member))
            return false;
    }
    return grille_writer_end(out) == GRILLE_REASON_OK;
}
