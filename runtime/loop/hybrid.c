/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/hybrid.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "loop/socket.h"

static bool is_ok_line(const char *text, size_t len) {
    if (len < 4 || memcmp(text, "OK ", 3) != 0) return false;
    for (size_t i = 3; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
    }
    return true;
}

grille_hybrid_result grille_hybrid_take_byte(grille_hybrid_answer *answer, uint8_t byte) {
    if (byte == '\n') return is_ok_line(answer->text, answer->len) ? GRILLE_HYBRID_CONNECTED : GRILLE_HYBRID_BAD;
    /* The newline has to fit as well. */
    if (answer->len + 1 >= sizeof answer->text) return GRILLE_HYBRID_BAD;
    answer->text[answer->len++] = (char)byte;
    return GRILLE_HYBRID_MORE;
}

bool grille_hybrid_send_connect(int fd, uint32_t port) {
    char line[32];
    int len = snprintf(line, sizeof line, "CONNECT %u\n", port);
    return len > 0 && grille_socket_write(fd, line, (size_t)len) == len;
}

grille_hybrid_result grille_hybrid_read_answer(grille_hybrid_answer *answer, int fd) {
    for (;;) {
        uint8_t byte = 0;
        long moved = grille_socket_read(fd, &byte, 1);
        if (moved == -EAGAIN) return GRILLE_HYBRID_MORE;
        if (moved <= 0) return GRILLE_HYBRID_CLOSED;
        grille_hybrid_result result = grille_hybrid_take_byte(answer, byte);
        if (result != GRILLE_HYBRID_MORE) return result;
    }
}
