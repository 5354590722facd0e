/* SPDX-License-Identifier: Apache-2.0 */
#include "grille/health.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "rpc/registry.h"
#include "services/health_private.h"
#include "wire/utf8.h"

grille_code grille_health_new(grille_health **health, grille_error *error) {
    grille_health *made = calloc(1, sizeof *made);
    *health = NULL;
    grille_error_clear(error);
    if (made == NULL) return grille_reason_code(grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY));
    pthread_mutex_init(&made->lock, NULL);
    grille_list_init(&made->watchers);
    grille_list_init(&made->stale);
    made->alive = true;
    made->name_count = 1;
    made->names[0].readiness = GRILLE_SERVING;
    *health = made;
    return GRILLE_OK;
}

void grille_health_free(grille_health *health) {
    if (health == NULL) return;
    pthread_mutex_destroy(&health->lock);
    free(health);
}

static void on_drain(void *user) {
    grille_health_drain(user);
}

grille_code grille_health_register(grille_health *health, grille_services *services, grille_error *error) {
    grille_code code = grille_own_grille_v1_health_serve(services, &grille_health_handlers, health, error);
    if (code != GRILLE_OK) return code;
    return grille_reason_code(grille_services_on_drain(services, on_drain, health, error));
}

/* ---- what is known; under the lock ---- */

static const health_name *find(const grille_health *health, grille_bytes service) {
    for (size_t at = 0; at < health->name_count; at++) {
        const health_name *name = &health->names[at];
        if (grille_bytes_equal(grille_bytes_of(name->text, name->len), service)) return name;
    }
    return NULL;
}

grille_v1_HealthCheckResponse grille_health_state(const grille_health *health, grille_bytes service) {
    const health_name *name = find(health, service);
    grille_v1_HealthCheckResponse state = {.alive = health->alive};
    if (name == NULL) {
        state.readiness = grille_v1_Readiness_READINESS_SERVICE_UNKNOWN;
    } else if (name->readiness == GRILLE_SERVING && !health->draining) {
        state.readiness = grille_v1_Readiness_READINESS_SERVING;
    } else {
        state.readiness = grille_v1_Readiness_READINESS_NOT_SERVING;
    }
    return state;
}

/* ---- what the application says ---- */

static grille_code set(grille_health *health, const char *service, size_t len, grille_readiness readiness) {
    health_name *name = (health_name *)(uintptr_t)find(health, grille_bytes_of(service, len));
    if (health->draining) return readiness == GRILLE_SERVING ? GRILLE_FAILED_PRECONDITION : GRILLE_OK;
    if (name == NULL) {
        if (health->name_count > GRILLE_HEALTH_NAMES_MAX) return GRILLE_RESOURCE_EXHAUSTED;
        name = &health->names[health->name_count++];
        memcpy(name->text, service, len);
        name->len = len;
    }
    name->readiness = readiness;
    return GRILLE_OK;
}

grille_code grille_health_set(grille_health *health, const char *service, grille_readiness readiness) {
    grille_code code = GRILLE_OK;
    size_t len = 0;
    if (service == NULL) service = "";
    len = strnlen(service, GRILLE_HEALTH_NAME_BYTES_MAX + 1);
    if (len > GRILLE_HEALTH_NAME_BYTES_MAX || !grille_utf8_valid(grille_bytes_of(service, len))) {
        return GRILLE_INVALID_ARGUMENT;
    }
    pthread_mutex_lock(&health->lock);
    code = set(health, service, len, readiness);
    pthread_mutex_unlock(&health->lock);
    if (code == GRILLE_OK) grille_health_tell(health, service);
    return code;
}

void grille_health_set_alive(grille_health *health, bool alive) {
    pthread_mutex_lock(&health->lock);
    health->alive = alive;
    pthread_mutex_unlock(&health->lock);
    grille_health_tell(health, NULL);
}

void grille_health_drain(grille_health *health) {
    pthread_mutex_lock(&health->lock);
    health->draining = true;
    pthread_mutex_unlock(&health->lock);
    grille_health_tell(health, NULL);
}
