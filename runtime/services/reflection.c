/* SPDX-License-Identifier: Apache-2.0 */
#include "grille/reflection.h"

#include <stdlib.h>
#include <string.h>

#include "attest/evidence.h"
#include "base/bytes.h"
#include "base/error.h"
#include "grille/v1/reflection.grille-nano.h"
#include "rpc/call.h"
#include "rpc/registry.h"
#include "wire/limits.h"

typedef grille_own_grille_v1_reflection_list_services_server_stream services_stream;
typedef grille_own_grille_v1_reflection_list_methods_server_stream methods_stream;

typedef struct description {
    const grille_service *service;
    grille_bytes descriptors;
} description;

struct grille_reflection {
    const grille_services *services; /* once it is registered */
    size_t description_count;
    description descriptions[GRILLE_LIMIT_SERVICES];
};

/* Where a listing stands; in its call's memory. */
typedef struct listing {
    const grille_service *service; /* of methods */
    size_t next;
} listing;

grille_code grille_reflection_new(grille_policy *policy, const grille_identity *identity,
                                  grille_reflection **reflection, grille_error *error) {
    *reflection = NULL;
    grille_error_clear(error);
    if (!grille_policy_allows_reflection(policy, grille_identity_get_kind(identity))) {
        return grille_reason_code(grille_error_set(
            error, GRILLE_REASON_POLICY_FORBIDS,
            "reflection is off, as it is in an enclave by default; write `reflection: true` into the policy of this "
            "program if its peers may learn what it serves"));
    }
    *reflection = calloc(1, sizeof **reflection);
    if (*reflection == NULL) return grille_reason_code(grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY));
    return GRILLE_OK;
}

void grille_reflection_free(grille_reflection *reflection) {
    free(reflection);
}

grille_code grille_reflection_describe(grille_reflection *reflection, const grille_service *service,
                                       grille_bytes descriptors) {
    if (reflection->description_count == GRILLE_LIMIT_SERVICES) return GRILLE_RESOURCE_EXHAUSTED;
    reflection->descriptions[reflection->description_count++] = (description){service, descriptors};
    return GRILLE_OK;
}

/* ---- what a peer may see ---- */

static uint32_t visible_methods(const grille_call *call, const grille_service *service) {
    uint32_t count = 0;
    for (size_t at = 0; at < service->method_count; at++)
        count += grille_call_peer_may_call(call, service->methods[at].path);
    return count;
}

static const description *describe(const grille_reflection *reflection, const grille_service *service) {
    for (size_t at = 0; at < reflection->description_count; at++) {
        /* Another codec's table of the same service describes it as well. */
        if (reflection->descriptions[at].service->id == service->id) return &reflection->descriptions[at];
    }
    return NULL;
}

static const grille_service *find(const grille_reflection *reflection, const grille_call *call, grille_bytes name) {
    for (size_t at = 0; at < grille_services_service_count(reflection->services); at++) {
        const grille_service *service = grille_services_service(reflection->services, at);
        if (!grille_bytes_equal(grille_bytes_of_text(service->name), name)) continue;
        return visible_methods(call, service) > 0 ? service : NULL;
    }
    return NULL;
}

static grille_code not_found(grille_call *call) {
    return grille_fail(call, GRILLE_NOT_FOUND, "no service of this name is served to this peer");
}

static listing *begin(grille_call *call, const grille_service *service) {
    listing *state = grille_call_alloc(call, sizeof *state);
    if (state == NULL) return NULL;
    state->service = service;
    grille_call_set_data(call, state);
    return state;
}

static grille_code no_memory(grille_call *call) {
    return grille_fail(call, GRILLE_RESOURCE_EXHAUSTED, "no memory for a listing");
}

/* ---- ListServices ---- */

