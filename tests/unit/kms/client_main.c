/* SPDX-License-Identifier: Apache-2.0 */
#include <uv.h>

#include "client_tests.h"
#include "client_world.h"

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void __real_free(void *block);

int main(void) {
    int failed = 0;
    /* libuv's own memory does not fail: without it libuv ends the process. */
    if (uv_replace_allocator(__real_malloc, __real_realloc, __real_calloc, __real_free) != 0) return 1;
    failed += credentials_tests() + key_ring_tests() + key_supply_tests() + service_error_tests();
    failed += client_options_tests() + client_call_tests() + client_schedule_tests() + client_memory_tests();
    failed += client_join_tests();
    client_world_down();
    return failed;
}
