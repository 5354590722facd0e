/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/symbols.h"

#include <stdlib.h>
#include <string.h>

#include "codegen/names.h"

typedef struct taken_name {
    const char *name;
    const grille_gen_path *path; /* who has it */
} taken_name;

typedef struct taken_names {
    grille_gen_pool *pool;
    taken_name *names;
    size_t count, capacity;
} taken_names;

/* What the names of a service and of a method end in. */
static const char *const service_suffixes[] = {
    "_handlers", "_fake",     "_fake_channel",        "_fake_free", "_fake_new", "_fake_serving", "_invoke",
    "_methods",  "_register", "_register_with_error", "_serve",     "_service",  "_types",        "_descriptors",
};
static const char *const unary_suffixes[] = {
    "",
    "_answer",
    "_async",
    "_callback",
    "_deliver",
    "_fake_answer",
    "_fake_calls",
    "_fake_handle",
    "_fake_request",
    "_invoke",
    "_reply",
    "_reply_free",
    "_reply_set",
};
/* Those of all kinds of stream: the names of others don't change with the kind. */
static const char *const streaming_suffixes[] = {
    "_begin",         "_call",           "_cancel",
    "_dispatch",      "_done",           "_events",
    "_fake_answer",   "_fake_calls",     "_fake_handle",
    "_fake_request",  "_finish",         "_half_close",
    "_headers",       "_message",        "_open",
    "_pause",         "_read",           "_reply",
    "_reply_free",    "_reply_set",      "_resume",
    "_send",          "_server_call",    "_server_end",
    "_server_events", "_server_finish",  "_server_half_close",
    "_server_invoke", "_server_message", "_server_open",
    "_server_pause",  "_server_read",    "_server_resume",
    "_server_send",   "_server_stream",  "_server_writable",
    "_server_write",  "_stream",         "_writable",
    "_write",
};
static const char *const nanopb_suffixes[] = {"", "_fields", "_msg", "_size"};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const taken_name *find(const taken_names *taken, const char *name) {
    for (size_t i = 0; i < taken->count; i++)
        if (!strcmp(taken->names[i].name, name)) return &taken->names[i];
    return NULL;
}

static void take(taken_names *taken, const char *name, const grille_gen_path *path) {
    if (taken->count == taken->capacity) {
        size_t capacity = taken->capacity * 2 + 64;
        taken_name *names = grille_gen_alloc_array(taken->pool, capacity, sizeof(*names));
        if (taken->count) memcpy(names, taken->names, taken->count * sizeof(*names));
        taken->names = names;
        taken->capacity = capacity;
    }
    taken->names[taken->count++] = (taken_name){name, path};
}

/* The first of `name` with each suffix that somebody has, NULL when all are free; then they are taken. */
static const taken_name *take_all(taken_names *taken, const char *name, const char *const *suffixes, size_t count,
                                  const grille_gen_path *path) {
    for (size_t i = 0; i < count; i++) {
        const taken_name *other = find(taken, grille_gen_format(taken->pool, "%s%s", name, suffixes[i]));
        if (other) return other;
    }
    for (size_t i = 0; i < count; i++)
        take(taken, grille_gen_format(taken->pool, "%s%s", name, suffixes[i]), path);
    return NULL;
}

static void take_nanopb_names(grille_gen_model *model, taken_names *taken) {
    for (size_t i = 0; i < model->message_count; i++) {
        const grille_gen_message *message = &model->messages[i];
        const char *type = grille_gen_nanopb_type(model->pool, message->full_name);
        for (size_t j = 0; j < COUNT(nanopb_suffixes); j++)
            take(taken, grille_gen_format(model->pool, "%s%s", type, nanopb_suffixes[j]), &message->path);
    }
}

/* Does the name of a method read like something that the service itself has ("register")? */
static bool is_service_word(const char *name) {
    for (size_t i = 0; i < COUNT(service_suffixes); i++)
        if (!strcmp(name, service_suffixes[i] + 1)) return true;
    return false;
}

static void name_method(grille_gen_model *model, taken_names *symbols, taken_names *members,
                        const grille_gen_service *service, grille_gen_method *method) {
    static const char *const only[] = {""};
    bool unary = method->kind == GRILLE_METHOD_UNARY;
    const char *const *suffixes = unary ? unary_suffixes : streaming_suffixes;
    size_t count = unary ? COUNT(unary_suffixes) : COUNT(streaming_suffixes);
    const char *name = grille_gen_snake(model->pool, method->name);
    method->symbol = grille_gen_format(model->pool, "%s_%s%s", service->symbol, name, is_service_word(name) ? "_" : "");
    method->member = grille_gen_member(model->pool, name);
    if (take_all(symbols, method->symbol, suffixes, count, &method->path)) {
        method->symbol = grille_gen_format(model->pool, "%s_%08x", method->symbol, (unsigned)method->id);
        const taken_name *other = take_all(symbols, method->symbol, suffixes, count, &method->path);
        if (other)
            grille_gen_problem(&model->problems, &method->path, "the C name `%s` is taken (%s); rename the method `%s`",
                               other->name, grille_gen_place(model->pool, other->path), method->name);
    }
    if (take_all(members, method->member, only, 1, &method->path)) {
        method->member = grille_gen_format(model->pool, "%s_%08x", method->member, (unsigned)method->id);
        if (take_all(members, method->member, only, 1, &method->path))
            grille_gen_problem(&model->problems, &method->path, "the C name `%s` is taken; rename the method `%s`",
                               method->member, method->name);
    }
}

static void name_service(grille_gen_model *model, taken_names *taken, grille_gen_service *service, const char *prefix) {
    service->symbol = grille_gen_format(model->pool, "%s%s", prefix, grille_gen_snake(model->pool, service->full_name));
    const taken_name *other =
        take_all(taken, service->symbol, service_suffixes, COUNT(service_suffixes), &service->path);
    if (other)
        grille_gen_problem(&model->problems, &service->path,
                           "the service `%s` needs the C name `%s`, which is taken (%s); rename one of them",
                           service->full_name, other->name, grille_gen_place(model->pool, other->path));
}

void grille_gen_symbols_assign(grille_gen_model *model, const grille_gen_parameters *parameters) {
    taken_names taken = {.pool = model->pool};
    if (parameters->codec == GRILLE_GEN_NANOPB) take_nanopb_names(model, &taken);
    for (size_t i = 0; i < model->file_count; i++)
        for (size_t j = 0; j < model->files[i].service_count; j++)
            name_service(model, &taken, &model->files[i].services[j], parameters->prefix);
    for (size_t i = 0; i < model->file_count; i++)
        for (size_t j = 0; j < model->files[i].service_count; j++) {
            grille_gen_service *service = &model->files[i].services[j];
            taken_names members = {.pool = model->pool};
            for (size_t k = 0; k < service->method_count; k++)
                name_method(model, &taken, &members, service, &service->methods[k]);
        }
}
