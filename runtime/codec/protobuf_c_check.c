/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/protobuf_c_check.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "wire/limits.h"

typedef struct check_state {
    grille_error *error;
    unsigned depth;
} check_state;

static grille_reason check_message(check_state *state, const ProtobufCMessage *message);

/* Where a member of a message's struct stands; its offset comes from the generator. */
static const void *member(const ProtobufCMessage *message, unsigned offset) {
    return (const char *)message + offset;
}

static grille_reason refuse(const check_state *state, const ProtobufCMessage *message,
                            const ProtobufCFieldDescriptor *field, const char *problem) {
    return grille_error_set(state->error, GRILLE_REASON_BAD_ARGUMENT, "%s.%s %s", message->descriptor->name,
                            field->name, problem);
}

/* One value; `must` says that NULL is none. */
static grille_reason check_item(check_state *state, const ProtobufCMessage *message,
                                const ProtobufCFieldDescriptor *field, const void *item, bool must) {
    const ProtobufCBinaryData *bytes = item;
    switch (field->type) {
    case PROTOBUF_C_TYPE_BYTES:
        return bytes->len > 0 && !bytes->data ? refuse(state, message, field, "has a length and no data")
                                              : GRILLE_REASON_OK;
    case PROTOBUF_C_TYPE_STRING:
        return must && !*(const void *const *)item ? refuse(state, message, field, "is NULL") : GRILLE_REASON_OK;
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessage *below = *(const ProtobufCMessage *const *)item;
        if (!below) return must ? refuse(state, message, field, "is NULL") : GRILLE_REASON_OK;
        if (below->descriptor != field->descriptor)
            return refuse(state, message, field, "is not initialised by its __INIT macro, or of another type");
        return check_message(state, below);
    }
    default:
        return GRILLE_REASON_OK;
    }
}

static size_t size_of(ProtobufCType type) {
    return type == PROTOBUF_C_TYPE_BYTES ? sizeof(ProtobufCBinaryData) : sizeof(void *);
}

static grille_reason check_list(check_state *state, const ProtobufCMessage *message,
                                const ProtobufCFieldDescriptor *field) {
    size_t count = *(const size_t *)member(message, field->quantifier_offset);
    const char *items = *(const char *const *)member(message, field->offset);
    bool plain = field->type != PROTOBUF_C_TYPE_BYTES && field->type != PROTOBUF_C_TYPE_STRING &&
                 field->type != PROTOBUF_C_TYPE_MESSAGE;
    if (count > 0 && !items) return refuse(state, message, field, "has a count and no items");
    for (size_t i = 0; !plain && i < count; i++) {
        grille_reason reason = check_item(state, message, field, items + i * size_of(field->type), true);
        if (reason != GRILLE_REASON_OK) return reason;
    }
    return GRILLE_REASON_OK;
}

static grille_reason check_field(check_state *state, const ProtobufCMessage *message,
                                 const ProtobufCFieldDescriptor *field) {
    if (field->label == PROTOBUF_C_LABEL_REPEATED) return check_list(state, message, field);
    bool chosen = !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) ||
                  *(const uint32_t *)member(message, field->quantifier_offset) == field->id;
    if (!chosen) return GRILLE_REASON_OK;
    return check_item(state, message, field, member(message, field->offset), field->label == PROTOBUF_C_LABEL_REQUIRED);
}

static grille_reason check_message(check_state *state, const ProtobufCMessage *message) {
    grille_reason reason = GRILLE_REASON_OK;
    if (state->depth == GRILLE_LIMIT_PROTOBUF_DEPTH)
        return grille_error_set(state->error, GRILLE_REASON_BAD_ARGUMENT,
                                "%s lies deeper than the %d messages that a receiver takes", message->descriptor->name,
                                GRILLE_LIMIT_PROTOBUF_DEPTH);
    state->depth++;
    for (unsigned i = 0; reason == GRILLE_REASON_OK && i < message->descriptor->n_fields; i++)
        reason = check_field(state, message, &message->descriptor->fields[i]);
    state->depth--;
    return reason;
}

grille_reason grille_protobuf_c_check(const ProtobufCMessage *message, grille_error *error) {
    check_state state = {.error = error};
    return check_message(&state, message);
}
