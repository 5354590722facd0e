/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/generate.h"

#include "codegen/emit.h"
#include "codegen/names.h"
#include "codegen/services.h"
#include "codegen/symbols.h"

static void add_file(grille_gen_response *response, const grille_gen_emitter *context, const char *suffix,
                     void (*emit)(grille_gen_emitter *)) {
    grille_gen_pool *pool = context->model->pool;
    grille_gen_emitter emitter = *context;
    emitter.text = grille_gen_text_of(pool);
    emit(&emitter);
    grille_gen_response_add(response,
                            grille_gen_format(pool, "%s.%s%s", grille_gen_stem(pool, context->file->proto->name),
                                              grille_gen_kind(context->parameters), suffix),
                            emitter.text.start);
}

static void add_files(grille_gen_response *response, const grille_gen_emitter *context) {
    if (context->parameters->fake) {
        add_file(response, context, "-fake.h", grille_gen_emit_fake_header);
        add_file(response, context, "-fake.c", grille_gen_emit_fake);
        return;
    }
    add_file(response, context, ".h", grille_gen_emit_header);
    add_file(response, context, ".c", grille_gen_emit_tables);
    if (context->parameters->client) add_file(response, context, "-client.c", grille_gen_emit_client);
    if (context->parameters->server) add_file(response, context, "-server.c", grille_gen_emit_server);
}

void grille_gen_generate(grille_gen_pool *pool, Grille__Codegen__Request *request, grille_gen_response *response) {
    grille_gen_parameters parameters;
    grille_gen_model model;
    const char *problem;
    if (!grille_gen_parameters_read(pool, request->parameter, &parameters, &problem)) {
        grille_gen_response_fail(response, problem);
        return;
    }
    grille_gen_model_read(&model, pool, request);
    grille_gen_services_read(&model);
    grille_gen_symbols_assign(&model, &parameters);
    for (size_t i = 0; i < model.file_count; i++) {
        grille_gen_emitter emitter = {.model = &model, .parameters = &parameters, .file = &model.files[i]};
        if (!model.files[i].wanted) continue;
        add_files(response, &emitter);
    }
    if (model.problems.count) grille_gen_response_fail(response, grille_gen_problem_text(&model.problems));
}
