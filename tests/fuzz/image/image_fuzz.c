/* SPDX-License-Identifier: Apache-2.0
 * Enclave images of any bytes, as they are and with a right checksum; their ramdisks as archives, their signatures as
 * sections. What is read is written again with the same bytes. And what is read of images that run: their init, their
 * states, what nitro-cli says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/writer.h"
#include "image/cpio.h"
#include "image/eif.h"
#include "image/eif_signature.h"
#include "image/eif_write.h"
#include "image/metadata.h"
#include "machine/stand_in.h"
#include "machine/state.h"
#include "tests/fuzz/crypto/fuzz_check.h"

static void check_archive(grille_bytes archive) {
    grille_error error = {.code = GRILLE_OK};
    image_tree *tree = image_tree_new();
    image_entry entry;
    size_t at = 0, before = 0;
    cpio_step step = CPIO_ENTRY;
    FUZZ_CHECK(tree != NULL);
    while ((step = cpio_next(archive, &at, &entry, &error)) == CPIO_ENTRY) {
        FUZZ_CHECK(at > before && at <= archive.len);
        before = at;
        if (!image_tree_put(tree, &entry, &error)) break;
    }
    if (step == CPIO_END && image_tree_count(tree) > 0) {
        uint8_t *written = NULL;
        size_t len = 0;
        FUZZ_CHECK(cpio_write(tree, &written, &len, &error));
        at = 0;
        while ((step = cpio_next(grille_bytes_of(written, len), &at, &entry, &error)) == CPIO_ENTRY)
            FUZZ_CHECK(image_tree_find(tree, entry.path) != NULL);
        FUZZ_CHECK(step == CPIO_END);
        free(written);
    }
    image_tree_free(tree);
}

static void check_parts(const eif *image) {
    static eif_signer signer;
    eif_measurements measured = {.is_signed = false};
    grille_error error = {.code = GRILLE_OK};
    char text[64];
    for (size_t i = 0; i < eif_ramdisk_count(image); i++)
        check_archive(eif_ramdisk(image, i));
    if (eif_signature_check(grille_crypto_wolf(), eif_section_of(image, EIF_SIGNATURE), &signer, &measured, &error)) {
        FUZZ_CHECK(measured.is_signed);
    }
    if (eif_section_of(image, EIF_METADATA).data != NULL &&
        image_metadata_check(eif_section_of(image, EIF_METADATA), &error)) {
        image_metadata_text(eif_section_of(image, EIF_METADATA), "ImageName", NULL, text, sizeof text);
        FUZZ_CHECK(strnlen(text, sizeof text) < sizeof text);
    }
}

static void check_image(grille_bytes file) {
    grille_error error = {.code = GRILLE_OK};
    eif image;
    char *again = NULL;
    size_t len = 0;
    FILE *out = NULL;
    if (!eif_read(file, &image, &error)) {
        FUZZ_CHECK(error.text[0] != '\0');
        return;
    }
    out = open_memstream(&again, &len);
    FUZZ_CHECK(out != NULL && eif_write(&image, out) && fclose(out) == 0);
    FUZZ_CHECK(grille_bytes_equal(file, grille_bytes_of((const uint8_t *)again, len)));
    free(again);
    check_parts(&image);
}

/* The sections of the input behind the header that they need: mutations come past the table and the checksum. */
static void check_sections(grille_bytes sections) {
    eif image = {.version = EIF_VERSION};
    grille_reader reader = grille_reader_of(sections);
    char *file = NULL;
    size_t len = 0;
    FILE *out = NULL;
    while (image.section_count < EIF_SECTIONS_MAX && reader.left > 0) {
        const eif_type type = (eif_type)(grille_read_u8(&reader) % 7);
        const grille_bytes content = grille_read_block_u16(&reader);
        if (reader.failed != GRILLE_REASON_OK) break;
        image.sections[image.section_count++] = (eif_section){type, content};
    }
    out = open_memstream(&file, &len);
    FUZZ_CHECK(out != NULL && eif_write(&image, out) && fclose(out) == 0);
    check_image(grille_bytes_of((const uint8_t *)file, len));
    free(file);
}

/* ---- Images that run ---- */

static void check_init(grille_bytes ramdisk) {
    grille_error error = {.code = GRILLE_OK};
    image_tree *tree = image_tree_new();
    FUZZ_CHECK(tree != NULL);
    if (machine_init_put(&ramdisk, 1, tree, "init", &error)) {
        FUZZ_CHECK(image_tree_find(tree, "init") != NULL);
    } else {
        FUZZ_CHECK(error.text[0] != '\0');
    }
    image_tree_free(tree);
}

static void check_state(grille_bytes json) {
    static machine_state states[4];
    machine_state state, again;
    machine_process process;
    grille_error error = {.code = GRILLE_OK};
    size_t count = 0;
    if (machine_state_read(json, &state, &error)) {
        char *written = machine_state_write(&state);
        FUZZ_CHECK(written != NULL && machine_state_read(grille_bytes_of_text(written), &again, &error));
        FUZZ_CHECK(strcmp(state.name, again.name) == 0 && state.cid == again.cid && state.phase == again.phase);
        free(written);
    } else {
        FUZZ_CHECK(error.text[0] != '\0');
    }
    if (machine_states_of_nitro(json, states, 4, &count, &error)) FUZZ_CHECK(count <= 4);
    if (machine_state_of_nitro(json, &state, &error)) FUZZ_CHECK(state.cid != 0);
    if (machine_process_read(json, &process)) FUZZ_CHECK(process.pid > 0);
}

static void check_settings(grille_bytes settings) {
    static char text[2048];
    const eif_measurements measured = {.is_signed = true};
    size_t len = 0;
    if (machine_settings_write(settings, &measured, settings.len % 2 == 0, text, sizeof text, &len) == GRILLE_REASON_OK)
        FUZZ_CHECK(len <= sizeof text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const grille_bytes input = grille_bytes_of(data, size);
    check_image(input);
    check_sections(input);
    check_archive(input);
    check_init(input);
    check_state(input);
    check_settings(input);
    return 0;
}
