/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/names.h"

#include <ctype.h>
#include <string.h>

#include "codegen/text.h"

static bool is_upper(char c) {
    return isupper((unsigned char)c) != 0;
}

static bool is_lower(char c) {
    return islower((unsigned char)c) != 0;
}

static char to_upper(char c) {
    return (char)toupper((unsigned char)c);
}

static char to_lower(char c) {
    return (char)tolower((unsigned char)c);
}

static void add_character(grille_gen_text *text, char c) {
    grille_gen_add_raw(text, &c, 1);
}

bool grille_gen_is_identifier(const char *name) {
    if (!name || !*name || isdigit((unsigned char)*name)) return false;
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && *name != '_') return false;
    return true;
}

bool grille_gen_is_reserved(const char *name) {
    /* ISO C11 6.4.1, ISO C++20 lex.key and lex.digraph; then object-like macros of headers that come with generated
     * code and of compilers in their GNU mode. */
    static const char *const reserved[] = {
        "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case", "catch",
        "char", "char8_t", "char16_t", "char32_t", "class", "co_await", "co_return", "co_yield", "compl", "concept",
        "const", "const_cast", "consteval", "constexpr", "constinit", "continue", "decltype", "default", "delete", "do",
        "double", "dynamic_cast", "else", "enum", "explicit", "export", "extern", "false", "float", "for", "friend",
        "goto", "if", "inline", "int", "long", "mutable", "namespace", "new", "noexcept", "not", "not_eq", "nullptr",
        "operator", "or", "or_eq", "private", "protected", "public", "register", "reinterpret_cast", "requires",
        "restrict", "return", "short", "signed", "sizeof", "static", "static_assert", "static_cast", "struct", "switch",
        "template", "this", "thread_local", "throw", "true", "try", "typedef", "typeid", "typename", "typeof", "union",
        "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while", "xor", "xor_eq", "_Alignas", "_Alignof",
        "_Atomic", "_Bool", "_Complex", "_Generic", "_Imaginary", "_Noreturn", "_Static_assert", "_Thread_local",
        /* macros */
        "assert", "complex", "errno", "linux", "noreturn", "offsetof", "stderr", "stdin", "stdout", "unix", "CHAR_BIT",
        "EOF", "INT_MAX", "INT_MIN", "NULL", "SIZE_MAX", "UINT_MAX"};
    for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
        if (!strcmp(name, reserved[i])) return true;
    return false;
}

char *grille_gen_snake(grille_gen_pool *pool, const char *name) {
    grille_gen_text text = grille_gen_text_of(pool);
    for (size_t i = 0; name[i]; i++) {
        bool after_word = i > 0 && (is_lower(name[i - 1]) || isdigit((unsigned char)name[i - 1]));
        bool ends_acronym = i > 0 && is_upper(name[i - 1]) && is_lower(name[i + 1]);
        if (is_upper(name[i]) && (after_word || ends_acronym)) add_character(&text, '_');
        add_character(&text, name[i] == '.' ? '_' : to_lower(name[i]));
    }
    return text.start;
}

char *grille_gen_member(grille_gen_pool *pool, const char *snake_name) {
    return grille_gen_format(pool, "%s%s", snake_name, grille_gen_is_reserved(snake_name) ? "_" : "");
}

char *grille_gen_guard(grille_gen_pool *pool, const char *path) {
    char *guard = grille_gen_copy(pool, path);
    for (char *c = guard; *c; c++)
        *c = isalnum((unsigned char)*c) ? to_upper(*c) : '_';
    return guard;
}

char *grille_gen_stem(grille_gen_pool *pool, const char *path) {
    static const char suffix[] = ".proto";
    size_t len = strlen(path), suffix_len = sizeof(suffix) - 1;
    char *stem = grille_gen_copy(pool, path);
    if (len > suffix_len && !strcmp(path + len - suffix_len, suffix)) stem[len - suffix_len] = 0;
    return stem;
}

char *grille_gen_protobuf_c_type(grille_gen_pool *pool, const char *full_name) {
    grille_gen_text text = grille_gen_text_of(pool);
    bool capital = true;
    for (; *full_name; full_name++) {
        if (*full_name == '.') grille_gen_add(&text, "__");
        if (*full_name == '.' || *full_name == '_') {
            capital = true;
            continue;
        }
        add_character(&text, capital ? to_upper(*full_name) : *full_name);
        capital = false;
    }
    return text.start;
}

char *grille_gen_protobuf_c_lower(grille_gen_pool *pool, const char *full_name) {
    grille_gen_text text = grille_gen_text_of(pool);
    bool after_upper = true;
    for (; *full_name; full_name++) {
        if (*full_name == '.') {
            grille_gen_add(&text, "__");
            after_upper = true;
            continue;
        }
        if (is_upper(*full_name) && !after_upper) add_character(&text, '_');
        add_character(&text, to_lower(*full_name));
        after_upper = is_upper(*full_name);
    }
    return text.start;
}

char *grille_gen_nanopb_type(grille_gen_pool *pool, const char *full_name) {
    char *type = grille_gen_copy(pool, full_name);
    for (char *c = type; *c; c++)
        if (*c == '.') *c = '_';
    return type;
}
