/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/emit.h"

static void emit_events(grille_gen_emitter *emitter, const grille_gen_service *service,
                        const grille_gen_method *method) {
    grille_gen_emit(
        emitter, service, method,
        "/* The call's handle under another type ($M_call). */\n"
        "typedef struct $M_stream $M_stream;\n\n"
        "/* Callback form: all on the loop's thread, any may be NULL; what they show lives until they return. "
        "on_done\n * comes last and exactly once. */\n"
        "typedef struct $M_events {\n"
        "    void (*on_headers)($M_stream *stream, const grille_metadata *headers, void *user);\n");
    if (grille_gen_server_streams(method))
        grille_gen_emit(emitter, service, method,
                        "    void (*on_message)($M_stream *stream, const $R *message, void *user);\n");
    if (grille_gen_client_streams(method))
        grille_gen_emit(
            emitter, service, method,
            "    void (*on_writable)($M_stream *stream, void *user); /* $M_send answered GRILLE_AGAIN */\n");
    grille_gen_emit(emitter, service, method,
                    "    void (*on_done)($M_stream *stream, const $M_reply *reply, void *user);\n} $M_events;\n\n");
}

static void emit_starts(grille_gen_emitter *emitter, const grille_gen_service *service,
                        const grille_gen_method *method) {
    const char *request = grille_gen_client_streams(method) ? "" : "    const $Q *request,\n";
    grille_gen_add_comment(&emitter->text, &method->path, "");
    grille_gen_emit(
        emitter, service, method,
        "/* Callback form. Unless it returns an error, on_done comes. `events` must outlive the stream. */\n"
        "GRILLE_MUST_USE grille_code $M_open(\n    grille_channel *channel,\n");
    grille_gen_emit(emitter, service, method, request);
    grille_gen_emit(emitter, service, method,
                    "    const grille_call_options *options,\n    const $M_events *events,\n    void *user,\n"
                    "    $M_stream **stream);\n\n"
                    "/* Blocking form: unless it returns an error, $M_finish gives the stream back. */\n"
                    "GRILLE_MUST_USE grille_code $M_begin(\n    grille_channel *channel,\n");
    grille_gen_emit(emitter, service, method, request);
    grille_gen_emit(
        emitter, service, method,
        "    const grille_call_options *options,\n    $M_stream **stream,\n    grille_error *error);\n\n"
        "/* Blocking form: drops what was not read, waits for the end; returns reply->code. The reply is always "
        "to be\n * freed. */\n"
        "grille_code $M_finish(\n    $M_stream *stream,\n    $M_reply *reply);\n\n"
        "/* Gives back what the reply of $M_finish holds; harmless twice. */\n"
        "void $M_reply_free($M_reply *reply);\n\n");
}

static void emit_sending(grille_gen_emitter *emitter, const grille_gen_service *service,
                         const grille_gen_method *method) {
    grille_gen_emit(emitter, service, method,
                    "/* Callback form. GRILLE_AGAIN when the window is full: on_writable follows once. */\n"
                    "GRILLE_MUST_USE static inline grille_code $M_send($M_stream *stream, const $Q *message) {\n"
                    "    return grille_call_send((grille_call *)stream, message);\n}\n\n"
                    "/* Blocking form. */\n"
                    "GRILLE_MUST_USE static inline grille_code $M_write($M_stream *stream, const $Q *message) {\n"
                    "    return grille_call_write((grille_call *)stream, message);\n}\n\n"
                    "/* No message follows. */\n"
                    "GRILLE_MUST_USE static inline grille_code $M_half_close($M_stream *stream) {\n"
                    "    return grille_call_half_close((grille_call *)stream);\n}\n\n");
}

static void emit_receiving(grille_gen_emitter *emitter, const grille_gen_service *service,
                           const grille_gen_method *method) {
    grille_gen_emit(emitter, service, method,
                    "/* Blocking form. The message lives until the next one; GRILLE_END_OF_STREAM after the last. */\n"
                    "GRILLE_MUST_USE static inline grille_code $M_read($M_stream *stream, const $R **message) {\n"
                    "    const void *untyped = NULL;\n"
                    "    grille_code code = grille_call_read((grille_call *)stream, &untyped);\n"
                    "    *message = (const $R *)untyped;\n"
                    "    return code;\n}\n\n"
                    "/* Callback form: no on_message until as many resumes. */\n"
                    "static inline void $M_pause($M_stream *stream) {\n"
                    "    grille_call_pause((grille_call *)stream);\n}\n"
                    "static inline void $M_resume($M_stream *stream) {\n"
                    "    grille_call_resume((grille_call *)stream);\n}\n\n");
}

void grille_gen_emit_stream_client(grille_gen_emitter *emitter, const grille_gen_service *service,
                                   const grille_gen_method *method) {
    grille_gen_emit_reply(emitter, service, method);
    emit_events(emitter, service, method);
    emit_starts(emitter, service, method);
    if (grille_gen_client_streams(method)) emit_sending(emitter, service, method);
    if (grille_gen_server_streams(method)) emit_receiving(emitter, service, method);
    grille_gen_emit(emitter, service, method,
                    "/* Ends it with CANCELLED; on_done or $M_finish is still to come. */\n"
                    "static inline void $M_cancel($M_stream *stream) {\n"
                    "    grille_call_cancel((grille_call *)stream);\n}\n\n"
                    "/* For grille_call_ref, _unref, _data … */\n"
                    "static inline grille_call *$M_call($M_stream *stream) {\n"
                    "    return (grille_call *)stream;\n}\n\n");
}
