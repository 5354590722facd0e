/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/emit.h"

#include <string.h>

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

static void emit_unary_client(grille_gen_emitter *emitter, const grille_gen_method *method) {
    grille_gen_text *text = &emitter->text;
    const char *symbol = method->symbol, *request = grille_gen_type(emitter, method->request);
    grille_gen_emit_reply(emitter, method, true);
    grille_gen_add(text,
                   "/* Called on the loop's thread; the reply lives until it returns. */\n"
                   "typedef void %s_callback(const %s_reply *reply, void *user);\n\n",
                   symbol, symbol);
    grille_gen_add_comment(text, &method->path, "");
    grille_gen_add(text,
                   "grille_code %s(\n    grille_channel *channel,\n    const %s *request,\n"
                   "    const grille_call_options *options,\n    %s_reply *reply);\n\n",
                   symbol, request, symbol);
    grille_gen_add(text,
                   "/* The same without waiting: unless it returns an error, `callback` comes exactly once. `call` may "
                   "be NULL. */\n"
                   "GRILLE_MUST_USE grille_code %s_async(\n    grille_channel *channel,\n    const %s *request,\n"
                   "    const grille_call_options *options,\n    %s_callback *callback,\n    void *user,\n"
                   "    grille_call **call);\n\n",
                   symbol, request, symbol);
    grille_gen_add(text,
                   "/* Gives back what the reply of a blocking call holds; harmless twice. */\n"
                   "void %s_reply_free(%s_reply *reply);\n\n",
                   symbol, symbol);
}

static void emit_client(grille_gen_emitter *emitter, const grille_gen_service *service) {
    grille_gen_add(&emitter->text, "/* ---- %s: client ---- */\n\n", service->full_name);
    for (size_t i = 0; i < service->method_count; i++)
        if (service->methods[i].kind == GRILLE_METHOD_UNARY) emit_unary_client(emitter, &service->methods[i]);
}

static void emit_handlers(grille_gen_emitter *emitter, const grille_gen_service *service) {
    grille_gen_text *text = &emitter->text;
    size_t members = 0;
    grille_gen_add(text,
                   "/* What the application does for each method; NULL answers UNIMPLEMENTED. */\n"
                   "typedef struct %s_handlers {\n",
                   service->symbol);
    for (size_t i = 0; i < service->method_count; i++) {
        const grille_gen_method *method = &service->methods[i];
        if (method->kind != GRILLE_METHOD_UNARY) continue;
        grille_gen_add_comment(text, &method->path, "    ");
        grille_gen_add(text,
                       "    grille_code (*%s)(\n        grille_call *call,\n        const %s *request,\n"
                       "        %s *response,\n        void *user);\n",
                       method->member, grille_gen_type(emitter, method->request),
                       grille_gen_type(emitter, method->response));
        members++;
    }
    if (!members) grille_gen_add(text, "    char unused; /* no unary method */\n");
    grille_gen_add(text, "} %s_handlers;\n\n", service->symbol);
}

static void emit_server(grille_gen_emitter *emitter, const grille_gen_service *service) {
    grille_gen_text *text = &emitter->text;
    const char *symbol = service->symbol;
    grille_gen_add(text, "/* ---- %s: server ---- */\n\n", service->full_name);
    emit_handlers(emitter, service);
    grille_gen_add(text,
                   "/* Serves the methods of %s; before the server starts. `handlers` must outlive the server. The "
                   "second form\n * says why it failed. */\n",
                   service->full_name);
    grille_gen_add(text,
                   "GRILLE_MUST_USE grille_code %s_register(\n    grille_server *server,\n"
                   "    const %s_handlers *handlers,\n    void *user);\n",
                   symbol, symbol);
    grille_gen_add(text,
                   "GRILLE_MUST_USE grille_code %s_register_with_error(\n    grille_server *server,\n"
                   "    const %s_handlers *handlers,\n    void *user,\n    grille_error *error);\n\n",
                   symbol, symbol);
}

static void emit_service(grille_gen_emitter *emitter, const grille_gen_service *service) {
    grille_gen_add_comment(&emitter->text, &service->path, "");
    grille_gen_add(&emitter->text, "extern const grille_service %s_service;\n\n", service->symbol);
    if (emitter->parameters->client) emit_client(emitter, service);
    if (emitter->parameters->server) emit_server(emitter, service);
    for (size_t i = 0; i < service->method_count; i++)
        if (service->methods[i].kind != GRILLE_METHOD_UNARY) grille_gen_emit_streaming(emitter, &service->methods[i]);
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
