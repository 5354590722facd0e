/* SPDX-License-Identifier: Apache-2.0 */
#include "client_tests.h"
#include "client_world.h"

int main(void) {
    const int failed = credentials_tests() + key_ring_tests() + key_supply_tests() + service_error_tests() +
                       client_options_tests() + client_call_tests() + client_schedule_tests() + client_join_tests();
    client_world_down();
    return failed;
}
