/* SPDX-License-Identifier: Apache-2.0
 * What reflection shows: a file and all that it imports as an encoded google.protobuf.FileDescriptorSet, without
 * comments and places. */
#include <string.h>

#include "codegen/emit.h"
#include "codegen/varint.h"

enum { FILE_FIELD_TAG = 0x0a, BYTES_PER_LINE = 24 };

typedef struct file_list {
    const grille_gen_file **files;
    size_t count;
} file_list;

static bool has(const file_list *list, const grille_gen_file *file) {
    for (size_t i = 0; i < list->count; i++)
        if (list->files[i] == file) return true;
    return false;
}

/* What a file imports comes before it. */
static void collect(const grille_gen_model *model, file_list *list, const grille_gen_file *file) {
    if (has(list, file)) return;
    for (size_t i = 0; i < file->proto->n_dependency; i++) {
        const grille_gen_file *imported = grille_gen_find_file(model, file->proto->dependency[i]);
        if (imported) collect(model, list, imported);
    }
    list->files[list->count++] = file;
}

static void add_bytes(grille_gen_text *text, const uint8_t *bytes, size_t len, size_t *column) {
    for (size_t i = 0; i < len; i++) {
        grille_gen_add(text, "%s%u,", *column % BYTES_PER_LINE == 0 ? "\n    " : "", (unsigned)bytes[i]);
        ++*column;
    }
}

static void add_file(grille_gen_emitter *emitter, const grille_gen_file *file, size_t *column) {
    grille_gen_file_proto plain = *file->proto;
    uint8_t head[1 + GRILLE_GEN_VARINT_BYTES] = {FILE_FIELD_TAG};
    plain.source_code_info = NULL;
    size_t len = google__protobuf__file_descriptor_proto__get_packed_size(&plain);
    uint8_t *packed = grille_gen_alloc(emitter->model->pool, len + 1);
    google__protobuf__file_descriptor_proto__pack(&plain, packed);
    add_bytes(&emitter->text, head, 1 + grille_gen_put_varint(head + 1, len), column);
    add_bytes(&emitter->text, packed, len, column);
}

void grille_gen_emit_descriptors(grille_gen_emitter *emitter) {
    file_list list = {grille_gen_alloc_array(emitter->model->pool, emitter->model->file_count, sizeof(*list.files)), 0};
    size_t column = 0;
    if (!emitter->file->service_count) return;
    collect(emitter->model, &list, emitter->file);
    grille_gen_add(&emitter->text, "\n/* This file and what it imports: a google.protobuf.FileDescriptorSet. */\n"
                                   "static const uint8_t descriptor_set[] = {");
    for (size_t i = 0; i < list.count; i++)
        add_file(emitter, list.files[i], &column);
    grille_gen_add(&emitter->text, "\n};\n");
    for (size_t i = 0; i < emitter->file->service_count; i++)
        grille_gen_emit(emitter, &emitter->file->services[i], NULL,
                        "\nconst grille_bytes $S_descriptors = {descriptor_set, sizeof(descriptor_set)};\n");
}
