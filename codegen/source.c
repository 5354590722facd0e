/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/source.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

grille_gen_path grille_gen_path_of(const grille_gen_file_proto *file) {
    return (grille_gen_path){.file = file};
}

grille_gen_path grille_gen_path_into(const grille_gen_path *parent, int32_t field, size_t index) {
    grille_gen_path path = *parent;
    if (path.count + 2 > sizeof(path.steps) / sizeof(*path.steps)) return path;
    path.steps[path.count++] = field;
    path.steps[path.count++] = (int32_t)index;
    return path;
}

const Google__Protobuf__SourceCodeInfo__Location *grille_gen_location(const grille_gen_path *path) {
    const Google__Protobuf__SourceCodeInfo *info = path->file->source_code_info;
    for (size_t i = 0; info && i < info->n_location; i++) {
        const Google__Protobuf__SourceCodeInfo__Location *location = info->location[i];
        if (location->n_path == path->count && path->count > 0 &&
            !memcmp(location->path, path->steps, path->count * sizeof(*path->steps)))
            return location;
    }
    return NULL;
}

/* One line of a comment, with no control characters and nothing that starts or ends a C comment. */
static void add_comment_line(grille_gen_text *text, const char *line, size_t len) {
    while (len > 0 && (isspace((unsigned char)line[len - 1]) || iscntrl((unsigned char)line[len - 1])))
        len--;
    for (size_t i = 0; i < len; i++) {
        char c = line[i];
        if (iscntrl((unsigned char)c)) c = ' ';
        grille_gen_add_raw(text, &c, 1);
        bool ends = c == '*' && i + 1 < len && line[i + 1] == '/';
        bool starts = c == '/' && i + 1 < len && line[i + 1] == '*';
        if (ends || starts) grille_gen_add(text, " ");
    }
    /* A line that ends in a backslash, or in its trigraph, would be joined with the next. */
    bool backslash = len > 0 && line[len - 1] == '\\', trigraph = len > 2 && !memcmp(line + len - 3,
                                                                                     "?"
                                                                                     "?/",
                                                                                     3);
    if (backslash || trigraph) grille_gen_add(text, " .");
}

void grille_gen_add_comment(grille_gen_text *text, const grille_gen_path *path, const char *indent) {
    const Google__Protobuf__SourceCodeInfo__Location *location = grille_gen_location(path);
    if (!location) return;
    const char *comment = location->leading_comments ? location->leading_comments : location->trailing_comments;
    if (!comment) return;
    while (isspace((unsigned char)*comment))
        comment++;
    size_t len = strlen(comment);
    while (len > 0 && isspace((unsigned char)comment[len - 1]))
        len--;
    if (len == 0) return;
    grille_gen_add(text, "%s/* ", indent);
    for (size_t at = 0; at <= len;) {
        const char *newline = memchr(comment + at, '\n', len - at);
        size_t end = newline ? (size_t)(newline - comment) : len;
        while (at > 0 && at < end && comment[at] == ' ')
            at++;
        if (at > 0) grille_gen_add(text, "\n%s *%s", indent, at < end ? " " : "");
        add_comment_line(text, comment + at, end - at);
        at = end + 1;
    }
    grille_gen_add(text, " */\n");
}

char *grille_gen_place(grille_gen_pool *pool, const grille_gen_path *path) {
    const Google__Protobuf__SourceCodeInfo__Location *location = grille_gen_location(path);
    const char *name = path->file->name ? path->file->name : "(unnamed file)";
    /* What protoc itself put in, a map's entry, stands where its message does. */
    for (grille_gen_path outer = *path; !location && outer.count > 2;) {
        outer.count -= 2;
        location = grille_gen_location(&outer);
    }
    if (!location || location->n_span < 3) return grille_gen_copy(pool, name);
    return grille_gen_format(pool, "%s:%lld:%lld", name, (long long)location->span[0] + 1,
                             (long long)location->span[1] + 1);
}

/* More help nobody. */
static const size_t most_problems = 100;

static void add_problem(grille_gen_problems *problems, const char *place, const char *format, va_list arguments) {
    char line[1024];
    if (problems->count++ >= most_problems) return;
    vsnprintf(line, sizeof(line), format, arguments);
    grille_gen_add(&problems->text, "%s: %s\n", place, line);
}

void grille_gen_problem(grille_gen_problems *problems, const grille_gen_path *path, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add_problem(problems, grille_gen_place(problems->text.pool, path), format, arguments);
    va_end(arguments);
}

void grille_gen_problem_at(grille_gen_problems *problems, const char *place, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add_problem(problems, place, format, arguments);
    va_end(arguments);
}

const char *grille_gen_problem_text(grille_gen_problems *problems) {
    if (problems->count <= most_problems) return problems->text.start;
    return grille_gen_format(problems->text.pool, "%sand %zu more\n", problems->text.start,
                             problems->count - most_problems);
}
