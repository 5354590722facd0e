/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/qemu.h"

#include "machine_tests.h"
#include "support.h"

static machine_arguments made;

static const char *value_of(const char *option) {
    for (size_t i = 0; i + 1 < made.count; i++)
        if (strcmp(made.argument[i], option) == 0) return made.argument[i + 1];
    return "";
}

static void a_machine_has_what_was_asked_for_and_no_more(void **state) {
    static const char *const expected[] = {"/bin/q",      "-no-user-config",
                                           "-nodefaults", "-no-reboot",
                                           "-display",    "none",
                                           "-nic",        "none",
                                           "-serial",     "none",
                                           "-machine",    "q35,accel=tcg,memory-backend=memory",
                                           "-object",     "memory-backend-memfd,id=memory,size=256M,share=on",
                                           "-cpu",        "max",
                                           "-m",          "256",
                                           "-smp",        "2",
                                           "-kernel",     "/run/a/kernel",
                                           "-initrd",     "/run/a/initrd",
                                           "-append",     "quiet console=ttyS0",
                                           "-chardev",    "socket,id=vsock,path=/run/a/vhost",
                                           "-device",     "vhost-user-vsock-pci,chardev=vsock"};
    const machine_request request = {.qemu = "/bin/q", .cpus = 2, .memory_mib = 256};
    (void)state;
    machine_qemu_arguments(&request, "/run/a", "quiet console=ttyS0", &made);
    assert_false(made.full);
    assert_int_equal(sizeof expected / sizeof expected[0], made.count);
    for (size_t i = 0; i < made.count; i++)
        assert_string_equal(expected[i], made.argument[i]);
    assert_null(made.argument[made.count]);
}

static void a_debug_machine_has_a_serial_port(void **state) {
    const machine_request request = {
        .qemu = "q", .cpus = 255, .memory_mib = 1 << 20, .debug = true, .accelerator = MACHINE_KVM};
    (void)state;
    machine_qemu_arguments(&request, "/a", "x", &made);
    assert_string_equal("file:/dev/stdout", value_of("-serial"));
    assert_string_equal("q35,accel=kvm,memory-backend=memory", value_of("-machine"));
    assert_string_equal("host", value_of("-cpu"));
    assert_string_equal("255", value_of("-smp"));
    assert_string_equal("1048576", value_of("-m"));
}

static void commas_of_a_path_end_no_option(void **state) {
    const machine_request request = {.qemu = "q", .cpus = 1, .memory_mib = 1};
    (void)state;
    machine_qemu_arguments(&request, "/a,b,,server=on", "x,y", &made);
    assert_string_equal("socket,id=vsock,path=/a,,b,,,,server=on/vhost", value_of("-chardev"));
    assert_string_equal("/a,b,,server=on/kernel", value_of("-kernel"));
    assert_string_equal("x,y", value_of("-append"));
}

static void what_does_not_fit_is_told(void **state) {
    static char cmdline[MACHINE_ARGUMENT_TEXT + 1];
    const machine_request request = {.qemu = "q", .cpus = 1, .memory_mib = 1};
    (void)state;
    memset(cmdline, 'x', sizeof cmdline - 1);
    machine_qemu_arguments(&request, "/a", cmdline, &made);
    assert_true(made.full);
}

static void vhost_device_vsock_gets_each_path_by_itself(void **state) {
    (void)state;
    machine_vhost_arguments("/bin/v", "/run/a,b", 4294967294u, &made);
    assert_int_equal(4, made.count);
    assert_string_equal("/bin/v", made.argument[0]);
    assert_string_equal("--guest-cid=4294967294", made.argument[1]);
    assert_string_equal("--socket=/run/a,b/vhost", made.argument[2]);
    assert_string_equal("--uds-path=/run/a,b/v", made.argument[3]);
}

int qemu_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_has_what_was_asked_for_and_no_more),
        cmocka_unit_test(a_debug_machine_has_a_serial_port),
        cmocka_unit_test(commas_of_a_path_end_no_option),
        cmocka_unit_test(what_does_not_fit_is_told),
        cmocka_unit_test(vhost_device_vsock_gets_each_path_by_itself),
    };
    return cmocka_run_group_tests_name("machine/qemu", tests, NULL, NULL);
}
