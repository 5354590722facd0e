/* SPDX-License-Identifier: Apache-2.0 */
#include "codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool same(const void *data, size_t len, const char *text, size_t text_len) {
    return len == text_len && (len == 0 || memcmp(data, text, len) == 0);
}

static bool is_data(const uint8_t *data, size_t len, uint32_t number) {
    for (size_t i = 0; i < len; i++)
        if (data[i] != streams_byte(number, i)) return false;
    return true;
}

static void fill_values(item_own *own, uint32_t number, uint32_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        own->data[i] = streams_byte(number, i);
    (void)snprintf(own->label, sizeof own->label, "item %u", (unsigned)number);
}

bool CODEC(item_own_fill)(item_own *own, uint32_t number, uint32_t bytes) {
    memset(own, 0, sizeof *own);
    own->data = malloc(bytes + 1);
    if (own->data == NULL) return false;
    fill_values(own, number, bytes);
#ifdef NANO
    own->message.number = number;
    own->message.data = (grille_bytes){own->data, bytes};
    own->message.label = (grille_bytes){(const uint8_t *)own->label, strlen(own->label)};
    own->message.note.has = number % 2;
    own->message.parts.count = number % 4;
    for (size_t i = 0; i < number % 4; i++)
        own->message.parts.items[i] = (grille_bytes){(const uint8_t *)own->label, i};
#else
    test__streams__item__init(&own->message);
    own->message.number = number;
    own->message.data = (ProtobufCBinaryData){bytes, own->data};
    own->message.label = own->label;
    own->message._note_case = number % 2 ? TEST__STREAMS__ITEM___NOTE_NOTE : TEST__STREAMS__ITEM___NOTE__NOT_SET;
    own->message.note = "";
    own->message.n_parts = number % 4;
    own->message.parts = own->parts;
    for (size_t i = 0; i < number % 4; i++)
        own->parts[i] = (ProtobufCBinaryData){i, (uint8_t *)own->label};
#endif
    return true;
}

void CODEC(item_own_free)(item_own *own) {
    free(own->data);
    own->data = NULL;
}

bool CODEC(item_is)(const item *message, uint32_t number) {
    char label[32];
    int len = snprintf(label, sizeof label, "item %u", (unsigned)number);
    if (message->number != number || len < 0) return false;
#ifdef NANO
    bool right = same(message->label.data, message->label.len, label, (size_t)len) &&
                 message->note.has == (int)(number % 2) && message->note.bytes.len == 0 &&
                 message->parts.count == number % 4;
    for (size_t i = 0; right && i < number % 4; i++)
        right = same(message->parts.items[i].data, message->parts.items[i].len, label, i);
#else
    bool right = same(message->label, strlen(message->label), label, (size_t)len) &&
                 (message->_note_case == TEST__STREAMS__ITEM___NOTE_NOTE) == (number % 2 == 1) &&
                 message->n_parts == number % 4;
    for (size_t i = 0; right && i < number % 4; i++)
        right = same(message->parts[i].data, message->parts[i].len, label, i);
#endif
    return right && is_data(message->data.data, message->data.len, number);
}

size_t CODEC(item_bytes)(const item *message) {
    return message->data.len;
}

plan CODEC(plan_of)(uint32_t count, uint32_t bytes, uint32_t code) {
#ifdef NANO
    return (plan){.count = count, .bytes = bytes, .code = code};
#else
    plan made;
    test__streams__plan__init(&made);
    made.count = count;
    made.bytes = bytes;
    made.code = code;
    return made;
#endif
}
