/* SPDX-License-Identifier: Apache-2.0
 * Options of nanopb as far as Grille allows them: those that bound a field, and few more. They stand in a .options file
 * beside the .proto (`acme.v1.List.items max_count:16`) or in the .proto itself. */
#ifndef GRILLE_CODEGEN_NANOPB_OPTIONS_H
#define GRILLE_CODEGEN_NANOPB_OPTIONS_H

#include "codegen/model.h"

typedef enum grille_gen_nanopb_option {
    GRILLE_GEN_MAX_SIZE,
    GRILLE_GEN_MAX_LENGTH,
    GRILLE_GEN_MAX_COUNT,
    GRILLE_GEN_INT_SIZE,
    GRILLE_GEN_FIXED_LENGTH,
    GRILLE_GEN_FIXED_COUNT,
    GRILLE_GEN_LONG_NAMES,
    GRILLE_GEN_ENUM_TO_STRING,
    GRILLE_GEN_SORT_BY_TAG,
    GRILLE_GEN_DESCRIPTOR_SIZE,
    GRILLE_GEN_NANOPB_OPTIONS
} grille_gen_nanopb_option;

/* A value for each option that is set. */
typedef struct grille_gen_nanopb_set {
    bool has[GRILLE_GEN_NANOPB_OPTIONS];
    uint32_t value[GRILLE_GEN_NANOPB_OPTIONS];
} grille_gen_nanopb_set;

/* One line of a .options file. */
typedef struct grille_gen_nanopb_line {
    const char *mask;
    grille_gen_nanopb_set set;
    unsigned number;
    bool matched;
} grille_gen_nanopb_line;

typedef struct grille_gen_nanopb_file {
    const char *path; /* NULL: there is no such file */
    grille_gen_nanopb_line *lines;
    size_t count;
} grille_gen_nanopb_file;

/* Reads the text of a .options file; `path` is for messages. */
void grille_gen_nanopb_file_read(grille_gen_model *model, grille_gen_nanopb_file *file, const char *path,
                                 const char *text);

/* What holds for an element: the parent's set, then each line whose mask matches `name`, then what the element's own
 * (nanopb) options say. `own` are the options of the element, NULL when it has none. */
grille_gen_nanopb_set grille_gen_nanopb_resolve(grille_gen_model *model, grille_gen_nanopb_file *file,
                                                const grille_gen_nanopb_set *parent, const char *name,
                                                const ProtobufCMessage *own, const grille_gen_path *path);

/* What is written into the request besides a set. */
typedef struct grille_gen_nanopb_extra {
    const char *callback_datatype;
    const char *callback_function;
    const char *include;
} grille_gen_nanopb_extra;

/* Replaces the (nanopb) options of an element. */
void grille_gen_nanopb_write(grille_gen_pool *pool, ProtobufCMessage *options, const grille_gen_nanopb_set *set,
                             const grille_gen_nanopb_extra *extra);

#endif
