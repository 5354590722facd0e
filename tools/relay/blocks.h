/* SPDX-License-Identifier: Apache-2.0
 * Blocks of bytes that wait for a socket: taken when one takes less than was read, given back when it has caught up.
 * Free ones are kept as long as they are needed now and then, so that forwarding asks nothing of the heap. */
#ifndef GRILLE_TOOLS_RELAY_BLOCKS_H
#define GRILLE_TOOLS_RELAY_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "relay/limits.h"

typedef struct relay_block {
    struct relay_block *next; /* while it is free */
    uint8_t bytes[RELAY_LIMIT_BLOCK_BYTES];
} relay_block;

/* Caller's storage; zero to start. One thread. */
typedef struct relay_blocks {
    relay_block *free;
    size_t free_count;
    size_t lowest_free; /* since the last trim: so many were not needed */
    size_t used_count;
} relay_blocks;

/* NULL when there is no memory. The block is the caller's until relay_blocks_give. */
relay_block *relay_blocks_take(relay_blocks *blocks);
/* NULL is ignored. */
void relay_blocks_give(relay_blocks *blocks, relay_block *block);
/* Frees what was not needed since the last time; to be called now and then while free_count is not 0. */
void relay_blocks_trim(relay_blocks *blocks);

#endif
