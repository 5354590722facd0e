/* SPDX-License-Identifier: Apache-2.0 */
#include <protobuf-c/protobuf-c.h>

#include "base/error.h"
#include "codec/codec.h"
#include "codec/prescan.h"
#include "codec/protobuf_c_check.h"
#include "codec/protobuf_c_flat.h"

/* protobuf-c's memory comes from the call's arena; nothing is given back before the call ends. */
typedef struct arena_allocator {
    ProtobufCAllocator base;
    grille_arena *arena;
    bool failed;
} arena_allocator;

static void *allocate(void *data, size_t bytes) {
    arena_allocator *allocator = data;
    void *memory = grille_arena_alloc(allocator->arena, bytes);
    if (!memory) allocator->failed = true;
    return memory;
}

static void keep(void *data, void *memory) {
    (void)data, (void)memory;
}

static grille_wire_type wire_type_of(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return GRILLE_WIRE_FIXED32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return GRILLE_WIRE_FIXED64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return GRILLE_WIRE_BYTES;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_BOOL:
    default:
        return GRILLE_WIRE_VARINT;
    }
}

static bool find_field(const void *descriptor, uint32_t number, grille_field_shape *shape) {
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(descriptor, number);
    if (!field) return false;
    shape->wire_type = wire_type_of(field->type);
    shape->packable = field->label == PROTOBUF_C_LABEL_REPEATED && shape->wire_type != GRILLE_WIRE_BYTES;
    shape->message = field->type == PROTOBUF_C_TYPE_MESSAGE ? field->descriptor : NULL;
    return true;
}

/* The caller's struct, when it is one of this type. */
static const ProtobufCMessage *message_of(const grille_message_type *type, const void *message, grille_error *error) {
    const ProtobufCMessage *typed = message;
    if (typed && typed->descriptor == type->descriptor) return typed;
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                           "the message is %s; expected a %s that starts as its __INIT macro says",
                           typed ? "not initialised, or of another type" : "NULL", type->name);
    return NULL;
}

static grille_reason measure(const grille_message_type *type, const void *message, size_t *len, grille_error *error) {
    const ProtobufCMessage *typed = message_of(type, message, error);
    if (!typed) return GRILLE_REASON_BAD_ARGUMENT;
    grille_reason reason = grille_protobuf_c_check(typed, error);
    if (reason != GRILLE_REASON_OK) return reason;
    *len = protobuf_c_message_get_packed_size(typed);
    return GRILLE_REASON_OK;
}

static grille_reason encode(const grille_message_type *type, const void *message, uint8_t *out, size_t len,
                            grille_error *error) {
    const ProtobufCMessage *typed = message_of(type, message, error);
    if (!typed) return GRILLE_REASON_BAD_ARGUMENT;
    if (protobuf_c_message_get_packed_size(typed) != len)
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                "the %s changed while it was encoded; does another thread write to it?", type->name);
    (void)protobuf_c_message_pack(typed, out);
    return GRILLE_REASON_OK;
}

/* The general way has no pass of its own that stays inside `capacity`. */
static grille_reason encode_short(const grille_message_type *type, const void *message, uint8_t *out, size_t capacity,
                                  size_t *len, grille_error *error) {
    const ProtobufCMessage *typed = message_of(type, message, error);
    grille_writer writer = grille_writer_into(out, capacity);
    *len = 0;
    if (!typed) return GRILLE_REASON_BAD_ARGUMENT;
    if (!grille_protobuf_c_is_flat(type->descriptor) || !grille_protobuf_c_flat_encode(typed, &writer))
        return GRILLE_REASON_NO_SPACE;
    *len = grille_written(&writer).len;
    return GRILLE_REASON_OK;
}

static grille_reason prepare(const grille_message_type *type, grille_arena *arena, void **message) {
    void *memory = grille_arena_alloc(arena, type->struct_bytes);
    if (!memory) return GRILLE_REASON_BUDGET;
    protobuf_c_message_init(type->descriptor, memory);
    *message = memory;
    return GRILLE_REASON_OK;
}

static grille_reason explain_scan(const grille_message_type *type, grille_reason reason, const grille_scan_end *end,
                                  grille_error *error) {
    return grille_error_set(error, reason, "%s: %s (field %u at byte %zu)", type->name, grille_reason_text(reason),
                            (unsigned)end->field, end->offset);
}

static grille_reason decode(const grille_message_type *type, grille_bytes encoded, grille_arena *arena, void **message,
                            grille_error *error) {
    grille_scan_end end;
    arena_allocator allocator = {.arena = arena};
    if (grille_protobuf_c_is_flat(type->descriptor)) {
        *message = grille_protobuf_c_flat_decode(type->descriptor, encoded, arena);
        if (*message) return GRILLE_REASON_OK;
    }
    grille_reason reason = grille_prescan(encoded, type->descriptor, find_field, &end);
    if (reason != GRILLE_REASON_OK) return explain_scan(type, reason, &end, error);
    allocator.base = (ProtobufCAllocator){allocate, keep, &allocator};
    ProtobufCMessage *decoded = protobuf_c_message_unpack(type->descriptor, &allocator.base, encoded.len, encoded.data);
    if (!decoded && allocator.failed)
        return grille_error_set(error, GRILLE_REASON_BUDGET, "%s: no memory to decode %zu bytes within the budget",
                                type->name, encoded.len);
    /* After the scan these two are left; the second is a message with a oneof that is not set. */
    if (!decoded)
        return grille_error_set(error, GRILLE_REASON_CODEC_MALFORMED,
                                "%s: a required field is missing, or a message comes twice and can't be merged",
                                type->name);
    *message = decoded;
    return GRILLE_REASON_OK;
}

const grille_codec grille_codec_protobuf_c = {
    .name = "protobuf-c",
    .borrows_encoded = false,
    .measure = measure,
    .encode = encode,
    .encode_short = encode_short,
    .prepare = prepare,
    .decode = decode,
};
