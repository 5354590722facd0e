/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/emit.h"

static void emit_trampoline(grille_gen_emitter *emitter, const grille_gen_service *service,
                            const grille_gen_method *method) {
    grille_gen_add(&emitter->text,
                   "static grille_code %s_invoke(\n    grille_call *call,\n    const void *request,\n"
                   "    void *response,\n    const void *handlers,\n    void *user) {\n"
                   "    const %s_handlers *typed = handlers;\n"
                   "    if (!typed || !typed->%s)\n"
                   "        return grille_fail(call, GRILLE_UNIMPLEMENTED, \"%%s is not implemented here\", \"%s\");\n"
                   "    return typed->%s(call, request, response, user);\n}\n\n",
                   method->symbol, service->symbol, method->member, method->route, method->member);
}

static void emit_registration(grille_gen_emitter *emitter, const grille_gen_service *service) {
    const char *symbol = service->symbol;
    grille_gen_add(&emitter->text,
                   "grille_code %s_register_with_error(\n    grille_server *server,\n    const %s_handlers *handlers,\n"
                   "    void *user,\n    grille_error *error) {\n"
                   "    return grille_server_register(server, &%s_service, %s%s, handlers, user, error);\n}\n\n",
                   symbol, symbol, symbol, service->method_count ? symbol : "NULL",
                   service->method_count ? "_invoke" : "");
    grille_gen_add(&emitter->text,
                   "grille_code %s_register(\n    grille_server *server,\n    const %s_handlers *handlers,\n"
                   "    void *user) {\n"
                   "    grille_error error;\n"
                   "    return %s_register_with_error(server, handlers, user, &error);\n}\n",
                   symbol, symbol, symbol);
}

static void emit_service(grille_gen_emitter *emitter, const grille_gen_service *service) {
    for (size_t i = 0; i < service->method_count; i++)
        if (service->methods[i].kind == GRILLE_METHOD_UNARY) emit_trampoline(emitter, service, &service->methods[i]);
    if (service->method_count) {
        grille_gen_add(&emitter->text, "static const grille_method_handler %s_invoke[] = {\n", service->symbol);
        for (size_t i = 0; i < service->method_count; i++) {
            bool unary = service->methods[i].kind == GRILLE_METHOD_UNARY;
            grille_gen_add(&emitter->text, "    {%s%s%s},\n", unary ? ".invoke = " : "0",
                           unary ? service->methods[i].symbol : "", unary ? "_invoke" : "");
        }
        grille_gen_add(&emitter->text, "};\n\n");
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
