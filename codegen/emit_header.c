/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/emit.h"

#include "codegen/names.h"

static void include_messages(grille_gen_emitter *emitter, const char *proto_path) {
    grille_gen_add(&emitter->text, "#include \"%s.%s.h\"\n", grille_gen_stem(emitter->model->pool, proto_path),
                   emitter->parameters->codec == GRILLE_GEN_NANOPB ? "nano" : "pb-c");
}

/* Is the file of this message the one of an earlier method's request or response? */
static bool included_before(const grille_gen_file *file, const grille_gen_message *message, size_t service,
                            size_t method, bool is_response) {
    const grille_gen_file_proto *wanted = message->path.file;
    if (wanted == file->proto) return true;
    for (size_t i = 0; i <= service; i++)
        for (size_t j = 0; j < file->services[i].method_count; j++) {
            const grille_gen_method *earlier = &file->services[i].methods[j];
            if (i == service && j == method) return is_response && earlier->request->path.file == wanted;
            if (earlier->request->path.file == wanted || earlier->response->path.file == wanted) return true;
        }
    return false;
}

static void emit_includes(grille_gen_emitter *emitter) {
    const grille_gen_file *file = emitter->file;
    if (emitter->parameters->client) grille_gen_add(&emitter->text, "#include \"grille/channel.h\"\n");
    grille_gen_add(&emitter->text, "#include \"grille/method.h\"\n");
    if (emitter->parameters->server) grille_gen_add(&emitter->text, "#include \"grille/server.h\"\n");
    grille_gen_add(&emitter->text, "\n");
    include_messages(emitter, file->proto->name);
    for (size_t i = 0; i < file->service_count; i++)
        for (size_t j = 0; j < file->services[i].method_count; j++) {
            const grille_gen_method *method = &file->services[i].methods[j];
            if (!included_before(file, method->request, i, j, false))
                include_messages(emitter, method->request->path.file->name);
            if (!included_before(file, method->response, i, j, true))
                include_messages(emitter, method->response->path.file->name);
        }
}

static void emit_unary_client(grille_gen_emitter *emitter, const grille_gen_service *service,
                              const grille_gen_method *method) {
    grille_gen_emit_reply(emitter, service, method);
    grille_gen_emit(emitter, service, method,
                    "/* Called on the loop's thread; the reply lives until it returns. */\n"
                    "typedef void $M_callback(const $M_reply *reply, void *user);\n\n");
    grille_gen_add_comment(&emitter->text, &method->path, "");
    grille_gen_emit(emitter, service, method,
                    "grille_code $M(\n    grille_channel *channel,\n    const $Q *request,\n"
                    "    const grille_call_options *options,\n    $M_reply *reply);\n\n"
                    "/* The same without waiting: unless it returns an error, `callback` comes exactly once. `call` "
                    "may be NULL. */\n"
                    "GRILLE_MUST_USE grille_code $M_async(\n    grille_channel *channel,\n    const $Q *request,\n"
                    "    const grille_call_options *options,\n    $M_callback *callback,\n    void *user,\n"
                    "    grille_call **call);\n\n"
                    "/* Gives back what the reply of a blocking call holds; harmless twice. */\n"
                    "void $M_reply_free($M_reply *reply);\n\n");
}

static void emit_stream_heading(grille_gen_emitter *emitter, const grille_gen_service *service,
                                const grille_gen_method *method) {
    static const char *const kinds[] = {"", "client streaming", "server streaming", "bidirectional streaming"};
    grille_gen_emit(emitter, service, method, "/* ---- $P: ");
    grille_gen_add(&emitter->text, "%s ---- */\n\n", kinds[method->kind]);
}

static void emit_client(grille_gen_emitter *emitter, const grille_gen_service *service) {
    grille_gen_emit(emitter, service, NULL, "/* ---- $N: client ---- */\n\n");
    for (size_t i = 0; i < service->method_count; i++) {
        const grille_gen_method *method = &service->methods[i];
        if (method->kind == GRILLE_METHOD_UNARY) {
            emit_unary_client(emitter, service, method);
        } else {
            emit_stream_heading(emitter, service, method);
            grille_gen_emit_stream_client(emitter, service, method);
        }
    }
}