static void push_services(services_stream *stream, void *user) {
    const grille_reflection *reflection = user;
    grille_call *call = grille_own_grille_v1_reflection_list_services_server_call(stream);
    listing *state = grille_call_data(call);
    for (; state->next < grille_services_service_count(reflection->services); state->next++) {
        const grille_service *service = grille_services_service(reflection->services, state->next);
        grille_v1_ServiceDescription told = {
            .name = grille_bytes_of_text(service->name),
            .id = service->id,
            .schema_digest = grille_bytes_of(service->schema_digest, sizeof service->schema_digest),
            .method_count = visible_methods(call, service),
            .has_descriptors = describe(reflection, service) != NULL,
        };
        if (told.method_count == 0) continue;
        if (grille_own_grille_v1_reflection_list_services_server_send(stream, &told) != GRILLE_OK) return;
    }
    (void)grille_own_grille_v1_reflection_list_services_server_finish(stream, GRILLE_OK);
}

static grille_code open_services(services_stream *stream, const grille_v1_ListServicesRequest *request, void *user) {
    grille_call *call = grille_own_grille_v1_reflection_list_services_server_call(stream);
    (void)request;
    if (begin(call, NULL) == NULL) return no_memory(call);
    push_services(stream, user);
    return GRILLE_OK;
}

static void services_ended(services_stream *stream, grille_call_end why, void *user) {
    (void)stream;
    (void)why;
    (void)user;
}

/* ---- ListMethods ---- */

static grille_v1_MethodDescription method_of(const grille_method *method) {
    return (grille_v1_MethodDescription){
        .path = grille_bytes_of_text(method->path),
        .id = method->id,
        .client_streaming =
            method->kind == GRILLE_METHOD_CLIENT_STREAMING || method->kind == GRILLE_METHOD_BIDIRECTIONAL,
        .server_streaming =
            method->kind == GRILLE_METHOD_SERVER_STREAMING || method->kind == GRILLE_METHOD_BIDIRECTIONAL,
        .idempotent = (method->flags & GRILLE_METHOD_IDEMPOTENT) != 0,
        .default_timeout_ms = method->default_timeout_ms,
        .request_type = grille_bytes_of_text(method->request->name),
        .response_type = grille_bytes_of_text(method->response->name),
    };
}

static void push_methods(methods_stream *stream, void *user) {
    (void)user;
    grille_call *call = grille_own_grille_v1_reflection_list_methods_server_call(stream);
    listing *state = grille_call_data(call);
    for (; state->next < state->service->method_count; state->next++) {
        const grille_method *method = &state->service->methods[state->next];
        const grille_v1_MethodDescription told = method_of(method);
        if (!grille_call_peer_may_call(call, method->path)) continue;
        if (grille_own_grille_v1_reflection_list_methods_server_send(stream, &told) != GRILLE_OK) return;
    }
    (void)grille_own_grille_v1_reflection_list_methods_server_finish(stream, GRILLE_OK);
}

static grille_code open_methods(methods_stream *stream, const grille_v1_ListMethodsRequest *request, void *user) {
    grille_call *call = grille_own_grille_v1_reflection_list_methods_server_call(stream);
    const grille_service *service = find(user, call, request->service);
    if (service == NULL) return not_found(call);
    if (begin(call, service) == NULL) return no_memory(call);
    push_methods(stream, user);
    return GRILLE_OK;
}

static void methods_ended(methods_stream *stream, grille_call_end why, void *user) {
    (void)stream;
    (void)why;
    (void)user;
}

/* ---- GetDescriptors ---- */

static grille_code get_descriptors(grille_call *call, const grille_v1_GetDescriptorsRequest *request,
                                   grille_v1_GetDescriptorsResponse *response, void *user) {
    const grille_service *service = find(user, call, request->service);
    const description *described = service != NULL ? describe(user, service) : NULL;
    if (service == NULL) return not_found(call);
    if (described == NULL) {
        return grille_fail(call, GRILLE_NOT_FOUND, "this server carries no descriptors of %s", service->name);
    }
    response->file_descriptor_set = described->descriptors;
    return GRILLE_OK;
}

grille_code grille_reflection_register(grille_reflection *reflection, grille_services *services, grille_error *error) {
    static const grille_own_grille_v1_reflection_handlers handlers = {
        .list_services = {.open = open_services, .writable = push_services, .end = services_ended},
        .list_methods = {.open = open_methods, .writable = push_methods, .end = methods_ended},
        .get_descriptors = get_descriptors,
    };
    grille_code code = grille_own_grille_v1_reflection_serve(services, &handlers, reflection, error);
    if (code == GRILLE_OK) reflection->services = services;
    return code;
}
