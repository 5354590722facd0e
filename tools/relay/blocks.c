/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/blocks.h"

#include <stdlib.h>

relay_block *relay_blocks_take(relay_blocks *blocks) {
    relay_block *block = blocks->free;
    if (block == NULL) {
        block = malloc(sizeof *block);
        if (block == NULL) return NULL;
    } else {
        blocks->free = block->next;
        blocks->free_count--;
        if (blocks->free_count < blocks->lowest_free) blocks->lowest_free = blocks->free_count;
    }
    blocks->used_count++;
    return block;
}

void relay_blocks_give(relay_blocks *blocks, relay_block *block) {
    if (block == NULL) return;
    block->next = blocks->free;
    blocks->free = block;
    blocks->free_count++;
    blocks->used_count--;
}

void relay_blocks_trim(relay_blocks *blocks) {
    for (; blocks->lowest_free > 0; blocks->lowest_free--) {
        relay_block *block = blocks->free;
        blocks->free = block->next;
        blocks->free_count--;
        free(block);
    }
    blocks->lowest_free = blocks->free_count;
}
