/* SPDX-License-Identifier: Apache-2.0
 * grille identity: the command line. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "identity_make.h"
#include "identity_psk.h"
#include "options.h"

static const char usage[] =
    "usage: grille identity new ca DIR [--name NAME] [--days N]\n"
    "         makes DIR/ca.pem (give it to policies) and DIR/ca.key (keep it)\n"
    "       grille identity new x509 DIR --ca CADIR --name NAME [--days N]\n"
    "         makes DIR/identity.pem (chain) and DIR/identity.key; NAME is a URI (spiffe://…) or a DNS name;\n"
    "         it ends with its CA at the latest\n"
    "         --days N: default 365\n"
    "       grille identity new psk --id NAME --role initiator|responder -o FILE\n"
    "         makes FILE: a new random key, which both ends keep\n";

enum { DEFAULT_DAYS = 365, LONGEST_DAYS = 36500, CA_NAME_MAX = 64, IDENTITY_NAME_MAX = 255 };

static bool parse_days(const char *text, int *days) {
    char *end = NULL;
    long value = 0;
    if (!isdigit((unsigned char)text[0])) return false;
    value = strtol(text, &end, 10);
    if (*end != 0 || value < 1 || value > LONGEST_DAYS) return false;
    *days = (int)value;
    return true;
}

static int parse_option(const char *option, const char *value, identity_request *request) {
    const char **text = strcmp(option, "--ca") == 0 ? &request->ca_folder : &request->name;
    if (strcmp(option, "--days") == 0) {
        if (request->days != 0) return usage_error(usage, "identity: --days twice");
        if (parse_days(value, &request->days)) return EXIT_DONE;
        return usage_error(usage, "identity: --days is a number from 1 to %d, not \"%s\"", LONGEST_DAYS, value);
    }
    if (*text != NULL) return usage_error(usage, "identity: %s twice", option);
    if (value[0] == 0) return usage_error(usage, "identity: %s is empty", option);
    *text = value;
    return EXIT_DONE;
}

static int parse(int argc, char **argv, identity_request *request) {
    int at = 0;
    for (at = 0; at < argc; at++) {
        int parsed = 0;
        if (strncmp(argv[at], "--", 2) != 0) {
            if (request->folder != NULL) return usage_error(usage, "identity: one folder, not \"%s\" too", argv[at]);
            request->folder = argv[at];
            continue;
        }
        if (strcmp(argv[at], "--ca") != 0 && strcmp(argv[at], "--name") != 0 && strcmp(argv[at], "--days") != 0) {
            static const char *const options[] = {"--ca", "--name", "--days"};
            return unknown_word(usage, "identity", "option ", argv[at], options, 3);
        }
        if (at + 1 >= argc) return usage_error(usage, "identity: %s needs a value", argv[at]);
        parsed = parse_option(argv[at], argv[at + 1], request);
        if (parsed != EXIT_DONE) return parsed;
        at++;
    }
    if (request->days == 0) request->days = DEFAULT_DAYS;
    if (request->folder == NULL || request->folder[0] == 0) return usage_error(usage, "identity: which folder?");
    return EXIT_DONE;
}

static bool is_printable(const char *text) {
    for (; *text != 0; text++) {
        if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e) return false;
    }
    return true;
}

/* As policies tell them apart: with a colon a URI (RFC 3986: a scheme, and no spaces), else a DNS name (RFC 1034 3.5).
 */
static bool is_uri(const char *name) {
    return isalpha((unsigned char)name[0]) && strchr(name, ' ') == NULL;
}

static bool is_dns_name(const char *name) {
    const char *at = NULL;
    for (at = name; *at != 0; at++) {
        bool starts_label = at == name || at[-1] == '.';
        bool ends_label = at[1] == 0 || at[1] == '.';
        if (!isalnum((unsigned char)*at) && (*at != '-' || starts_label || ends_label) && (*at != '.' || starts_label))
            return false;
    }
    return at[-1] != '.';
}

static int check_ca(const identity_request *request) {
    if (request->ca_folder != NULL) return usage_error(usage, "identity: a new CA has no --ca");
    if (request->name == NULL || (strlen(request->name) <= CA_NAME_MAX && is_printable(request->name)))
        return EXIT_DONE;
    return usage_error(usage, "identity: --name of a CA has 1 to %d printable ASCII characters", CA_NAME_MAX);
}

static int check_x509(identity_request *request) {
    const char *name = request->name;
    if (request->ca_folder == NULL || name == NULL) {
        return usage_error(usage, "identity: new x509 needs --ca and --name");
    }
    request->name_is_uri = strchr(name, ':') != NULL;
    if (strlen(name) > IDENTITY_NAME_MAX || !is_printable(name)) {
        return usage_error(usage, "identity: --name has 1 to %d printable ASCII characters", IDENTITY_NAME_MAX);
    }
    if (request->name_is_uri ? is_uri(name) : is_dns_name(name)) return EXIT_DONE;
    return usage_error(usage, "identity: --name is a URI (scheme:…) or a DNS name, not \"%s\"", name);
}

static int help(void) {
    fputs(usage, stdout);
    return EXIT_DONE;
}

int command_identity(int argc, char **argv) {
    static const char *const verbs[] = {"new"}, *const kinds[] = {"ca", "x509", "psk"};
    identity_request request = {0};
    grille_error error = {0};
    int checked = 0;
    bool is_ca = argc >= 3 && strcmp(argv[2], "ca") == 0;
    bool made = false;
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) return help();
    if (argc >= 3 && strcmp(argv[1], "new") == 0 && strcmp(argv[2], "psk") == 0) {
        return identity_new_psk(argc - 3, argv + 3);
    }
    if (argc >= 2 && strcmp(argv[1], "new") != 0) return unknown_word(usage, "identity", "", argv[1], verbs, 1);
    if (argc >= 3 && !is_ca && strcmp(argv[2], "x509") != 0) {
        return unknown_word(usage, "identity new", "", argv[2], kinds, 3);
    }
    if (argc < 3) {
        return usage_error(usage, "identity: write \"new ca\", \"new x509\" or \"new psk\"");
    }
    if (argc >= 4 && strcmp(argv[argc - 1], "--help") == 0) return help();
    checked = parse(argc - 3, argv + 3, &request);
    if (checked == EXIT_DONE) checked = is_ca ? check_ca(&request) : check_x509(&request);
    if (checked != EXIT_DONE) return checked;
    made = is_ca ? identity_make_ca(&request, &error) : identity_make_x509(&request, &error);
    if (made) {
        const char *stem = is_ca ? "ca" : "identity";
        (void)printf("%s/%s.pem and %s/%s.key made\n", request.folder, stem, request.folder, stem);
        return EXIT_DONE;
    }
    (void)fprintf(stderr, "grille: identity: %s: %s\n", error.name, error.text);
    return EXIT_FAILED;
}
