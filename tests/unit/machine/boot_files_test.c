/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/boot_files.h"

#include "image/cpio.h"
#include "image/file.h"
#include "machine_tests.h"
#include "support.h"
#include "tests/unit/image/eif_parts.h"

static machine_root root = {
    .key = "k", .certificate = "c", .settings = "region: r\n", .key_len = 1, .certificate_len = 1, .settings_len = 10};

/* The known image with an init in its last ramdisk, as bytes that the caller frees. */
static uint8_t *add_init(eif *image) {
    const image_entry init = {.path = "init", .mode = S_IFREG | 0755, .content = grille_bytes_of_text("the init")};
    image_tree *tree = image_tree_new();
    uint8_t *ramdisk = NULL;
    size_t len = 0;
    grille_error error;
    assert_true(image_tree_put(tree, &init, &error) && cpio_write(tree, &ramdisk, &len, &error));
    image_tree_free(tree);
    image->sections[3].content = grille_bytes_of(ramdisk, len);
    image->section_count = 4;
    return ramdisk;
}

static void assert_hex(const char *expected, const uint8_t pcr[GRILLE_NSM_PCR_BYTES]) {
    char hex[2 * GRILLE_NSM_PCR_BYTES + 1];
    grille_hex_encode(grille_bytes_of(pcr, GRILLE_NSM_PCR_BYTES), hex);
    assert_string_equal(expected, hex);
}

typedef struct world {
    char path[32];
    int folder;
    eif image;
    eif_measurements measured, attested;
    machine_request request;
    char cmdline[64];
    grille_error error;
} world;

static void make_world(world *w) {
    *w = (world){.image = eif_parts()};
    make_folder(w->path, &w->folder);
    (void)snprintf(w->cmdline, sizeof w->cmdline, "console=ttyS0 grille");
    w->request = (machine_request){.image = &w->image,
                                   .measured = &w->measured,
                                   .root = &root,
                                   .stand_in = grille_bytes_of_text("070701stand-in")};
}

static bool writes(world *w) {
    (void)unlinkat(w->folder, MACHINE_KERNEL_FILE, 0);
    (void)unlinkat(w->folder, MACHINE_INITRD_FILE, 0);
    return machine_boot_files_write(w->folder, &w->request, w->cmdline, &w->attested, &w->error);
}

static void what_is_attested_is_measured_of_the_files(void **state) {
    world w;
    uint8_t *ramdisk = NULL;
    eif_measurements expected;
    char path[64];
    grille_bytes file;
    (void)state;
    make_world(&w);
    ramdisk = add_init(&w.image);
    assert_int_equal(GRILLE_REASON_OK, eif_measure(grille_crypto_wolf(), &w.image, &expected));
    if (!writes(&w)) fail_msg("%s", w.error.text);
    assert_memory_equal(expected.pcr0, w.attested.pcr0, sizeof expected.pcr0);
    assert_memory_equal(expected.pcr1, w.attested.pcr1, sizeof expected.pcr1);
    assert_memory_equal(expected.pcr2, w.attested.pcr2, sizeof expected.pcr2);
    assert_false(w.attested.is_signed);
    (void)snprintf(path, sizeof path, "%s/" MACHINE_KERNEL_FILE, w.path);
    assert_true(image_file_map(path, &file, &w.error));
    assert_true(grille_bytes_equal(file, grille_bytes_of_text("kernel-bytes")));
    image_file_unmap(file);
    /* The ramdisks as they are, and what is not measured at the next multiple of four. */
    (void)snprintf(path, sizeof path, "%s/" MACHINE_INITRD_FILE, w.path);
    assert_true(image_file_map(path, &file, &w.error));
    assert_memory_equal(w.image.sections[3].content.data, file.data, w.image.sections[3].content.len);
    assert_memory_equal("070701stand-in\0\0"
                        "070701",
                        &file.data[(w.image.sections[3].content.len + 3) / 4 * 4], 22);
    image_file_unmap(file);
    /* Another text for QEMU is another measurement, whatever the image says. */
    (void)snprintf(w.cmdline, sizeof w.cmdline, "console=ttyS0 grillE");
    assert_true(writes(&w));
    assert_memory_not_equal(expected.pcr0, w.attested.pcr0, sizeof expected.pcr0);
    assert_memory_equal(expected.pcr2, w.attested.pcr2, sizeof expected.pcr2);
    free(ramdisk);
    remove_folder(w.path, w.folder);
}

/* Parts with a known measurement: it is the same wherever it is computed, with an init or without. */
static void known_parts_have_the_known_measurement(void **state) {
    world w;
    eif_measurements measured;
    (void)state;
    make_world(&w);
    assert_int_equal(GRILLE_REASON_OK, eif_measure(grille_crypto_wolf(), &w.image, &measured));
    assert_hex(EIF_PARTS_PCR0, measured.pcr0);
    /* No init in them: nothing is started, and nothing attested. */
    memset(&w.attested, 0x55, sizeof w.attested);
    assert_false(writes(&w));
    assert_int_equal(0x55, w.attested.pcr0[0]);
    remove_folder(w.path, w.folder);
}

static void a_signed_image_attests_its_signer_and_a_debug_enclave_nothing(void **state) {
    static const eif_measurements nothing;
    world w;
    uint8_t *ramdisk = NULL;
    (void)state;
    make_world(&w);
    ramdisk = add_init(&w.image);
    w.measured.is_signed = true;
    memset(w.measured.pcr8, 0x88, sizeof w.measured.pcr8);
    /* What is said of the image does not count, but for its signer. */
    memset(w.measured.pcr0, 0x11, sizeof w.measured.pcr0);
    assert_true(writes(&w));
    assert_true(w.attested.is_signed);
    assert_int_equal(0x88, w.attested.pcr8[47]);
    assert_int_not_equal(0x11, w.attested.pcr0[0]);
    w.request.debug = true;
    assert_true(writes(&w));
    assert_false(w.attested.is_signed);
    assert_memory_equal(nothing.pcr0, w.attested.pcr0, sizeof nothing.pcr0);
    assert_memory_equal(nothing.pcr1, w.attested.pcr1, sizeof nothing.pcr1);
    assert_memory_equal(nothing.pcr2, w.attested.pcr2, sizeof nothing.pcr2);
    free(ramdisk);
    remove_folder(w.path, w.folder);
}

static void files_of_others_are_not_written_over(void **state) {
    world w;
    uint8_t *ramdisk = NULL;
    (void)state;
    make_world(&w);
    ramdisk = add_init(&w.image);
    assert_true(writes(&w));
    assert_false(machine_boot_files_write(w.folder, &w.request, w.cmdline, &w.attested, &w.error));
    assert_non_null(strstr(w.error.text, "File exists"));
    free(ramdisk);
    remove_folder(w.path, w.folder);
}

int boot_files_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_attested_is_measured_of_the_files),
        cmocka_unit_test(known_parts_have_the_known_measurement),
        cmocka_unit_test(a_signed_image_attests_its_signer_and_a_debug_enclave_nothing),
        cmocka_unit_test(files_of_others_are_not_written_over),
    };
    return cmocka_run_group_tests_name("machine/boot_files", tests, NULL, NULL);
}
