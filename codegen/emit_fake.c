/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/emit.h"

#include "codegen/names.h"

/* ---- X.grille-pb-fake.h ---- */

/* A handler of one's own, as a parameter. */
static const char *handler_of(const grille_gen_method *method) {
    static const char *const on_workers[] = {
        "    grille_code (*handler)(grille_call *call, const $Q *request, $R *response, void *user),\n",
        "    grille_code (*handler)($M_server_stream *stream, $R *response, void *user),\n",
        "    grille_code (*handler)($M_server_stream *stream, const $Q *request, void *user),\n",
        "    grille_code (*handler)($M_server_stream *stream, void *user),\n"};
    return method->kind == GRILLE_METHOD_UNARY || method->flags & GRILLE_METHOD_OFFLOAD
               ? on_workers[method->kind]
               : "    const $M_server_events *events,\n";
}

static const char *responses_of(const grille_gen_method *method) {
    return grille_gen_server_streams(method) ? "    const $R *const *responses,\n    size_t count"
                                             : "    const $R *response";
}

static void emit_method_header(grille_gen_emitter *emitter, const grille_gen_service *service,
                               const grille_gen_method *method) {
    grille_gen_emit(emitter, service, method, "/* $P: from now on answers this; `message` may be NULL, ");
    grille_gen_emit(emitter, service, method,
                    grille_gen_server_streams(method) ? "the responses go before it" : "so may `response`");
    grille_gen_emit(emitter, service, method,
                    "; all is copied. */\n"
                    "void $M_fake_answer(\n    $S_fake *fake,\n    grille_code code,\n    const char *message,\n");
    grille_gen_emit(emitter, service, method, responses_of(method));
    grille_gen_emit(emitter, service, method,
                    ");\n/* From now on does this; not while a call of it runs. */\n"
                    "void $M_fake_handle(\n    $S_fake *fake,\n");
    grille_gen_emit(emitter, service, method, handler_of(method));
    grille_gen_emit(emitter, service, method,
                    "    void *user);\n"
                    "/* Calls that came. */\n"
                    "size_t $M_fake_calls($S_fake *fake);\n"
                    "/* A copy of the last request or message; lives until the next call of this. NULL: none came. */\n"
                    "const $Q *$M_fake_request($S_fake *fake);\n\n");
}

static void emit_service_header(grille_gen_emitter *emitter, const grille_gen_service *service) {
    grille_gen_emit(
        emitter, service, NULL,
        "/* ---- $N ---- */\n\n"
        "typedef struct $S_fake $S_fake;\n\n"
        "/* A service whose methods answer UNIMPLEMENTED until they are told something. NULL with *error. */\n"
        "$S_fake *$S_fake_new(grille_error *error);\n"
        "/* One whose calls go to these handlers, which live as long; their peer is `caller` (NULL: somebody). "
        "*/\n"
        "$S_fake *$S_fake_serving(\n    const $S_handlers *handlers,\n    void *user,\n"
        "    const grille_peer_identity *caller,\n    grille_error *error);\n"
        "/* Where its callers call; lives as long as the fake. */\n"
        "grille_channel *$S_fake_channel(const $S_fake *fake);\n"
        "void $S_fake_free($S_fake *fake);\n\n");
    for (size_t i = 0; i < service->method_count; i++)
        emit_method_header(emitter, service, &service->methods[i]);
}

