/* SPDX-License-Identifier: Apache-2.0 */
#include "machine_tests.h"
#include "support.h"

static void memory_is_four_times_the_image(void **state) {
    static const struct {
        size_t image;
        uint32_t least_mib;
    } cases[] = {{0, 0},
                 {1, 1},
                 {262144, 1},
                 {262145, 2},
                 {1 << 20, 4},
                 {15689493, 60},
                 {256 << 20, 1024},
                 {(size_t)1 << 30, 4096},
                 {(size_t)1 << 38, 1 << 20}};
    char text[64];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        grille_error error = {.code = GRILLE_OK};
        assert_true(machine_check_memory(cases[i].least_mib, cases[i].image, &error));
        assert_true(machine_check_memory(UINT32_MAX, cases[i].image, &error));
        if (cases[i].least_mib == 0) continue;
        assert_false(machine_check_memory(cases[i].least_mib - 1, cases[i].image, &error));
        (void)snprintf(text, sizeof text, "observed %u MiB, expected at least %u MiB", cases[i].least_mib - 1,
                       cases[i].least_mib);
        if (strstr(error.text, text) == NULL) fail_msg("%s", error.text);
    }
}

static void images_that_cannot_come_up_are_refused(void **state) {
    static const struct {
        uint16_t flags;
        const char *cmdline, *text; /* NULL: it can */
    } cases[] = {{0, "", NULL},
                 {0, "console=ttyS0 quiet", NULL},
                 {0, "xrdinit=/a npci=off", NULL},
                 {0, "pci=offset", "pci=off"},
                 {0, "pci=off", "pci=off"},
                 {0, "quiet pci=off nomodules", "pci=off"},
                 {0, "rdinit=/bin/sh", "rdinit="},
                 {0, "quiet rdinit=", "rdinit="},
                 {EIF_FLAG_AARCH64, "quiet", "aarch64"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        grille_error error = {.code = GRILLE_OK};
        const eif image = {.flags = cases[i].flags,
                           .section_count = 1,
                           .sections = {{EIF_CMDLINE, grille_bytes_of_text(cases[i].cmdline)}}};
        if (machine_check_image(&image, &error) != (cases[i].text == NULL)) fail_msg("%s", cases[i].cmdline);
        if (cases[i].text != NULL) assert_non_null(strstr(error.text, cases[i].text));
    }
}

static void a_zero_byte_ends_no_command_line(void **state) {
    grille_error error = {.code = GRILLE_OK};
    const eif image = {.section_count = 1,
                       .sections = {{EIF_CMDLINE, grille_bytes_of((const uint8_t *)"quiet\0init=/x", 13)}}};
    (void)state;
    assert_false(machine_check_image(&image, &error));
    assert_non_null(strstr(error.text, "zero byte"));
}

int check_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_four_times_the_image),
        cmocka_unit_test(images_that_cannot_come_up_are_refused),
        cmocka_unit_test(a_zero_byte_ends_no_command_line),
    };
    return cmocka_run_group_tests_name("machine/check", tests, NULL, NULL);
}
