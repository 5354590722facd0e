/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/method_options.h"

#include "codegen/varint.h"
#include "grille/identity.h"
#include "wire/limits.h"

static const char unknown[] = "an option of (grille.v1.method) that this protoc-gen-grille does not know; build it "
                              "from the same version as grille/v1/options.proto";

static const char *set_bytes(grille_gen_pool *pool, uint32_t *bytes, const char *name, uint64_t value) {
    *bytes = (uint32_t)value;
    if (value <= GRILLE_LIMIT_MESSAGE_BYTES) return NULL;
    return grille_gen_format(pool, "%s is %llu, but no message has more than %d bytes; 0 or nothing: no limit here",
                             name, (unsigned long long)value, GRILLE_LIMIT_MESSAGE_BYTES);
}

static const char *add_identity(grille_gen_method *method, uint64_t value) {
    if (value == 0)
        return "IDENTITY_UNSPECIFIED is nobody's; list the identities that callers must have, or leave `identities` "
               "out: "
               "then the policy alone decides";
    if (value < GRILLE_IDENTITY_NITRO || value > GRILLE_IDENTITY_ANONYMOUS) return unknown;
    if (method->identity_kinds & 1u << value) return "`identities` lists one twice; take one of them out";
    method->identity_kinds |= 1u << value;
    return NULL;
}

/* NULL, or what is wrong. */
static const char *set_option(grille_gen_pool *pool, grille_gen_method *method, uint64_t tag, uint64_t value) {
    switch (tag) {
    case 1 << 3:
        if (value) method->flags |= GRILLE_METHOD_OFFLOAD;
        return NULL;
    case 2 << 3:
        if (value) method->flags |= GRILLE_METHOD_IDEMPOTENT;
        return NULL;
    case 3 << 3:
        method->default_timeout_ms = (uint32_t)value;
        return value <= UINT32_MAX ? NULL : unknown;
    case 4 << 3:
        return set_bytes(pool, &method->max_request_bytes, "max_request_bytes", value);
    case 5 << 3:
        return set_bytes(pool, &method->max_response_bytes, "max_response_bytes", value);
    case 6 << 3:
        return add_identity(method, value);
    default:
        return unknown;
    }
}

/* `data` is a length and so many bytes of an encoded grille.v1.MethodOptions. NULL, or what is wrong. */
static const char *read_extension(grille_gen_pool *pool, grille_gen_method *method, grille_bytes data) {
    uint64_t len, tag, value;
    const char *problem = NULL;
    if (!grille_gen_take_varint(&data, &len) || len != data.len) return unknown;
    while (data.len > 0 && !problem) {
        if (!grille_gen_take_varint(&data, &tag) || !grille_gen_take_varint(&data, &value)) return unknown;
        problem = set_option(pool, method, tag, value);
    }
    return problem;
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
        const char *problem = unknown;
        if (field->wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
            problem = read_extension(problems->text.pool, method, (grille_bytes){field->data, field->len});
        if (problem) grille_gen_problem(problems, &method->path, "`%s`: %s", method->name, problem);
    }
}
