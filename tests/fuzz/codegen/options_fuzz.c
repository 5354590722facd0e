/* SPDX-License-Identifier: Apache-2.0
 * Any text as a .options file: each line is taken or a problem with its number. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/nanopb_options.h"
#include "codegen/parameters.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const grille_gen_nanopb_set none;
    grille_gen_pool pool = {0};
    Grille__Codegen__Request request = GRILLE__CODEGEN__REQUEST__INIT;
    Google__Protobuf__FileDescriptorProto file = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_PROTO__INIT;
    grille_gen_path path = grille_gen_path_of(&file);
    grille_gen_model model;
    grille_gen_nanopb_file options;
    grille_gen_parameters parameters;
    const char *problem;
    char *text = grille_gen_alloc(&pool, size + 1);
    if (size) memcpy(text, data, size);
    grille_gen_model_read(&model, &pool, &request);
    grille_gen_nanopb_file_read(&model, &options, "x.options", text);
    for (size_t i = 0; i < options.count; i++)
        if (!options.lines[i].mask[0] || options.lines[i].number == 0) abort();
    grille_gen_nanopb_set set = grille_gen_nanopb_resolve(&model, &options, &none, "acme.v1.M.items", NULL, &path);
    if (set.has[GRILLE_GEN_MAX_COUNT] &&
        (set.value[GRILLE_GEN_MAX_COUNT] < 1 || set.value[GRILLE_GEN_MAX_COUNT] > 65535))
        abort();
    if (grille_gen_parameters_read(&pool, text, &parameters, &problem) == (problem != NULL)) abort();
    grille_gen_pool_free(&pool);
    return 0;
}