void grille_gen_emit_fake_header(grille_gen_emitter *emitter) {
    grille_gen_pool *pool = emitter->model->pool;
    const char *kind = grille_gen_kind(emitter->parameters) + sizeof("grille-") - 1;
    const char *stem = grille_gen_stem(pool, emitter->file->proto->name);
    const char *guard = grille_gen_guard(
        pool, grille_gen_format(pool, "GRILLE_%s%s_FAKE_%s_H", emitter->parameters->prefix, kind, stem));
    grille_gen_emit_banner(emitter);
    grille_gen_add(&emitter->text, "/* For tests only (grille/testing.h). */\n#ifndef %s\n#define %s\n\n", guard,
                   guard);
    grille_gen_add(&emitter->text, "#include \"grille/testing.h\"\n\n");
    grille_gen_emit_own_include(emitter);
    grille_gen_add(&emitter->text, "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    for (size_t i = 0; i < emitter->file->service_count; i++)
        emit_service_header(emitter, &emitter->file->services[i]);
    grille_gen_add(&emitter->text, "#ifdef __cplusplus\n}\n#endif\n#endif\n");
}

/* ---- X.grille-pb-fake.c ---- */

static void emit_method(grille_gen_emitter *emitter, const grille_gen_service *service,
                        const grille_gen_method *method) {
    bool events = method->kind != GRILLE_METHOD_UNARY && !(method->flags & GRILLE_METHOD_OFFLOAD);
    grille_gen_emit(emitter, service, method,
                    "\nvoid $M_fake_answer(\n    $S_fake *fake,\n    grille_code code,\n    const char *message,\n");
    grille_gen_emit(emitter, service, method, responses_of(method));
    grille_gen_emit(
        emitter, service, method,
        grille_gen_server_streams(method)
            ? ") {\n    grille_fake_answer(fake->untyped, $I, code, message, (const void *const *)responses, "
              "count);\n}\n\n"
            : ") {\n    const void *const responses[] = {response};\n"
              "    grille_fake_answer(fake->untyped, $I, code, message, responses, response ? 1 : 0);\n}\n\n");
    grille_gen_emit(emitter, service, method, "void $M_fake_handle(\n    $S_fake *fake,\n");
    grille_gen_emit(emitter, service, method, handler_of(method));
    grille_gen_emit(emitter, service, method, "    void *user) {\n    fake->handlers.$m = ");
    grille_gen_emit(emitter, service, method, events ? "*events" : "handler");
    grille_gen_emit(emitter, service, method,
                    ";\n    grille_fake_handle(fake->untyped, $I, &fake->handlers, user);\n}\n\n"
                    "size_t $M_fake_calls($S_fake *fake) {\n"
                    "    return grille_fake_calls(fake->untyped, $I);\n}\n\n"
                    "const $Q *$M_fake_request($S_fake *fake) {\n"
                    "    return grille_fake_request(fake->untyped, $I);\n}\n");
}

static void emit_service(grille_gen_emitter *emitter, const grille_gen_service *service) {
    const char *table = service->method_count ? "$S_invoke" : "NULL";
    if (service->method_count)
        grille_gen_emit(emitter, service, NULL, "\nextern const grille_method_handler $S_invoke[];\n");
    grille_gen_emit(emitter, service, NULL,
                    "\nstruct $S_fake {\n    grille_fake *untyped;\n    $S_handlers handlers;\n};\n\n"
                    "$S_fake *$S_fake_serving(\n    const $S_handlers *handlers,\n    void *user,\n"
                    "    const grille_peer_identity *caller,\n    grille_error *error) {\n"
                    "    $S_fake *fake = calloc(1, sizeof(*fake));\n"
                    "    grille_fake *untyped = grille_fake_new(&$S_service, ");
    grille_gen_emit(emitter, service, NULL, table);
    grille_gen_emit(emitter, service, NULL,
                    ", handlers, user, caller, error);\n"
                    "    if (fake && untyped) {\n        fake->untyped = untyped;\n        return fake;\n    }\n"
                    "    if (untyped && error) error->code = GRILLE_OUT_OF_MEMORY;\n"
                    "    grille_fake_free(untyped);\n    free(fake);\n    return NULL;\n}\n\n"
                    "$S_fake *$S_fake_new(grille_error *error) {\n"
                    "    return $S_fake_serving(NULL, NULL, NULL, error);\n}\n\n"
                    "grille_channel *$S_fake_channel(const $S_fake *fake) {\n"
                    "    return grille_fake_channel(fake->untyped);\n}\n\n"
                    "void $S_fake_free($S_fake *fake) {\n"
                    "    if (!fake) return;\n    grille_fake_free(fake->untyped);\n    free(fake);\n}\n");
    for (size_t i = 0; i < service->method_count; i++)
        emit_method(emitter, service, &service->methods[i]);
}

void grille_gen_emit_fake(grille_gen_emitter *emitter) {
    grille_gen_emit_banner(emitter);
    grille_gen_add(&emitter->text, "#include \"%s.%s-fake.h\"\n\n#include <stdlib.h>\n",
                   grille_gen_stem(emitter->model->pool, emitter->file->proto->name),
                   grille_gen_kind(emitter->parameters));
    for (size_t i = 0; i < emitter->file->service_count; i++)
        emit_service(emitter, &emitter->file->services[i]);
}
