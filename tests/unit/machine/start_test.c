/* SPDX-License-Identifier: Apache-2.0
 * What needs no program that does what QEMU does; the rest is in tests/tools/enclave_run_test.py. */
#include "image/cpio.h"
#include "machine_tests.h"
#include "support.h"

typedef struct world {
    runs_world runs;
    machine_root root;
    uint8_t *ramdisk;
    eif image;
    eif_measurements measured;
    char vhost[64], qemu[64];
    machine_request request;
} world;

static world w;

static void write_script(const char *name, const char *script, char path[64]) {
    (void)snprintf(path, 64, "%s/%s", w.runs.path, name);
    put_file(w.runs.folder, name, script);
    assert_int_equal(0, chmod(path, 0755));
}

static void make_world(const char *vhost, const char *qemu) {
    const image_entry init = {.path = "init", .mode = S_IFREG | 0755, .content = grille_bytes_of_text("the init")};
    image_tree *tree = image_tree_new();
    size_t len = 0;
    grille_error error;
    memset(&w, 0, sizeof w);
    make_runs(&w.runs);
    write_script("vhost", vhost, w.vhost);
    write_script("qemu", qemu, w.qemu);
    assert_true(image_tree_put(tree, &init, &error) && cpio_write(tree, &w.ramdisk, &len, &error));
    image_tree_free(tree);
    w.image = (eif){.section_count = 3,
                    .sections = {{EIF_KERNEL, grille_bytes_of_text("kernel")},
                                 {EIF_CMDLINE, grille_bytes_of_text("quiet")},
                                 {EIF_RAMDISK, grille_bytes_of(w.ramdisk, len)}}};
    w.request = (machine_request){.name = "a",
                                  .image = &w.image,
                                  .measured = &w.measured,
                                  .cpus = 1,
                                  .memory_mib = 64,
                                  .root = &w.root,
                                  .stand_in = grille_bytes_of_text("070701"),
                                  .qemu = w.qemu,
                                  .vhost = w.vhost};
}

static void remove_world(void) {
    free(w.ramdisk);
    remove_runs(&w.runs);
}

static void assert_fails(const char *text) {
    static machine_failure failure;
    machine_state state;
    assert_false(machine_start(&w.request, &state, &failure));
    if (strstr(failure.error.text, text) == NULL) fail_msg("%s", failure.error.text);
    /* Nothing of it is left. */
    assert_false(is_there(&w.runs, "a"));
}

static void patience_ends(void **state) {
    (void)state;
    make_world("#!/bin/sh\nexec sleep 1000\n", "#!/bin/sh\nexit 1\n");
    w.request.patience_ms = 250;
    assert_fails("no sign within 0.2 s that vhost-device-vsock listened");
    remove_world();
}

static void what_cannot_be_run_is_told(void **state) {
    (void)state;
    make_world("#!/nowhere\n", "");
    assert_fails(
        "vhost-device-vsock ended with status 127 before vhost-device-vsock listened; it said: can't run /tmp/");
    remove_world();
}

static void what_can_be_told_first_starts_nothing(void **state) {
    static char cmdline[5000];
    (void)state;
    make_world("#!/bin/sh\nexec sleep 1000\n", "");
    w.request.cid = 3;
    assert_fails("a CID is 16 to");
    w.request.cid = 0;
    memset(cmdline, 'x', sizeof cmdline);
    w.image.sections[1].content = grille_bytes_of((const uint8_t *)cmdline, sizeof cmdline);
    assert_fails("the image's command line: observed 5000 bytes");
    w.image.sections[1].content = grille_bytes_of_text("quiet");
    w.image.sections[2].content.len -= 8;
    assert_fails("ramdisk 0 of the image");
    remove_world();
}

static void a_name_in_use_is_left_alone(void **state) {
    static machine_failure failure;
    machine_state own = some_state("a", 20), made;
    (void)state;
    make_world("#!/bin/sh\nexec sleep 1000\n", "");
    put_enclave(&w.runs, &own);
    assert_false(machine_start(&w.request, &made, &failure));
    assert_non_null(strstr(failure.error.text, "the name \"a\" is in use: observed an enclave that runs"));
    assert_true(is_there(&w.runs, "a/address"));
    remove_world();
}

static void what_does_not_live_is_stopped(void **state) {
    machine_state some = some_state("a", 20);
    grille_error error = {.code = GRILLE_OK};
    (void)state;
    some.supervisor.start_ticks++;
    assert_true(machine_stop(&some, &error));
}

int start_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patience_ends),
        cmocka_unit_test(what_cannot_be_run_is_told),
        cmocka_unit_test(what_can_be_told_first_starts_nothing),
        cmocka_unit_test(a_name_in_use_is_left_alone),
        cmocka_unit_test(what_does_not_live_is_stopped),
    };
    return cmocka_run_group_tests_name("machine/start", tests, NULL, NULL);
}
