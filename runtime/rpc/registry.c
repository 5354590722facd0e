/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/registry.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "wire/limits.h"

/* The map is charged like everything else; its size is ours, not a peer's. */
enum { MAP_BUDGET_BYTES = 1 << 20, DRAIN_HOOKS = 8 };

struct grille_services {
    grille_registered_method *methods[GRILLE_LIMIT_METHODS];
    size_t method_count;
    const grille_service *services[GRILLE_LIMIT_SERVICES];
    size_t service_count;
    grille_budget budget;
    grille_id_map by_id;
    atomic_bool frozen;
    struct drain_hook {
        void (*on_drain)(void *user);
        void *user;
    } drain_hooks[DRAIN_HOOKS];
    size_t drain_hook_count;
};

grille_code grille_services_new(grille_services **services, grille_error *error) {
    grille_services *made = calloc(1, sizeof *made);
    *services = NULL;
    grille_error_clear(error);
    if (made == NULL) return grille_reason_code(grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY));
    grille_budget_init(&made->budget, MAP_BUDGET_BYTES);
    grille_reason reason = grille_id_map_init(&made->by_id, GRILLE_LIMIT_METHODS, &made->budget);
    if (reason != GRILLE_REASON_OK) {
        free(made);
        return grille_reason_code(grille_error_default(error, reason));
    }
    *services = made;
    return GRILLE_OK;
}

void grille_services_free(grille_services *registry) {
    size_t at = 0;
    if (registry == NULL) return;
    for (at = 0; at < registry->method_count; at++)
        free(registry->methods[at]);
    grille_id_map_deinit(&registry->by_id);
    free(registry);
}

/* "/" + service + "/" + one name without a slash, not too long. */
static bool path_fits(const grille_service *service, const char *path) {
    size_t service_len = strlen(service->name);
    const char *name = NULL;
    if (strnlen(path, GRILLE_LIMIT_METHOD_NAME_BYTES + 1) > GRILLE_LIMIT_METHOD_NAME_BYTES) return false;
    if (path[0] != '/' || strncmp(path + 1, service->name, service_len) != 0) return false;
    if (path[1 + service_len] != '/') return false;
    name = path + service_len + 2;
    return name[0] != 0 && strchr(name, '/') == NULL;
}

static grille_reason check_method(const grille_services *registry, const grille_service *service, size_t index,
                                  grille_error *error) {
    const grille_method *method = &service->methods[index];
    const grille_registered_method *other = NULL;
    size_t at = 0;
    if (method->id == 0 || method->request == NULL || method->response == NULL || !path_fits(service, method->path)) {
        return grille_error_set(error, GRILLE_REASON_RPC_BAD_METHOD,
                                "method %zu of service %s has id 0x%08x and path \"%s\"; expected a non-zero id, "
                                "message types and a path \"/%s/Method\"; generate the code again",
                                index, service->name, method->id, method->path, service->name);
    }
    other = grille_services_find(registry, method->id);
    for (at = 0; other == NULL && at < index; at++) {
        if (service->methods[at].id != method->id) continue;
        return grille_error_set(error, GRILLE_REASON_RPC_METHOD_COLLISION,
                                "%s and %s have the same id 0x%08x; rename one", service->methods[at].path,
                                method->path, method->id);
    }
    if (other == NULL) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_RPC_METHOD_COLLISION, "%s and %s have the same id 0x%08x; rename one",
                            other->method->path, method->path, method->id);
}

/* Whether the table has what the runtime calls, or nothing. */
static bool handler_fits(const grille_method *method, const grille_method_handler *handler) {
    const bool receives = method->kind == GRILLE_METHOD_CLIENT_STREAMING || method->kind == GRILLE_METHOD_BIDIRECTIONAL;
    const bool streams = method->kind != GRILLE_METHOD_UNARY && (method->flags & GRILLE_METHOD_OFFLOAD) == 0;
    if (handler->invoke == NULL && handler->open == NULL) return true;
    if (!streams) return handler->invoke != NULL;
    return handler->open != NULL && handler->end != NULL && (!receives || handler->message != NULL);
}

static grille_reason check_handlers(const grille_service *service, const grille_method_handler *methods,
                                    grille_error *error) {
    for (size_t at = 0; at < service->method_count; at++) {
        if (handler_fits(&service->methods[at], &methods[at])) continue;
        return grille_error_set(error, GRILLE_REASON_RPC_BAD_METHOD,
                                "the handlers of %s lack a member that its kind needs; generate the code again",
                                service->methods[at].path);
    }
    return GRILLE_REASON_OK;
}