static void emit_member(grille_gen_emitter *emitter, const grille_gen_service *service,
                        const grille_gen_method *method) {
    bool unary = method->kind == GRILLE_METHOD_UNARY;
    grille_gen_add_comment(&emitter->text, &method->path, "    ");
    if (!unary && !(method->flags & GRILLE_METHOD_OFFLOAD)) {
        grille_gen_emit(emitter, service, method, "    $M_server_events $m;\n");
        return;
    }
    grille_gen_emit(emitter, service, method,
                    unary ? "    grille_code (*$m)(\n        grille_call *call,\n"
                          : "    grille_code (*$m)(\n        $M_server_stream *stream,\n");
    if (!grille_gen_client_streams(method)) grille_gen_emit(emitter, service, method, "        const $Q *request,\n");
    if (!grille_gen_server_streams(method)) grille_gen_emit(emitter, service, method, "        $R *response,\n");
    grille_gen_emit(emitter, service, method, "        void *user);\n");
}

static void emit_server(grille_gen_emitter *emitter, const grille_gen_service *service) {
    grille_gen_emit(emitter, service, NULL, "/* ---- $N: server ---- */\n\n");
    for (size_t i = 0; i < service->method_count; i++)
        if (service->methods[i].kind != GRILLE_METHOD_UNARY)
            grille_gen_emit_stream_server_types(emitter, service, &service->methods[i]);
    grille_gen_emit(emitter, service, NULL,
                    "/* What the application does for each method; NULL answers UNIMPLEMENTED. */\n"
                    "typedef struct $S_handlers {\n");
    for (size_t i = 0; i < service->method_count; i++)
        emit_member(emitter, service, &service->methods[i]);
    if (!service->method_count) grille_gen_emit(emitter, service, NULL, "    char unused; /* no method */\n");
    grille_gen_emit(
        emitter, service, NULL,
        "} $S_handlers;\n\n"
        "/* Serves the methods of $N; before the server starts. `handlers` must outlive the server. The second "
        "form\n * says why it failed, the third one serves them on a set of services. */\n"
        "GRILLE_MUST_USE grille_code $S_register(\n    grille_server *server,\n"
        "    const $S_handlers *handlers,\n    void *user);\n"
        "GRILLE_MUST_USE grille_code $S_register_with_error(\n    grille_server *server,\n"
        "    const $S_handlers *handlers,\n    void *user,\n    grille_error *error);\n"
        "GRILLE_MUST_USE grille_code $S_serve(\n    grille_services *services,\n"
        "    const $S_handlers *handlers,\n    void *user,\n    grille_error *error);\n\n");
    for (size_t i = 0; i < service->method_count; i++) {
        const grille_gen_method *method = &service->methods[i];
        if (method->kind != GRILLE_METHOD_UNARY) {
            emit_stream_heading(emitter, service, method);
            grille_gen_emit_stream_server_verbs(emitter, service, method);
        } else {
            grille_gen_emit(emitter, service, method,
                            "/* Answers a call of $P that was deferred (grille_call_defer); any thread. */\n"
                            "static inline grille_code $M_answer(\n    grille_call *call,\n    grille_code code,\n"
                            "    const $R *response) {\n"
                            "    return grille_call_answer(call, code, response);\n}\n\n");
        }
    }
}

static void emit_service(grille_gen_emitter *emitter, const grille_gen_service *service) {
    grille_gen_add_comment(&emitter->text, &service->path, "");
    grille_gen_emit(emitter, service, NULL, "extern const grille_service $S_service;\n\n");
    if (emitter->parameters->descriptors)
        grille_gen_emit(emitter, service, NULL,
                        "/* For grille_reflection_describe: its file and what that imports, as an encoded\n"
                        " * google.protobuf.FileDescriptorSet. */\nextern const grille_bytes $S_descriptors;\n\n");
    if (emitter->parameters->client) emit_client(emitter, service);
    if (emitter->parameters->server) emit_server(emitter, service);
}

void grille_gen_emit_header(grille_gen_emitter *emitter) {
    const char *guard = grille_gen_guard(
        emitter->model->pool, grille_gen_format(emitter->model->pool, "GRILLE_%s%s_%s_H", emitter->parameters->prefix,
                                                grille_gen_kind(emitter->parameters) + sizeof("grille-") - 1,
                                                grille_gen_stem(emitter->model->pool, emitter->file->proto->name)));
    grille_gen_emit_banner(emitter);
    grille_gen_add(&emitter->text, "#ifndef %s\n#define %s\n\n", guard, guard);
    emit_includes(emitter);
    grille_gen_add(&emitter->text, "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    for (size_t i = 0; i < emitter->file->service_count; i++)
        emit_service(emitter, &emitter->file->services[i]);
    grille_gen_add(&emitter->text, "#ifdef __cplusplus\n}\n#endif\n#endif\n");
}
