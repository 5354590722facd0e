/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/method_options.h"

#include "codegen/varint.h"
#include "grille/identity.h"

static bool set_option(grille_gen_method *method, uint64_t tag, uint64_t value) {
    switch (tag) {
    case 1 << 3:
        if (value) method->flags |= GRILLE_METHOD_OFFLOAD;
        return true;
    case 2 << 3:
        if (value) method->flags |= GRILLE_METHOD_IDEMPOTENT;
        return true;
    case 3 << 3:
        method->default_timeout_ms = (uint32_t)value;
        return value <= UINT32_MAX;
    case 4 << 3:
        method->max_request_bytes = (uint32_t)value;
        return value <= UINT32_MAX;
    case 5 << 3:
        method->max_response_bytes = (uint32_t)value;
        return value <= UINT32_MAX;
    case 6 << 3:
        if (value < GRILLE_IDENTITY_NITRO || value > GRILLE_IDENTITY_ANONYMOUS) return false;
        method->identity_kinds |= 1u << value;
        return true;
    default:
        return false;
    }
}

/* `data` is a length and so many bytes of an encoded grille.v1.MethodOptions. */
static bool read_extension(grille_gen_method *method, grille_bytes data) {
    uint64_t len, tag, value;
    if (!grille_gen_take_varint(&data, &len) || len != data.len) return false;
    while (data.len > 0)
        if (!grille_gen_take_varint(&data, &tag) || !grille_gen_take_varint(&data, &value) ||
            !set_option(method, tag, value))
            return false;
    return true;
}

void grille_gen_read_method_options(grille_gen_problems *problems, grille_gen_method *method) {
    const Google__Protobuf__MethodOptions *options = method->proto->options;
    if (!options) return;
    if (options->has_idempotency_level &&
        options->idempotency_level != GOOGLE__PROTOBUF__METHOD_OPTIONS__IDEMPOTENCY_LEVEL__IDEMPOTENCY_UNKNOWN)
        method->flags |= GRILLE_METHOD_IDEMPOTENT;
    for (unsigned i = 0; i < options->base.n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *field = &options->base.unknown_fields[i];
        if (field->tag != GRILLE_GEN_METHOD_OPTIONS_FIELD) continue;
        if (field->wire_type != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED ||
            !read_extension(method, (grille_bytes){field->data, field->len}))
            grille_gen_problem(problems, &method->path,
                               "`%s`: an option of (grille.v1.method) that this protoc-gen-grille does not know; build "
                               "it from the same version as grille/v1/options.proto",
                               method->name);
    }
}
