/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ground.h"

static void say(const char *reason, const char *format, va_list arguments) {
    char line[512];
    (void)vsnprintf(line, sizeof line, format, arguments);
    (void)dprintf(2, "init: %s%s%s\n", line, reason == NULL ? "" : ": ", reason == NULL ? "" : reason);
}

void init_say(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(NULL, format, arguments);
    va_end(arguments);
}

void init_say_failed(const char *format, ...) {
    const int problem = errno;
    va_list arguments;
    va_start(arguments, format);
    say(strerror(problem), format, arguments);
    va_end(arguments);
}
