/* SPDX-License-Identifier: Apache-2.0
 * Writes generated files, one function for each. The order of everything is that of the .proto: the same request gives
 * the same bytes. */
#ifndef GRILLE_CODEGEN_EMIT_H
#define GRILLE_CODEGEN_EMIT_H

#include "codegen/model.h"
#include "codegen/parameters.h"

/* What all emitters work from. */
typedef struct grille_gen_emitter {
    const grille_gen_model *model;
    const grille_gen_parameters *parameters;
    const grille_gen_file *file;
    grille_gen_text text;
} grille_gen_emitter;

/* X.grille-pb.h: types and declarations of both sides that were asked for. */
void grille_gen_emit_header(grille_gen_emitter *emitter);
/* X.grille-pb.c: methods and services as constants. */
void grille_gen_emit_tables(grille_gen_emitter *emitter);
/* In the same, with descriptors=true: what reflection shows of its services. */
void grille_gen_emit_descriptors(grille_gen_emitter *emitter);
/* X.grille-pb-client.c: client stubs. */
void grille_gen_emit_client(grille_gen_emitter *emitter);
/* X.grille-pb-server.c: trampolines and registration. */
void grille_gen_emit_server(grille_gen_emitter *emitter);

/* X.grille-pb-fake.h and .c: a typed grille_fake (grille/testing.h) of each service. */
void grille_gen_emit_fake_header(grille_gen_emitter *emitter);
void grille_gen_emit_fake(grille_gen_emitter *emitter);

/* ---- used by several of them ---- */

/* "grille-pb" or "grille-nano". */
const char *grille_gen_kind(const grille_gen_parameters *parameters);
/* The C type of a message. */
const char *grille_gen_type(const grille_gen_emitter *emitter, const grille_gen_message *message);
/* The first lines of every file. */
void grille_gen_emit_banner(grille_gen_emitter *emitter);
/* #include of the generated header. */
void grille_gen_emit_own_include(grille_gen_emitter *emitter);

/* Appends a template; in it stand for those of the service and of its method (NULL: none of these in the template)
 *   $S  the service's symbol     $N  its full name
 *   $M  the method's symbol      $m  its member of the handlers     $P  its path     $I  its index
 *   $Q  the type of its request  $R  the type of its response */
void grille_gen_emit(grille_gen_emitter *emitter, const grille_gen_service *service, const grille_gen_method *method,
                     const char *template);

/* In the header: reply, events and verbs of a streaming method's caller. */
void grille_gen_emit_stream_client(grille_gen_emitter *emitter, const grille_gen_service *service,
                                   const grille_gen_method *method);
/* In the header, before the handlers: the types of a streaming method's handler; its verbs, after them. */
void grille_gen_emit_stream_server_types(grille_gen_emitter *emitter, const grille_gen_service *service,
                                         const grille_gen_method *method);
void grille_gen_emit_stream_server_verbs(grille_gen_emitter *emitter, const grille_gen_service *service,
                                         const grille_gen_method *method);
/* The typed reply of a method; with `response` where the answer is one message. */
void grille_gen_emit_reply(grille_gen_emitter *emitter, const grille_gen_service *service,
                           const grille_gen_method *method);

#endif
