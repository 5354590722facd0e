/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/messages_nanopb.h"

#include <errno.h>
#include <string.h>

#include "codegen/child.h"
#include "codegen/names.h"
#include "codegen/nanopb_bounds.h"
#include "codegen/rewrite.h"

/* Options come from us alone: no file has this name. */
static const char child_parameter[] = "-e,.nano,-f,%s.no-options-but-those-in-the-request";

/* The parameters as a list of texts. */
typedef struct parameter_list {
    char **items;
    size_t count;
} parameter_list;

/* The value when `item` starts with `name`, else NULL. */
static const char *value_of(const char *item, const char *name) {
    size_t len = strlen(name);
    return strncmp(item, name, len) == 0 ? item + len : NULL;
}

/* NULL, or what is wrong. */
static const char *read_settings(grille_gen_pool *pool, const char *parameter, parameter_list *settings) {
    char *rest = grille_gen_copy(pool, parameter ? parameter : ""), *item;
    size_t most = 1;
    for (const char *c = rest; *c; c++)
        most += *c == ',';
    settings->items = grille_gen_alloc_array(pool, most, sizeof(*settings->items));
    settings->count = 0;
    while (*rest && (item = strsep(&rest, ","))) {
        const char *file = value_of(item, "options=");
        if (!value_of(item, "options_path=") && !(file && strchr(file, ':')))
            return grille_gen_format(pool,
                                     "unknown parameter `%s`: the parameters are options_path=FOLDER and "
                                     "options=PROTO:FILE",
                                     item);
        settings->items[settings->count++] = item;
        if (!rest) break;
    }
    return NULL;
}

/* False when there is no such file; a file that is there but can't be read is a problem. */
static bool read_options(grille_gen_model *model, const char *path, grille_gen_nanopb_file *options) {
    grille_bytes bytes;
    FILE *stream = fopen(path, "rb");
    if (!stream) {
        if (errno != ENOENT && errno != ENOTDIR)
            grille_gen_problem_at(&model->problems, path, "cannot read the options: %s", strerror(errno));
        return false;
    }
    if (grille_gen_read_all(model->pool, stream, &bytes))
        grille_gen_nanopb_file_read(model, options, path,
                                    grille_gen_format(model->pool, "%.*s", (int)bytes.len, (const char *)bytes.data));
    else
        grille_gen_problem_at(&model->problems, path, "cannot read the options");
    fclose(stream);
    return true;
}

static void find_options(grille_gen_model *model, const parameter_list *settings, const char *proto,
                         grille_gen_nanopb_file *options) {
    const char *beside = grille_gen_format(model->pool, "%s.options", grille_gen_stem(model->pool, proto));
    for (size_t i = 0; i < settings->count; i++) {
        const char *file = value_of(settings->items[i], "options="), *colon = file ? strchr(file, ':') : NULL;
        if (!colon || strncmp(file, proto, strlen(proto)) != 0 || file + strlen(proto) != colon) continue;
        if (!read_options(model, colon + 1, options))
            grille_gen_problem_at(&model->problems, colon + 1, "there is no such .options file (of %s)", proto);
        return;
    }
    if (read_options(model, beside, options)) return;
    for (size_t i = 0; i < settings->count; i++) {
        const char *folder = value_of(settings->items[i], "options_path=");
        if (folder && read_options(model, grille_gen_format(model->pool, "%s/%s", folder, beside), options)) return;
    }
}

static bool prepare(grille_gen_pool *pool, Grille__Codegen__Request *request, grille_gen_response *response,
                    grille_gen_model *model, grille_gen_nanopb_file **options) {
    parameter_list settings;
    const char *problem = read_settings(pool, request->parameter, &settings);
    if (problem) {
        grille_gen_response_fail(response, problem);
        return false;
    }
    grille_gen_model_read(model, pool, request);
    *options = grille_gen_alloc_array(pool, model->file_count, sizeof(**options));
    for (size_t i = 0; i < model->file_count; i++)
        if (model->files[i].proto->name) find_options(model, &settings, model->files[i].proto->name, &(*options)[i]);
    grille_gen_nanopb_bound(model, *options);
    grille_gen_rewrite(model, request, GRILLE_GEN_NANOPB);
    request->parameter = grille_gen_copy(pool, child_parameter);
    if (model->problems.count) grille_gen_response_fail(response, grille_gen_problem_text(&model->problems));
    return model->problems.count == 0;
}

/* Says in each header where its bounds come from, so that a file that was not found is seen. */
static void note_bounds(const grille_gen_model *model, const grille_gen_nanopb_file *options,
                        grille_gen_response *response) {
    for (size_t i = 0; i < model->file_count; i++)
        for (size_t j = 0; j < response->message.n_file; j++) {
            Grille__Codegen__Response__File *file = response->message.file[j];
            const char *stem = grille_gen_stem(model->pool, model->files[i].proto->name);
            if (strcmp(file->name, grille_gen_format(model->pool, "%s.nano.h", stem)) != 0) continue;
            const char *bounds = options[i].path ? "Bounds are those of" : "No bounds: there is no";
            file->content = grille_gen_format(model->pool, "/* %s %s.options. */\n%s", bounds, stem, file->content);
        }
}

void grille_gen_messages_nanopb(grille_gen_pool *pool, Grille__Codegen__Request *request,
                                grille_gen_response *response) {
    grille_gen_model model;
    grille_gen_nanopb_file *options;
    if (!prepare(pool, request, response, &model, &options)) return;
    grille_gen_run_child(pool, "protoc-gen-nanopb", request, response);
    note_bounds(&model, options, response);
}
