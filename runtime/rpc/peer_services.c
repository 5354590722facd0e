/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/peer_services.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "grille/log.h"

/* Bytes of a digest that a line shows. */
enum { SHOWN_BYTES = 4 };

static size_t items_bytes(const grille_peer_services *services) {
    return services->count * sizeof *services->items;
}

grille_reason grille_peer_services_take(grille_peer_services *services, const grille_settings *settings,
                                        grille_budget *budget) {
    grille_service_iterator iterator = grille_settings_services(settings);
    grille_service_digest service = {0};
    *services = (grille_peer_services){.known = true};
    if (settings->service_count == 0) return GRILLE_REASON_OK;
    services->items = grille_budget_alloc(budget, settings->service_count * sizeof *services->items);
    if (services->items == NULL) return GRILLE_REASON_BUDGET;
    services->count = settings->service_count;
    for (size_t at = 0; at < services->count && grille_service_next(&iterator, &service); at++) {
        services->items[at] = (grille_peer_service){.id = service.id};
        memcpy(services->items[at].digest, service.digest.data, GRILLE_SCHEMA_DIGEST_BYTES);
    }
    return GRILLE_REASON_OK;
}

void grille_peer_services_free(grille_peer_services *services, grille_budget *budget) {
    grille_budget_free(budget, services->items, items_bytes(services));
    *services = (grille_peer_services){0};
}

static int compare_ids(const void *id, const void *item) {
    const uint32_t wanted = *(const uint32_t *)id;
    const uint32_t there = ((const grille_peer_service *)item)->id;
    return wanted < there ? -1 : wanted > there;
}

static void note(grille_peer_services *services, grille_peer_service *theirs, const grille_service *service) {
    char observed[2 * SHOWN_BYTES + 1], expected[2 * SHOWN_BYTES + 1];
    if (theirs->told) return;
    theirs->told = true;
    services->different++;
    grille_hex_encode(grille_bytes_of(theirs->digest, SHOWN_BYTES), observed);
    grille_hex_encode(grille_bytes_of(service->schema_digest, SHOWN_BYTES), expected);
    grille_log(
        GRILLE_LOG_WARNING, GRILLE_LOG_RPC,
        "service %s: the peer was generated from another schema: observed digest %s…, expected %s…; messages may "
        "be misread: generate both sides from the same .proto (`schema: exact` in the policy refuses such a peer)",
        service->name, observed, expected);
}

static grille_reason refuse(const grille_service *service, const char *what, grille_error *error) {
    return grille_error_set(
        error, GRILLE_REASON_RPC_SCHEMA_MISMATCH,
        "service %s: the peer %s, and the policy says `schema: exact`; generate both sides from the "
        "same .proto",
        service->name, what);
}

grille_reason grille_peer_services_check(grille_peer_services *services, const grille_service *service, bool exact,
                                         grille_error *error) {
    grille_peer_service *theirs = NULL;
    if (service == NULL || !services->known) return GRILLE_REASON_OK;
    if (services->count > 0) {
        theirs = bsearch(&service->id, services->items, services->count, sizeof *services->items, compare_ids);
    }
    if (theirs == NULL) return exact ? refuse(service, "does not list it", error) : GRILLE_REASON_OK;
    if (memcmp(theirs->digest, service->schema_digest, sizeof theirs->digest) == 0) return GRILLE_REASON_OK;
    note(services, theirs, service);
    return exact ? refuse(service, "was generated from another schema", error) : GRILLE_REASON_OK;
}
