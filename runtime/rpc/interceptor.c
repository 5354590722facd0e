/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/interceptor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/interceptor_private.h"
#include "wire/limits.h"

/* ---- lists ---- */

grille_reason grille_interceptor_list_copy(grille_interceptor_list *list, const grille_interceptor *items,
                                           size_t count) {
    *list = (grille_interceptor_list){0};
    if (count == 0) return GRILLE_REASON_OK;
    if (items == NULL) return GRILLE_REASON_BAD_ARGUMENT;
    list->items = calloc(count, sizeof *items);
    if (list->items == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    memcpy(list->items, items, count * sizeof *items);
    list->count = count;
    return GRILLE_REASON_OK;
}

void grille_interceptor_list_free(grille_interceptor_list *list) {
    free(list->items);
    *list = (grille_interceptor_list){0};
}

/* ---- running ---- */

static grille_time_us now_us(const grille_interception *interception) {
    return interception->clock_us != NULL ? interception->clock_us() : 0;
}

static grille_interception *make(const grille_interception_options *options) {
    size_t count = options->list->count;
    size_t bytes = sizeof(grille_interception) + count * sizeof(struct grille_intercepted);
    grille_interception *made = grille_arena_alloc(options->arena, bytes);
    if (made == NULL) return NULL;
    memset(made, 0, bytes);
    made->list = options->list;
    made->method = options->method;
    made->peer = options->peer;
    made->is_caller = options->is_caller;
    made->arena = options->arena;
    made->clock_us = options->clock_us;
    made->max_metadata_bytes =
        options->max_metadata_bytes != 0 ? options->max_metadata_bytes : GRILLE_LIMIT_METADATA_BYTES;
    made->places[GRILLE_METADATA_REQUEST] =
        (intercepted_place){.view = options->request, .known = true, .is_view = true};
    for (size_t at = 0; at < count; at++)
        made->calls[at].owner = made;
    made->start_us = now_us(made);
    return made;
}

static grille_code refused(grille_interception *interception, grille_code code, const char **text) {
    static const grille_metadata none = {0};
    /* Codes of the library's own never cross the wire. */
    if ((unsigned)code > GRILLE_UNAUTHENTICATED) code = GRILLE_INTERNAL;
    *text = interception->text != NULL ? interception->text : "an interceptor refused the call";
    grille_interception_end(interception, code, *text, &none);
    return code;
}

grille_code grille_interception_start(const grille_interception_options *options, grille_interception **interception,
                                      const char **text) {
    grille_interception *made = NULL;
    *interception = NULL;
    *text = "";
    if (options->list == NULL || options->list->count == 0) return GRILLE_OK;
    made = make(options);
    if (made == NULL) {
        *text = "no memory for the interceptors of the call";
        return GRILLE_RESOURCE_EXHAUSTED;
    }
    for (; made->passed < made->list->count; made->passed++) {
        const grille_interceptor *interceptor = &made->list->items[made->passed];
        grille_code code = GRILLE_OK;
        if (interceptor->on_start != NULL) code = interceptor->on_start(&made->calls[made->passed], interceptor->user);
        if (code != GRILLE_OK) return refused(made, code, text);
    }
    made->phase = INTERCEPTION_BETWEEN;
    *interception = made;
    return GRILLE_OK;
}

void grille_interception_set_peer(grille_interception *interception, const grille_peer_identity *peer) {
    if (interception != NULL) interception->peer = peer;
}

static void run_on_headers(grille_interception *interception) {
    interception->phase = INTERCEPTION_IN_HEADERS;
    for (size_t at = interception->passed; at-- > 0;) {
        const grille_interceptor *interceptor = &interception->list->items[at];
        if (interceptor->on_headers != NULL) interceptor->on_headers(&interception->calls[at], interceptor->user);
    }
    interception->phase = INTERCEPTION_BETWEEN;
}

static bool take_place(grille_interception *interception, grille_metadata_place place, intercepted_place given) {
    if (interception == NULL || interception->ended || interception->places[place].known) return false;
    given.known = true;
    interception->places[place] = given;
    return true;
}

void grille_interception_headers_view(grille_interception *interception, const grille_metadata_view *headers) {
    intercepted_place given = {.view = *headers, .is_view = true};
    if (take_place(interception, GRILLE_METADATA_HEADERS, given)) run_on_headers(interception);
}

void grille_interception_headers(grille_interception *interception, const grille_metadata *headers) {
    intercepted_place given = {.pairs = *headers};
    if (take_place(interception, GRILLE_METADATA_HEADERS, given)) run_on_headers(interception);
}

static void tell_message(grille_interception *interception, size_t at, grille_message_direction direction,
                         size_t bytes) {
    const grille_interceptor *interceptor = &interception->list->items[at];
    if (interceptor->on_message == NULL) return;
    interceptor->on_message(&interception->calls[at], direction, bytes, interceptor->user);
}

void grille_interception_message(grille_interception *interception, grille_message_direction direction, size_t bytes) {
    if (interception == NULL || interception->ended) return;
    /* Requests go down the list, answers up, at either end. */
    if (interception->is_caller == (direction == GRILLE_MESSAGE_SENT)) {
        for (size_t at = 0; at < interception->passed; at++)
            tell_message(interception, at, direction, bytes);
    } else {
        for (size_t at = interception->passed; at-- > 0;)
            tell_message(interception, at, direction, bytes);
    }
}

static void run_on_end(grille_interception *interception, grille_code code, const char *message) {
    interception->ended = true;
    interception->phase = INTERCEPTION_IN_END;
    for (size_t at = interception->passed; at-- > 0;) {
        const grille_interceptor *interceptor = &interception->list->items[at];
        if (interceptor->on_end == NULL) continue;
        interceptor->on_end(&interception->calls[at], code, message != NULL ? message : "", interceptor->user);
    }
    interception->phase = INTERCEPTION_BETWEEN;
}

void grille_interception_end_view(grille_interception *interception, grille_code code, const char *message,
                                  const grille_metadata_view *trailers) {
    intercepted_place given = {.view = *trailers, .is_view = true};
    if (take_place(interception, GRILLE_METADATA_TRAILERS, given)) run_on_end(interception, code, message);
}

void grille_interception_end(grille_interception *interception, grille_code code, const char *message,
                             const grille_metadata *trailers) {
    intercepted_place given = {.pairs = *trailers};
    if (take_place(interception, GRILLE_METADATA_TRAILERS, given)) run_on_end(interception, code, message);
}

/* ---- what interceptors ask ---- */

const grille_method *grille_intercepted_method(const grille_intercepted *call) {
    return call->owner->method;
}

const grille_peer_identity *grille_intercepted_peer(const grille_intercepted *call) {
    return call->owner->peer;
}

bool grille_intercepted_is_caller(const grille_intercepted *call) {
    return call->owner->is_caller;
}

uint64_t grille_intercepted_elapsed_us(const grille_intercepted *call) {
    return now_us(call->owner) - call->owner->start_us;
}

grille_code grille_intercepted_fail(grille_intercepted *call, grille_code code, const char *format, ...) {
    grille_interception *owner = call->owner;
    va_list arguments;
    if (owner->phase != INTERCEPTION_IN_START) return code;
    if (owner->text == NULL) owner->text = grille_arena_alloc(owner->arena, GRILLE_LIMIT_STATUS_MESSAGE_BYTES + 1);
    if (owner->text == NULL) return code;
    va_start(arguments, format);
    if (vsnprintf(owner->text, GRILLE_LIMIT_STATUS_MESSAGE_BYTES + 1, format, arguments) < 0) owner->text[0] = '\0';
    va_end(arguments);
    return code;
}

void grille_intercepted_set_data(grille_intercepted *call, void *data) {
    call->data = data;
}

void *grille_intercepted_data(const grille_intercepted *call) {
    return call->data;
}