static grille_reason check_service(const grille_services *registry, const grille_service *service,
                                   grille_error *error) {
    size_t at = 0;
    for (at = 0; at < registry->service_count; at++) {
        const grille_service *other = registry->services[at];
        if (strcmp(other->name, service->name) == 0) {
            return grille_error_set(error, GRILLE_REASON_RPC_DUPLICATE_SERVICE, "service %s is registered already",
                                    service->name);
        }
        if (other->id != service->id) continue;
        return grille_error_set(error, GRILLE_REASON_RPC_METHOD_COLLISION,
                                "services %s and %s have the same id 0x%08x; rename one", other->name, service->name,
                                service->id);
    }
    if (service->id == 0) {
        return grille_error_set(error, GRILLE_REASON_RPC_BAD_METHOD,
                                "service %s has id 0, which is reserved; generate the code again", service->name);
    }
    if (registry->service_count >= GRILLE_LIMIT_SERVICES ||
        service->method_count > GRILLE_LIMIT_METHODS - registry->method_count) {
        return grille_error_set(error, GRILLE_REASON_RPC_TOO_MANY_METHODS,
                                "service %s with %zu methods is too much: %zu of %d services and %zu of %d methods are "
                                "registered",
                                service->name, service->method_count, registry->service_count, GRILLE_LIMIT_SERVICES,
                                registry->method_count, GRILLE_LIMIT_METHODS);
    }
    for (at = 0; at < service->method_count; at++) {
        grille_reason reason = check_method(registry, service, at, error);
        if (reason != GRILLE_REASON_OK) return reason;
    }
    return GRILLE_REASON_OK;
}

static void remove_from(grille_services *registry, size_t first) {
    while (registry->method_count > first) {
        grille_registered_method *method = registry->methods[--registry->method_count];
        (void)grille_id_map_remove(&registry->by_id, method->method->id);
        free(method);
    }
}

grille_reason grille_services_add(grille_services *registry, const grille_service *service,
                                  const grille_method_handler *methods, const void *handlers, void *user,
                                  grille_error *error) {
    grille_reason reason = GRILLE_REASON_OK;
    size_t first = registry->method_count;
    size_t at = 0;
    if (atomic_load(&registry->frozen)) {
        return grille_error_set(error, GRILLE_REASON_RPC_SERVICES_FROZEN,
                                "service %s can't be registered: a server or channel uses the set already",
                                service->name);
    }
    reason = check_service(registry, service, error);
    if (reason == GRILLE_REASON_OK) reason = check_handlers(service, methods, error);
    if (reason != GRILLE_REASON_OK) return reason;
    for (at = 0; at < service->method_count; at++) {
        grille_registered_method *method = malloc(sizeof *method);
        if (method == NULL || !grille_id_map_put(&registry->by_id, service->methods[at].id, method)) {
            free(method);
            remove_from(registry, first);
            return grille_error_set(error, GRILLE_REASON_OUT_OF_MEMORY, "no memory to register service %s",
                                    service->name);
        }
        *method = (grille_registered_method){
            .method = &service->methods[at], .handler = methods[at], .handlers = handlers, .user = user};
        registry->methods[registry->method_count++] = method;
    }
    registry->services[registry->service_count++] = service;
    grille_error_clear(error);
    return GRILLE_REASON_OK;
}

const grille_registered_method *grille_services_find(const grille_services *registry, uint32_t method_id) {
    return grille_id_map_get(&registry->by_id, method_id);
}

size_t grille_services_service_count(const grille_services *registry) {
    return registry->service_count;
}

const grille_service *grille_services_service(const grille_services *registry, size_t index) {
    return index < registry->service_count ? registry->services[index] : NULL;
}

grille_code grille_services_register(grille_services *services, const grille_service *service,
                                     const grille_method_handler *methods, const void *handlers, void *user,
                                     grille_error *error) {
    return grille_reason_code(grille_services_add(services, service, methods, handlers, user, error));
}

bool grille_services_offload(const grille_services *registry) {
    for (size_t at = 0; at < registry->method_count; at++) {
        if ((registry->methods[at]->method->flags & GRILLE_METHOD_OFFLOAD) != 0) return true;
    }
    return false;
}

void grille_services_freeze(grille_services *registry) {
    atomic_store(&registry->frozen, true);
}

grille_reason grille_services_on_drain(grille_services *registry, void (*on_drain)(void *user), void *user,
                                       grille_error *error) {
    if (atomic_load(&registry->frozen)) return grille_error_default(error, GRILLE_REASON_RPC_SERVICES_FROZEN);
    if (registry->drain_hook_count == DRAIN_HOOKS) return grille_error_default(error, GRILLE_REASON_NO_SPACE);
    registry->drain_hooks[registry->drain_hook_count++] = (struct drain_hook){on_drain, user};
    return GRILLE_REASON_OK;
}

void grille_services_tell_drain(const grille_services *registry) {
    for (size_t at = 0; at < registry->drain_hook_count; at++)
        registry->drain_hooks[at].on_drain(registry->drain_hooks[at].user);
}
