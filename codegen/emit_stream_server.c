/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/emit.h"

static void emit_events(grille_gen_emitter *emitter, const grille_gen_service *service,
                        const grille_gen_method *method) {
    bool client_streams = grille_gen_client_streams(method);
    grille_gen_emit(emitter, service, method,
                    "/* Events of a call, on the loop's thread; what they show lives until they return");
    grille_gen_emit(emitter, service, method, client_streams ? ". All NULL" : ", the request until end. open NULL");
    grille_gen_emit(emitter, service, method,
                    " answers UNIMPLEMENTED. */\n"
                    "typedef struct $M_server_events {\n"
                    "    /* The call came; a code other than OK answers it, and nothing follows. */\n"
                    "    grille_code (*open)($M_server_stream *stream, ");
    if (!client_streams) grille_gen_emit(emitter, service, method, "const $Q *request, ");
    grille_gen_emit(emitter, service, method, "void *user);\n");
    if (client_streams)
        grille_gen_emit(emitter, service, method,
                        "    void (*message)($M_server_stream *stream, const $Q *message, void *user);\n"
                        "    /* No message follows. */\n"
                        "    void (*half_close)($M_server_stream *stream, void *user);\n");
    if (grille_gen_server_streams(method))
        grille_gen_emit(emitter, service, method,
                        "    /* $M_server_send answered GRILLE_AGAIN, and would not now. */\n"
                        "    void (*writable)($M_server_stream *stream, void *user);\n");
    grille_gen_emit(emitter, service, method,
                    "    /* It is over: last, exactly once when open answered OK. */\n"
                    "    void (*end)($M_server_stream *stream, grille_call_end why, void *user);\n"
                    "} $M_server_events;\n\n");
}

void grille_gen_emit_stream_server_types(grille_gen_emitter *emitter, const grille_gen_service *service,
                                         const grille_gen_method *method) {
    grille_gen_emit(emitter, service, method,
                    "/* The call's handle under another type ($M_server_call). */\n"
                    "typedef struct $M_server_stream $M_server_stream;\n\n");
    if (!(method->flags & GRILLE_METHOD_OFFLOAD)) emit_events(emitter, service, method);
}

/* A worker's: it may wait. */
static void emit_blocking_verbs(grille_gen_emitter *emitter, const grille_gen_service *service,
                                const grille_gen_method *method) {
    if (grille_gen_client_streams(method))
        grille_gen_emit(emitter, service, method,
                        "/* Waits; the message lives until the next one. GRILLE_END_OF_STREAM after the last. */\n"
                        "GRILLE_MUST_USE static inline grille_code $M_server_read(\n    $M_server_stream *stream,\n"
                        "    const $Q **message) {\n"
                        "    const void *untyped = NULL;\n"
                        "    grille_code code = grille_call_read((grille_call *)stream, &untyped);\n"
                        "    *message = (const $Q *)untyped;\n"
                        "    return code;\n}\n\n");
    if (grille_gen_server_streams(method))
        grille_gen_emit(emitter, service, method,
                        "/* Waits for room. */\n"
                        "GRILLE_MUST_USE static inline grille_code $M_server_write(\n    $M_server_stream *stream,\n"
                        "    const $R *message) {\n"
                        "    return grille_call_write((grille_call *)stream, message);\n}\n\n");
}

static void emit_callback_verbs(grille_gen_emitter *emitter, const grille_gen_service *service,
                                const grille_gen_method *method) {
    if (grille_gen_server_streams(method))
        grille_gen_emit(emitter, service, method,
                        "/* Any thread. GRILLE_AGAIN when the window is full: writable follows once. */\n"
                        "GRILLE_MUST_USE static inline grille_code $M_server_send(\n    $M_server_stream *stream,\n"
                        "    const $R *message) {\n"
                        "    return grille_call_send((grille_call *)stream, message);\n}\n\n"
                        "/* Answers the call; any thread, once. */\n"
                        "static inline grille_code $M_server_finish($M_server_stream *stream, grille_code code) {\n"
                        "    return grille_call_answer((grille_call *)stream, code, NULL);\n}\n\n");
    else
        grille_gen_emit(emitter, service, method,
                        "/* Answers the call; any thread, once. `response` may be NULL unless the code is OK. */\n"
                        "static inline grille_code $M_server_finish(\n    $M_server_stream *stream,\n"
                        "    grille_code code,\n    const $R *response) {\n"
                        "    return grille_call_answer((grille_call *)stream, code, response);\n}\n\n");
    if (grille_gen_client_streams(method))
        grille_gen_emit(emitter, service, method,
                        "/* No message until as many resumes. */\n"
                        "static inline void $M_server_pause($M_server_stream *stream) {\n"
                        "    grille_call_pause((grille_call *)stream);\n}\n"
                        "static inline void $M_server_resume($M_server_stream *stream) {\n"
                        "    grille_call_resume((grille_call *)stream);\n}\n\n");
}

void grille_gen_emit_stream_server_verbs(grille_gen_emitter *emitter, const grille_gen_service *service,
                                         const grille_gen_method *method) {
    if (method->flags & GRILLE_METHOD_OFFLOAD)
        emit_blocking_verbs(emitter, service, method);
    else
        emit_callback_verbs(emitter, service, method);
    grille_gen_emit(emitter, service, method,
                    "/* For grille_fail, grille_peer, grille_call_add_header … */\n"
                    "static inline grille_call *$M_server_call($M_server_stream *stream) {\n"
                    "    return (grille_call *)stream;\n}\n\n");
}
