/* SPDX-License-Identifier: Apache-2.0 */
#include "machine_tests.h"

int main(void) {
    return boot_files_tests() + check_tests() + child_tests() + console_tests() + init_tests() + look_tests() +
           process_tests() + programs_tests() + qemu_tests() + ready_tests() + runs_tests() + stand_in_tests() +
           start_tests() + state_tests();
}
