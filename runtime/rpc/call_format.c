/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "grille/call.h"

grille_bytes grille_call_format(grille_call *call, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (len < 0) return (grille_bytes){NULL, 0};
    char *text = grille_call_alloc(call, (size_t)len + 1);
    if (text == NULL) return (grille_bytes){NULL, 0};
    va_start(arguments, format);
    (void)vsnprintf(text, (size_t)len + 1, format, arguments);
    va_end(arguments);
    return (grille_bytes){(const uint8_t *)text, (size_t)len};
}
