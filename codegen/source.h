/* SPDX-License-Identifier: Apache-2.0
 * Where in a .proto something stands, what its comment says, and the list of what is wrong with it. */
#ifndef GRILLE_CODEGEN_SOURCE_H
#define GRILLE_CODEGEN_SOURCE_H

#include <stdbool.h>

#include "codegen/protocol.pb-c.h"
#include "codegen/text.h"

typedef Google__Protobuf__FileDescriptorProto grille_gen_file_proto;
typedef Google__Protobuf__DescriptorProto grille_gen_message_proto;
typedef Google__Protobuf__FieldDescriptorProto grille_gen_field_proto;

/* Deepest nesting of message declarations that is looked at. */
#define GRILLE_GEN_NESTING 32

/* The path of an element inside its file (descriptor.proto, SourceCodeInfo.Location.path). */
typedef struct grille_gen_path {
    const grille_gen_file_proto *file;
    int32_t steps[2 * GRILLE_GEN_NESTING + 4];
    size_t count;
} grille_gen_path;

/* Field numbers of descriptor.proto that paths are made of. */
enum {
    GRILLE_GEN_FILE_MESSAGE = 4,
    GRILLE_GEN_FILE_ENUM = 5,
    GRILLE_GEN_FILE_SERVICE = 6,
    GRILLE_GEN_MESSAGE_FIELD = 2,
    GRILLE_GEN_MESSAGE_NESTED = 3,
    GRILLE_GEN_MESSAGE_ENUM = 4,
    GRILLE_GEN_MESSAGE_ONEOF = 8,
    GRILLE_GEN_SERVICE_METHOD = 2
};

grille_gen_path grille_gen_path_of(const grille_gen_file_proto *file);

/* The path one element deeper: field number of descriptor.proto and index. Too deep: the path of the parent. */
grille_gen_path grille_gen_path_into(const grille_gen_path *parent, int32_t field, size_t index);

/* The location of an element, NULL when protoc sent none. */
const Google__Protobuf__SourceCodeInfo__Location *grille_gen_location(const grille_gen_path *path);

/* Appends the comment before an element, or behind it on its line, as a C comment in lines of its own, each indented;
 * nothing without one. What could end or start a comment inside it is taken apart. */
void grille_gen_add_comment(grille_gen_text *text, const grille_gen_path *path, const char *indent);

/* What is wrong, one line each: "file:line:column: text". */
typedef struct grille_gen_problems {
    grille_gen_text text;
    size_t count;
} grille_gen_problems;

/* Adds a line; "file: text" when the element's place is not known. Past 100 lines only counts. */
void grille_gen_problem(grille_gen_problems *problems, const grille_gen_path *path, const char *format, ...)
    GRILLE_PRINTF(3, 4);

/* The same for a place that is no element of a .proto. */
void grille_gen_problem_at(grille_gen_problems *problems, const char *place, const char *format, ...)
    GRILLE_PRINTF(3, 4);

/* All lines, and how many more there would be. */
const char *grille_gen_problem_text(grille_gen_problems *problems);

/* "file:line:column" of an element. */
char *grille_gen_place(grille_gen_pool *pool, const grille_gen_path *path);

#endif
