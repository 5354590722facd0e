/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/parameters.h"

#include <string.h>

#include "codegen/names.h"

static bool set_codec(grille_gen_parameters *parameters, const char *value) {
    if (!strcmp(value, "protobuf-c"))
        parameters->codec = GRILLE_GEN_PROTOBUF_C;
    else if (!strcmp(value, "nanopb"))
        parameters->codec = GRILLE_GEN_NANOPB;
    else
        return false;
    return true;
}

static bool set_side(grille_gen_parameters *parameters, const char *value) {
    bool both = !strcmp(value, "both");
    parameters->client = both || !strcmp(value, "client");
    parameters->server = both || !strcmp(value, "server");
    parameters->fake = !strcmp(value, "fake");
    return parameters->client || parameters->server || parameters->fake;
}

/* NULL, or what is wrong. */
static const char *set_one(grille_gen_pool *pool, grille_gen_parameters *parameters, const char *name,
                           const char *value) {
    if (!strcmp(name, "codec"))
        return set_codec(parameters, value)
                   ? NULL
                   : grille_gen_format(pool, "codec=%s: the codecs are protobuf-c and nanopb", value);
    if (!strcmp(name, "side"))
        return set_side(parameters, value)
                   ? NULL
                   : grille_gen_format(pool, "side=%s: the sides are client, server, both and fake", value);
    if (!strcmp(name, "descriptors")) {
        parameters->descriptors = !strcmp(value, "true");
        return parameters->descriptors || !strcmp(value, "false")
                   ? NULL
                   : grille_gen_format(pool, "descriptors=%s: true or false", value);
    }
    if (!strcmp(name, "prefix")) {
        parameters->prefix = value;
        return !*value || grille_gen_is_identifier(value)
                   ? NULL
                   : grille_gen_format(pool, "prefix=%s: a prefix is the beginning of a C name", value);
    }
    return grille_gen_format(
        pool, "unknown parameter `%s`: the parameters are codec=, side=, prefix= and descriptors=", name);
}

bool grille_gen_parameters_read(grille_gen_pool *pool, const char *text, grille_gen_parameters *parameters,
                                const char **problem) {
    *parameters = (grille_gen_parameters){.client = true, .server = true, .prefix = ""};
    *problem = NULL;
    char *rest = grille_gen_copy(pool, text ? text : "");
    while (rest && *rest && !*problem) {
        char *value = strsep(&rest, ",");
        char *name = strsep(&value, "=");
        *problem =
            value
                ? set_one(pool, parameters, name, value)
                : grille_gen_format(
                      pool, "unknown parameter `%s`: the parameters are codec=, side=, prefix= and descriptors=", name);
    }
    return !*problem;
}
