/* SPDX-License-Identifier: Apache-2.0
 * What a request means: its messages by name and its services, checked. Everything lives in the pool and borrows from
 * the request. */
#ifndef GRILLE_CODEGEN_MODEL_H
#define GRILLE_CODEGEN_MODEL_H

#include "codegen/source.h"
#include "grille/method.h"

typedef struct grille_gen_message {
    const char *full_name; /* "acme.v1.Outer.Inner" */
    const grille_gen_message_proto *proto;
    grille_gen_path path;
} grille_gen_message;

typedef struct grille_gen_method {
    const Google__Protobuf__MethodDescriptorProto *proto;
    const char *name;  /* "Decrypt" */
    const char *route; /* "/acme.v1.Cryptor/Decrypt" */
    uint32_t id;
    grille_method_kind kind;
    uint32_t flags; /* GRILLE_METHOD_… */
    uint32_t default_timeout_ms;
    uint32_t max_request_bytes, max_response_bytes; /* 0: no limit of its own */
    uint32_t identity_kinds;                        /* bit n: grille_identity_kind n; 0: any */
    const grille_gen_message *request;
    const grille_gen_message *response;
    grille_gen_path path;
    const char *symbol; /* "acme_v1_cryptor_decrypt", set by symbols.c */
    const char *member; /* "decrypt" */
} grille_gen_method;

typedef struct grille_gen_service {
    const Google__Protobuf__ServiceDescriptorProto *proto;
    const char *full_name; /* "acme.v1.Cryptor" */
    uint32_t id;
    uint8_t digest[32];
    grille_gen_method *methods;
    size_t method_count;
    grille_gen_path path;
    const char *symbol; /* "acme_v1_cryptor" */
} grille_gen_service;

typedef struct grille_gen_file {
    const grille_gen_file_proto *proto;
    bool wanted; /* named in file_to_generate */
    grille_gen_service *services;
    size_t service_count;
} grille_gen_file;

typedef struct grille_gen_model {
    grille_gen_pool *pool;
    grille_gen_problems problems;
    grille_gen_file *files;
    size_t file_count;
    grille_gen_message *messages; /* as they are declared */
    size_t message_count;
    grille_gen_message **by_name; /* sorted */
} grille_gen_model;

/* Does the caller, or the server, send a stream of messages? */
static inline bool grille_gen_client_streams(const grille_gen_method *method) {
    return method->kind == GRILLE_METHOD_CLIENT_STREAMING || method->kind == GRILLE_METHOD_BIDIRECTIONAL;
}
static inline bool grille_gen_server_streams(const grille_gen_method *method) {
    return method->kind == GRILLE_METHOD_SERVER_STREAMING || method->kind == GRILLE_METHOD_BIDIRECTIONAL;
}

/* Reads a request; what is wrong stands in `problems`. Services are read of wanted files only. */
void grille_gen_model_read(grille_gen_model *model, grille_gen_pool *pool, const Grille__Codegen__Request *request);

/* The message of a type name with or without its leading dot; NULL when there is none. */
const grille_gen_message *grille_gen_find_message(const grille_gen_model *model, const char *type_name);

/* The file of this name, or NULL. */
const grille_gen_file *grille_gen_find_file(const grille_gen_model *model, const char *name);

#endif
