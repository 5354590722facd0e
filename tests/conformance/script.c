/* SPDX-License-Identifier: Apache-2.0 */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool take_word(script *own, const char *word) {
    switch (word[0]) {
    case 'h':
        own->headers[own->header_count++] = word + 1;
        return own->header_count < SCRIPT_MOST_WORDS;
    case 't':
        own->trailers[own->trailer_count++] = word + 1;
        return own->trailer_count < SCRIPT_MOST_WORDS;
    case 'r':
        if (own->response_count == SCRIPT_MOST_RESPONSES) return false;
        own->response_bytes[own->response_count++] = strtoul(word + 1, NULL, 10);
        return true;
    case 'c':
        own->code = (grille_code)strtoul(word + 1, NULL, 10);
        return true;
    case 'm':
        own->message = word + 1;
        return true;
    case 'd':
        own->details = word + 1;
        return true;
    case 's':
        own->see = true;
        return true;
    case 'w':
        own->wait = true;
        return true;
    case 'e':
        own->end_now = true;
        return true;
    case 'k':
        own->collect = true;
        return true;
    default:
        return false;
    }
}

bool script_read(script *own, grille_bytes text) {
    *own = (script){.code = GRILLE_OK};
    if (text.len >= sizeof own->text) return false;
    if (text.len > 0) memcpy(own->text, text.data, text.len);
    char *rest = NULL;
    for (char *word = strtok_r(own->text, SEP, &rest); word != NULL; word = strtok_r(NULL, SEP, &rest)) {
        if (!take_word(own, word)) return false;
    }
    return true;
}

size_t script_hex(const char *text, uint8_t *bytes, size_t capacity) {
    size_t len = 0;
    for (; text[0] != '\0' && text[1] != '\0' && len < capacity; text += 2) {
        const char pair[3] = {text[0], text[1], '\0'};
        bytes[len++] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return len;
}

grille_metadata_pair script_pair(const char *word, char key[64], uint8_t bytes[256]) {
    const char *value = strchr(word, '=') + 1;
    (void)snprintf(key, 64, "%.*s", (int)(value - 1 - word), word);
    const size_t len = strlen(key);
    if (len > 4 && strcmp(key + len - 4, "-bin") == 0) {
        return (grille_metadata_pair){key, {bytes, script_hex(value, bytes, 256)}};
    }
    return (grille_metadata_pair){key, {(const uint8_t *)value, strlen(value)}};
}

uint8_t script_byte(size_t len, size_t n) {
    return (uint8_t)(len * 31 + n * 7 + (n >> 8));
}
