/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/emit.h"

static void emit_reply(grille_gen_emitter *emitter, const grille_gen_service *service,
                       const grille_gen_method *method) {
    bool response = !grille_gen_server_streams(method);
    grille_gen_emit(emitter, service, method,
                    "static void $M_reply_set(\n    $M_reply *typed,\n    const grille_reply *reply) {\n"
                    "    typed->code = reply->code;\n"
                    "    typed->message = reply->message;\n"
                    "    typed->details = reply->details;\n"
                    "    typed->headers = reply->headers;\n"
                    "    typed->trailers = reply->trailers;\n");
    if (response) grille_gen_emit(emitter, service, method, "    typed->response = reply->response;\n");
    grille_gen_emit(emitter, service, method,
                    "    typed->owner = reply->owner;\n}\n\n"
                    "void $M_reply_free($M_reply *reply) {\n"
                    "    if (!reply) return;\n"
                    "    grille_reply untyped = {reply->code, reply->message, reply->details, reply->headers, "
                    "reply->trailers,\n                            ");
    grille_gen_emit(emitter, service, method, response ? "reply->response" : "NULL");
    grille_gen_emit(emitter, service, method,
                    ", reply->owner};\n"
                    "    grille_reply_free(&untyped);\n"
                    "    $M_reply_set(reply, &untyped);\n}\n\n");
}

static void emit_unary(grille_gen_emitter *emitter, const grille_gen_service *service,
                       const grille_gen_method *method) {
    grille_gen_emit(emitter, service, method,
                    "static void $M_deliver(const grille_reply *reply, void (*callback)(void), void *user) {\n"
                    "    $M_reply typed;\n"
                    "    $M_reply_set(&typed, reply);\n"
                    "    (($M_callback *)callback)(&typed, user);\n}\n\n"
                    "grille_code $M(\n    grille_channel *channel,\n    const $Q *request,\n"
                    "    const grille_call_options *options,\n    $M_reply *reply) {\n"
                    "    grille_reply untyped;\n"
                    "    grille_code code = grille_call_unary(channel, &$S_service.methods[$I], request, options, "
                    "&untyped);\n"
                    "    $M_reply_set(reply, &untyped);\n"
                    "    return code;\n}\n\n"
                    "grille_code $M_async(\n    grille_channel *channel,\n    const $Q *request,\n"
                    "    const grille_call_options *options,\n    $M_callback *callback,\n    void *user,\n"
                    "    grille_call **call) {\n"
                    "    return grille_call_unary_async(channel, &$S_service.methods[$I], request, options, "
                    "$M_deliver,\n                                   (void (*)(void))callback, user, call);\n}\n");
}

static void emit_events(grille_gen_emitter *emitter, const grille_gen_service *service,
                        const grille_gen_method *method) {
    bool sends = grille_gen_client_streams(method), receives = grille_gen_server_streams(method);
    grille_gen_emit(
        emitter, service, method,
        "static void $M_headers(grille_call *call, const grille_metadata *headers, const void *events, void *user) {\n"
        "    const $M_events *typed = events;\n"
        "    if (typed->on_headers) typed->on_headers(($M_stream *)call, headers, user);\n}\n\n");
    if (receives)
        grille_gen_emit(
            emitter, service, method,
            "static void $M_message(grille_call *call, const void *message, const void *events, void *user) {\n"
            "    const $M_events *typed = events;\n"
            "    if (typed->on_message) typed->on_message(($M_stream *)call, message, user);\n}\n\n");
    if (sends)
        grille_gen_emit(emitter, service, method,
                        "static void $M_writable(grille_call *call, const void *events, void *user) {\n"
                        "    const $M_events *typed = events;\n"
                        "    if (typed->on_writable) typed->on_writable(($M_stream *)call, user);\n}\n\n");
    grille_gen_emit(
        emitter, service, method,
        "static void $M_done(grille_call *call, const grille_reply *reply, const void *events, void *user) {\n"
        "    const $M_events *typed = events;\n"
        "    $M_reply typed_reply;\n"
        "    $M_reply_set(&typed_reply, reply);\n"
        "    if (typed->on_done) typed->on_done(($M_stream *)call, &typed_reply, user);\n}\n\n"
        "static const grille_stream_dispatch $M_dispatch = {\n    .headers = $M_headers,\n");
    if (receives) grille_gen_emit(emitter, service, method, "    .message = $M_message,\n");
    if (sends) grille_gen_emit(emitter, service, method, "    .writable = $M_writable,\n");
    grille_gen_emit(emitter, service, method, "    .done = $M_done,\n};\n\n");
}

static void emit_stream(grille_gen_emitter *emitter, const grille_gen_service *service,
                        const grille_gen_method *method) {
    bool sends = grille_gen_client_streams(method);
    emit_events(emitter, service, method);
    grille_gen_emit(emitter, service, method, "grille_code $M_open(\n    grille_channel *channel,\n");
    if (!sends) grille_gen_emit(emitter, service, method, "    const $Q *request,\n");
    grille_gen_emit(emitter, service, method,
                    "    const grille_call_options *options,\n    const $M_events *events,\n    void *user,\n"
                    "    $M_stream **stream) {\n"
                    "    static const $M_events none = {0};\n"
                    "    /* Set where the runtime sets it: before the first event. */\n"
                    "    return grille_call_open_stream(channel, &$S_service.methods[$I], ");
    grille_gen_emit(emitter, service, method, sends ? "NULL" : "request");
    grille_gen_emit(emitter, service, method,
                    ", options, &$M_dispatch,\n                                   events ? events : &none, user, "
                    "(grille_call **)stream);\n}\n\n"
                    "grille_code $M_begin(\n    grille_channel *channel,\n");
    if (!sends) grille_gen_emit(emitter, service, method, "    const $Q *request,\n");
    grille_gen_emit(emitter, service, method,
                    "    const grille_call_options *options,\n    $M_stream **stream,\n    grille_error *error) {\n"
                    "    grille_call *call = NULL;\n"
                    "    grille_code code = grille_call_begin_stream(channel, &$S_service.methods[$I], ");
    grille_gen_emit(emitter, service, method, sends ? "NULL" : "request");
    grille_gen_emit(emitter, service, method,
                    ", options, &call,\n                                                error);\n"
                    "    *stream = ($M_stream *)call;\n"
                    "    return code;\n}\n\n"
                    "grille_code $M_finish(\n    $M_stream *stream,\n    $M_reply *reply) {\n"
                    "    grille_reply untyped;\n"
                    "    grille_code code = grille_call_finish((grille_call *)stream, &untyped);\n"
                    "    $M_reply_set(reply, &untyped);\n"
                    "    return code;\n}\n");
}

void grille_gen_emit_client(grille_gen_emitter *emitter) {
    grille_gen_emit_banner(emitter);
    grille_gen_emit_own_include(emitter);
    for (size_t i = 0; i < emitter->file->service_count; i++) {
        const grille_gen_service *service = &emitter->file->services[i];
        for (size_t j = 0; j < service->method_count; j++) {
            const grille_gen_method *method = &service->methods[j];
            grille_gen_add(&emitter->text, "\n");
            emit_reply(emitter, service, method);
            if (method->kind == GRILLE_METHOD_UNARY)
                emit_unary(emitter, service, method);
            else
                emit_stream(emitter, service, method);
        }
    }
}
