/* SPDX-License-Identifier: Apache-2.0 */
#include "core_tests.h"

int main(void) {
    return store_tests() + blob_tests() + cms_write_tests() + actions_data_tests() + actions_recipient_tests() +
           actions_key_tests() + actions_policy_tests() + actions_tests();
}
