/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/emit.h"

/* Which ends of a streaming method send many messages. */
typedef struct direction {
    bool from_client, from_server;
} direction;

static direction direction_of(const grille_gen_method *method) {
    return (direction){method->kind != GRILLE_METHOD_SERVER_STREAMING, method->kind != GRILLE_METHOD_CLIENT_STREAMING};
}

static void emit_client_events(grille_gen_emitter *emitter, const grille_gen_method *method) {
    grille_gen_text *text = &emitter->text;
    const char *symbol = method->symbol;
    direction streams = direction_of(method);
    grille_gen_add(text, "typedef struct %s_stream %s_stream;\n\n", symbol, symbol);
    grille_gen_add(text, "/* All on the loop's thread; on_done comes last and once. */\ntypedef struct %s_events {\n",
                   symbol);
    if (streams.from_server)
        grille_gen_add(text, "    void (*on_message)(%s_stream *stream, const %s *message, void *user);\n", symbol,
                       grille_gen_type(emitter, method->response));
    if (streams.from_client) grille_gen_add(text, "    void (*on_writable)(%s_stream *stream, void *user);\n", symbol);
    grille_gen_add(text, "    void (*on_done)(%s_stream *stream, const %s_reply *reply, void *user);\n} %s_events;\n\n",
                   symbol, symbol, symbol);
}

static void emit_client_verbs(grille_gen_emitter *emitter, const grille_gen_method *method) {
    grille_gen_text *text = &emitter->text;
    const char *symbol = method->symbol, *request = grille_gen_type(emitter, method->request);
    direction streams = direction_of(method);
    grille_gen_add_comment(text, &method->path, "");
    grille_gen_add(text, "GRILLE_MUST_USE grille_code %s_open(\n    grille_channel *channel,\n", symbol);
    if (!streams.from_client) grille_gen_add(text, "    const %s *request,\n", request);
    grille_gen_add(text,
                   "    const grille_call_options *options,\n    const %s_events *events,\n    void *user,\n"
                   "    %s_stream **stream);\n",
                   symbol, symbol);
    if (streams.from_client)
        grille_gen_add(text,
                       "/* GRILLE_AGAIN when the window is full: on_writable follows. */\n"
                       "GRILLE_MUST_USE grille_code %s_send(%s_stream *stream, const %s *message);\n"
                       "GRILLE_MUST_USE grille_code %s_half_close(%s_stream *stream);\n",
                       symbol, symbol, request, symbol, symbol);
    grille_gen_add(text, "void %s_cancel(%s_stream *stream);\n\n", symbol, symbol);
}

static void emit_server_side(grille_gen_emitter *emitter, const grille_gen_method *method) {
    grille_gen_text *text = &emitter->text;
    const char *symbol = method->symbol, *response = grille_gen_type(emitter, method->response);
    direction streams = direction_of(method);
    grille_gen_add(text, "typedef struct %s_server_stream %s_server_stream;\n\ntypedef struct %s_server_events {\n",
                   symbol, symbol, symbol);
    grille_gen_add(text, "    void (*on_message)(%s_server_stream *stream, const %s *message, void *user);\n", symbol,
                   grille_gen_type(emitter, method->request));
    if (streams.from_client)
        grille_gen_add(text, "    void (*on_half_close)(%s_server_stream *stream, void *user);\n", symbol);
    if (streams.from_server)
        grille_gen_add(text, "    void (*on_writable)(%s_server_stream *stream, void *user);\n", symbol);
    grille_gen_add(text, "    void (*on_done)(%s_server_stream *stream, void *user);\n} %s_server_events;\n\n", symbol,
                   symbol);
    if (streams.from_server)
        grille_gen_add(text,
                       "/* GRILLE_AGAIN when the window is full: on_writable follows. */\n"
                       "GRILLE_MUST_USE grille_code %s_server_send(%s_server_stream *stream, const %s *message);\n"
                       "GRILLE_MUST_USE grille_code %s_server_finish(%s_server_stream *stream, grille_code code);\n\n",
                       symbol, symbol, response, symbol, symbol);
    else
        grille_gen_add(text,
                       "GRILLE_MUST_USE grille_code %s_server_finish(\n    %s_server_stream *stream,\n"
                       "    grille_code code,\n    const %s *response);\n\n",
                       symbol, symbol, response);
}

void grille_gen_emit_streaming(grille_gen_emitter *emitter, const grille_gen_method *method) {
    static const char *const kinds[] = {"", "client streaming", "server streaming", "bidirectional streaming"};
    grille_gen_add(&emitter->text, "/* ---- %s: %s; declared, not yet served ---- */\n\n", method->route,
                   kinds[method->kind]);
    if (emitter->parameters->client) {
        grille_gen_emit_reply(emitter, method, !direction_of(method).from_server);
        emit_client_events(emitter, method);
        emit_client_verbs(emitter, method);
    }
    if (emitter->parameters->server) emit_server_side(emitter, method);
}
