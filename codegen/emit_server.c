/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/emit.h"

static bool is_invoked(const grille_gen_method *method) {
    return method->kind == GRILLE_METHOD_UNARY || method->flags & GRILLE_METHOD_OFFLOAD;
}

/* A handler that runs to its end. */
static void emit_invoke(grille_gen_emitter *emitter, const grille_gen_service *service,
                        const grille_gen_method *method) {
    bool unary = method->kind == GRILLE_METHOD_UNARY;
    bool request = !grille_gen_client_streams(method), response = !grille_gen_server_streams(method);
    grille_gen_emit(emitter, service, method,
                    unary ? "static grille_code $M_invoke(\n" : "static grille_code $M_server_invoke(\n");
    grille_gen_emit(emitter, service, method,
                    "    grille_call *call,\n    const void *request,\n    void *response,\n    const void *handlers,\n"
                    "    void *user) {\n"
                    "    const $S_handlers *typed = handlers;\n");
    if (!request) grille_gen_emit(emitter, service, method, "    (void)request;\n");
    if (!response) grille_gen_emit(emitter, service, method, "    (void)response;\n");
    grille_gen_emit(emitter, service, method,
                    "    if (!typed || !typed->$m)\n"
                    "        return grille_fail(call, GRILLE_UNIMPLEMENTED, \"%s is not implemented here\", \"$P\");\n"
                    "    return typed->$m(");
    grille_gen_emit(emitter, service, method, unary ? "call" : "($M_server_stream *)call");
    if (request) grille_gen_emit(emitter, service, method, ", request");
    if (response) grille_gen_emit(emitter, service, method, ", response");
    grille_gen_emit(emitter, service, method, ", user);\n}\n\n");
}

static void emit_open(grille_gen_emitter *emitter, const grille_gen_service *service, const grille_gen_method *method) {
    grille_gen_emit(emitter, service, method,
                    "static grille_code $M_server_open(\n    grille_call *call,\n    const void *request,\n"
                    "    const void *handlers,\n    void *user) {\n"
                    "    const $S_handlers *typed = handlers;\n");
    if (grille_gen_client_streams(method)) {
        grille_gen_emit(emitter, service, method,
                        "    (void)request;\n"
                        "    if (!typed || (!typed->$m.open && !typed->$m.message && !typed->$m.half_close && ");
        if (grille_gen_server_streams(method)) grille_gen_emit(emitter, service, method, "!typed->$m.writable && ");
        grille_gen_emit(emitter, service, method, "!typed->$m.end))\n");
    } else {
        grille_gen_emit(emitter, service, method, "    if (!typed || !typed->$m.open)\n");
    }
    grille_gen_emit(
        emitter, service, method,
        "        return grille_fail(call, GRILLE_UNIMPLEMENTED, \"%s is not implemented here\", \"$P\");\n");
    grille_gen_emit(
        emitter, service, method,
        grille_gen_client_streams(method)
            ? "    return typed->$m.open ? typed->$m.open(($M_server_stream *)call, user) : GRILLE_OK;\n}\n\n"
            : "    return typed->$m.open(($M_server_stream *)call, request, user);\n}\n\n");
}

static void emit_events(grille_gen_emitter *emitter, const grille_gen_service *service,
                        const grille_gen_method *method) {
    if (grille_gen_client_streams(method))
        grille_gen_emit(emitter, service, method,
                        "static void $M_server_message(grille_call *call, const void *message, const void *handlers, "
                        "void *user) {\n"
                        "    const $S_handlers *typed = handlers;\n"
                        "    if (typed->$m.message) typed->$m.message(($M_server_stream *)call, message, user);\n}\n\n"
                        "static void $M_server_half_close(grille_call *call, const void *handlers, void *user) {\n"
                        "    const $S_handlers *typed = handlers;\n"
                        "    if (typed->$m.half_close) typed->$m.half_close(($M_server_stream *)call, user);\n}\n\n");
    if (grille_gen_server_streams(method))
        grille_gen_emit(emitter, service, method,
                        "static void $M_server_writable(grille_call *call, const void *handlers, void *user) {\n"
                        "    const $S_handlers *typed = handlers;\n"
                        "    if (typed->$m.writable) typed->$m.writable(($M_server_stream *)call, user);\n}\n\n");
    grille_gen_emit(
        emitter, service, method,
        "static void $M_server_end(grille_call *call, grille_call_end why, const void *handlers, void *user) {\n"
        "    const $S_handlers *typed = handlers;\n"
        "    if (typed->$m.end) typed->$m.end(($M_server_stream *)call, why, user);\n}\n\n");
}

