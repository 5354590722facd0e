/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/leftover.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

static bool append(grille_leftover *leftover, grille_bytes message) {
    const size_t len = leftover->len + sizeof message.len + message.len;
    uint8_t *bytes = malloc(len);
    if (bytes == NULL) return false;
    if (leftover->len > 0) memcpy(bytes, leftover->bytes, leftover->len);
    memcpy(bytes + leftover->len, &message.len, sizeof message.len);
    if (message.len > 0) memcpy(bytes + leftover->len + sizeof message.len, message.data, message.len);
    if (leftover->bytes != NULL) grille_wipe(leftover->bytes, leftover->len);
    free(leftover->bytes);
    leftover->bytes = bytes;
    leftover->len = len;
    return true;
}

bool grille_leftover_keep(grille_leftover *leftover, grille_stream *stream, size_t most_bytes) {
    grille_bytes message = {0};
    while (grille_stream_next_message(stream, &message)) {
        if (message.len > most_bytes || !append(leftover, message)) {
            grille_leftover_drop(leftover);
            return false;
        }
        grille_stream_message_done(stream);
    }
    return true;
}

bool grille_leftover_next(grille_leftover *leftover, grille_bytes *message) {
    if (leftover->at == leftover->len) return false;
    memcpy(&message->len, leftover->bytes + leftover->at, sizeof message->len);
    message->data = leftover->bytes + leftover->at + sizeof message->len;
    leftover->at += sizeof message->len + message->len;
    return true;
}

void grille_leftover_drop(grille_leftover *leftover) {
    if (leftover->bytes != NULL) grille_wipe(leftover->bytes, leftover->len);
    free(leftover->bytes);
    *leftover = (grille_leftover){0};
}
