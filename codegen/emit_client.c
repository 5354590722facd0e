/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/emit.h"

static void emit_conversions(grille_gen_emitter *emitter, const char *symbol) {
    grille_gen_add(&emitter->text,
                   "static void %s_reply_set(\n    %s_reply *typed,\n    const grille_reply *reply) {\n"
                   "    typed->code = reply->code;\n"
                   "    typed->message = reply->message;\n"
                   "    typed->details = reply->details;\n"
                   "    typed->headers = reply->headers;\n"
                   "    typed->trailers = reply->trailers;\n"
                   "    typed->response = reply->response;\n"
                   "    typed->owner = reply->owner;\n}\n\n",
                   symbol, symbol);
    grille_gen_add(&emitter->text,
                   "static void %s_deliver(const grille_reply *reply, void (*callback)(void), void *user) {\n"
                   "    %s_reply typed;\n"
                   "    %s_reply_set(&typed, reply);\n"
                   "    ((%s_callback *)callback)(&typed, user);\n}\n\n",
                   symbol, symbol, symbol, symbol);
    grille_gen_add(&emitter->text,
                   "void %s_reply_free(%s_reply *reply) {\n"
                   "    if (!reply) return;\n"
                   "    grille_reply untyped = {reply->code, reply->message, reply->details, reply->headers, "
                   "reply->trailers,\n                            reply->response, reply->owner};\n"
                   "    grille_reply_free(&untyped);\n"
                   "    %s_reply_set(reply, &untyped);\n}\n",
                   symbol, symbol, symbol);
}

static void emit_method(grille_gen_emitter *emitter, const grille_gen_service *service, size_t index) {
    const grille_gen_method *method = &service->methods[index];
    grille_gen_text *text = &emitter->text;
    const char *symbol = method->symbol, *request = grille_gen_type(emitter, method->request);
    grille_gen_add(text, "\n");
    emit_conversions(emitter, symbol);
    grille_gen_add(text,
                   "\ngrille_code %s(\n    grille_channel *channel,\n    const %s *request,\n"
                   "    const grille_call_options *options,\n    %s_reply *reply) {\n"
                   "    grille_reply untyped;\n"
                   "    grille_code code = grille_call_unary(channel, &%s_service.methods[%zu], request, options, "
                   "&untyped);\n"
                   "    %s_reply_set(reply, &untyped);\n"
                   "    return code;\n}\n",
                   symbol, request, symbol, service->symbol, index, symbol);
    grille_gen_add(text,
                   "\ngrille_code %s_async(\n    grille_channel *channel,\n    const %s *request,\n"
                   "    const grille_call_options *options,\n    %s_callback *callback,\n    void *user,\n"
                   "    grille_call **call) {\n"
                   "    return grille_call_unary_async(channel, &%s_service.methods[%zu], request, options, "
                   "%s_deliver,\n                                   (void (*)(void))callback, user, call);\n}\n",
                   symbol, request, symbol, service->symbol, index, symbol);
}

void grille_gen_emit_client(grille_gen_emitter *emitter) {
    grille_gen_emit_banner(emitter);
    grille_gen_emit_own_include(emitter);
    for (size_t i = 0; i < emitter->file->service_count; i++)
        for (size_t j = 0; j < emitter->file->services[i].method_count; j++)
            if (emitter->file->services[i].methods[j].kind == GRILLE_METHOD_UNARY)
                emit_method(emitter, &emitter->file->services[i], j);
}
