/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/messages_c.h"

#include "codegen/child.h"
#include "codegen/rewrite.h"

bool grille_gen_messages_c_prepare(grille_gen_pool *pool, Grille__Codegen__Request *request,
                                   grille_gen_response *response) {
    grille_gen_model model;
    grille_gen_model_read(&model, pool, request);
    grille_gen_rewrite(&model, request, GRILLE_GEN_PROTOBUF_C);
    if (model.problems.count) grille_gen_response_fail(response, grille_gen_problem_text(&model.problems));
    return model.problems.count == 0;
}

void grille_gen_messages_c(grille_gen_pool *pool, Grille__Codegen__Request *request, grille_gen_response *response) {
    if (request->parameter && *request->parameter)
        grille_gen_response_fail(
            response,
            grille_gen_format(pool, "unknown parameter `%s`: protoc-gen-grille-c has none", request->parameter));
    else if (grille_gen_messages_c_prepare(pool, request, response))
        grille_gen_run_child(pool, "protoc-gen-c", request, response);
}
