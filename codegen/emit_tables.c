/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/emit.h"

#include "codegen/names.h"

static void emit_type(grille_gen_emitter *emitter, const grille_gen_message *message) {
    grille_gen_pool *pool = emitter->model->pool;
    bool nanopb = emitter->parameters->codec == GRILLE_GEN_NANOPB;
    const char *type = grille_gen_type(emitter, message);
    const char *descriptor =
        nanopb ? grille_gen_format(pool, "%s_msg", type)
               : grille_gen_format(pool, "%s__descriptor", grille_gen_protobuf_c_lower(pool, message->full_name));
    grille_gen_add(&emitter->text, "    {&%s, &%s, sizeof(%s), \"%s\"},\n",
                   nanopb ? "grille_codec_nanopb" : "grille_codec_protobuf_c", descriptor, type, message->full_name);
}

static void emit_methods(grille_gen_emitter *emitter, const grille_gen_service *service) {
    static const char *const kinds[] = {"GRILLE_METHOD_UNARY", "GRILLE_METHOD_CLIENT_STREAMING",
                                        "GRILLE_METHOD_SERVER_STREAMING", "GRILLE_METHOD_BIDIRECTIONAL"};
    grille_gen_text *text = &emitter->text;
    grille_gen_add(text,
                   "/* Request and response of each method. */\nstatic const grille_message_type %s_types[] = {\n",
                   service->symbol);
    for (size_t i = 0; i < service->method_count; i++) {
        emit_type(emitter, service->methods[i].request);
        emit_type(emitter, service->methods[i].response);
    }
    grille_gen_add(text, "};\n\nstatic const grille_method %s_methods[] = {\n", service->symbol);
    for (size_t i = 0; i < service->method_count; i++) {
        const grille_gen_method *method = &service->methods[i];
        bool offload = method->flags & GRILLE_METHOD_OFFLOAD, idempotent = method->flags & GRILLE_METHOD_IDEMPOTENT;
        grille_gen_add(text,
                       "    {\"%s\", 0x%08xu, %s,\n     %s%s%s, %uu, &%s_types[%zu], &%s_types[%zu],\n     "
                       "&%s_service, %uu, %uu, 0x%xu},\n",
                       method->route, (unsigned)method->id, kinds[method->kind], offload ? "GRILLE_METHOD_OFFLOAD" : "",
                       offload && idempotent ? " | " : "",
                       idempotent ? "GRILLE_METHOD_IDEMPOTENT" : (offload ? "" : "0"),
                       (unsigned)method->default_timeout_ms, service->symbol, 2 * i, service->symbol, 2 * i + 1,
                       service->symbol, (unsigned)method->max_request_bytes, (unsigned)method->max_response_bytes,
                       (unsigned)method->identity_kinds);
    }
    grille_gen_add(text, "};\n\n");
}

static void emit_service(grille_gen_emitter *emitter, const grille_gen_service *service) {
    grille_gen_text *text = &emitter->text;
    if (service->method_count) emit_methods(emitter, service);
    grille_gen_add(text, "const grille_service %s_service = {\n    \"%s\", 0x%08xu,\n    {", service->symbol,
                   service->full_name, (unsigned)service->id);
    for (size_t i = 0; i < sizeof(service->digest); i++)
        grille_gen_add(text, "%s0x%02x", i == 0 ? "" : (i % 16 == 0 ? ",\n     " : ", "), service->digest[i]);
    if (service->method_count)
        grille_gen_add(text, "},\n    %s_methods, sizeof(%s_methods) / sizeof(*%s_methods)};\n", service->symbol,
                       service->symbol, service->symbol);
    else
        grille_gen_add(text, "},\n    NULL, 0};\n");
}

void grille_gen_emit_tables(grille_gen_emitter *emitter) {
    grille_gen_emit_banner(emitter);
    grille_gen_emit_own_include(emitter);
    for (size_t i = 0; i < emitter->file->service_count; i++) {
        grille_gen_add(&emitter->text, "\n");
        emit_service(emitter, &emitter->file->services[i]);
    }
    if (emitter->parameters->descriptors) grille_gen_emit_descriptors(emitter);
}