static void emit_row(grille_gen_emitter *emitter, const grille_gen_service *service, const grille_gen_method *method) {
    if (method->kind == GRILLE_METHOD_UNARY) {
        grille_gen_emit(emitter, service, method, "    {.invoke = $M_invoke},\n");
        return;
    }
    if (is_invoked(method)) {
        grille_gen_emit(emitter, service, method, "    {.invoke = $M_server_invoke},\n");
        return;
    }
    grille_gen_emit(emitter, service, method, "    {.open = $M_server_open,\n");
    if (grille_gen_client_streams(method))
        grille_gen_emit(emitter, service, method,
                        "     .message = $M_server_message,\n     .half_close = $M_server_half_close,\n");
    if (grille_gen_server_streams(method))
        grille_gen_emit(emitter, service, method, "     .writable = $M_server_writable,\n");
    grille_gen_emit(emitter, service, method, "     .end = $M_server_end},\n");
}

static void emit_registration(grille_gen_emitter *emitter, const grille_gen_service *service) {
    const char *table = service->method_count ? "$S_invoke" : "NULL";
    grille_gen_emit(
        emitter, service, NULL,
        "grille_code $S_register_with_error(\n    grille_server *server,\n    const $S_handlers *handlers,\n"
        "    void *user,\n    grille_error *error) {\n"
        "    return grille_server_register(server, &$S_service, ");
    grille_gen_emit(emitter, service, NULL, table);
    grille_gen_emit(emitter, service, NULL,
                    ", handlers, user, error);\n}\n\n"
                    "grille_code $S_register(\n    grille_server *server,\n    const $S_handlers *handlers,\n"
                    "    void *user) {\n"
                    "    grille_error error;\n"
                    "    return $S_register_with_error(server, handlers, user, &error);\n}\n\n"
                    "grille_code $S_serve(\n    grille_services *services,\n    const $S_handlers *handlers,\n"
                    "    void *user,\n    grille_error *error) {\n"
                    "    return grille_services_register(services, &$S_service, ");
    grille_gen_emit(emitter, service, NULL, table);
    grille_gen_emit(emitter, service, NULL, ", handlers, user, error);\n}\n");
}

static void emit_service(grille_gen_emitter *emitter, const grille_gen_service *service) {
    for (size_t i = 0; i < service->method_count; i++) {
        const grille_gen_method *method = &service->methods[i];
        if (is_invoked(method)) {
            emit_invoke(emitter, service, method);
        } else {
            emit_open(emitter, service, method);
            emit_events(emitter, service, method);
        }
    }
    if (service->method_count) {
        grille_gen_emit(emitter, service, NULL,
                        "/* Fakes know it too. */\nextern const grille_method_handler $S_invoke[];\nconst "
                        "grille_method_handler $S_invoke[] = {\n");
        for (size_t i = 0; i < service->method_count; i++)
            emit_row(emitter, service, &service->methods[i]);
        grille_gen_emit(emitter, service, NULL, "};\n\n");
    }
    emit_registration(emitter, service);
}

void grille_gen_emit_server(grille_gen_emitter *emitter) {
    grille_gen_emit_banner(emitter);
    grille_gen_emit_own_include(emitter);
    for (size_t i = 0; i < emitter->file->service_count; i++) {
        grille_gen_add(&emitter->text, "\n");
        emit_service(emitter, &emitter->file->services[i]);
    }
}
