/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/address.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "loop/run_folder.h"

#define FORMS                                                                                                          \
    "write vsock:CID:PORT, unix:PATH, unix-abstract:NAME, tcp:HOST:PORT, hybrid:PATH:PORT, inproc:NAME, "              \
    "nitro:NAME:PORT or fd:N"

/* VMADDR_CID_ANY and VMADDR_PORT_ANY (vsock(7)) have names of their own here or no meaning. */
#define VSOCK_ANY UINT32_MAX

/* One form: its scheme, how to write it, and the parser of what follows the colon. */
typedef struct address_form {
    const char *scheme;
    const char *write;
    grille_reason (*parse)(const struct address_form *form, grille_bytes rest, grille_address *address,
                           grille_error *error);
} address_form;

static grille_reason bad(const address_form *form, grille_error *error, const char *what, grille_bytes observed) {
    int shown = observed.len < 120 ? (int)observed.len : 120;
    return grille_error_set(error, GRILLE_REASON_LOOP_BAD_ADDRESS, "address %s…: %s (observed \"%.*s\"): write %s",
                            form->scheme, what, shown, observed.data == NULL ? "" : (const char *)observed.data,
                            form->write);
}

/* Decimal, no sign, no leading zero, at most `max`. */
static bool parse_number(grille_bytes text, uint32_t max, uint32_t *number) {
    if (text.len == 0 || text.len > 10) return false;
    if (text.len > 1 && text.data[0] == '0') return false;
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    if (value > max) return false;
    *number = (uint32_t)value;
    return true;
}

/* Splits at the last colon: paths and IPv6 addresses may hold more of them. */
static bool split_last(grille_bytes rest, grille_bytes *head, grille_bytes *tail) {
    const uint8_t *colon = rest.len == 0 ? NULL : memrchr(rest.data, ':', rest.len);
    if (colon == NULL) return false;
    size_t head_len = (size_t)(colon - rest.data);
    *head = grille_bytes_of(rest.data, head_len);
    *tail = grille_bytes_of(colon + 1, rest.len - head_len - 1);
    return true;
}

static bool is_text(grille_bytes bytes, const char *text) {
    return grille_bytes_equal(bytes, grille_bytes_of_text(text));
}

static grille_reason parse_vsock(const address_form *form, grille_bytes rest, grille_address *address,
                                 grille_error *error) {
    grille_bytes cid, port;
    if (!split_last(rest, &cid, &port)) return bad(form, error, "the port is missing", rest);
    address->kind = GRILLE_ADDRESS_VSOCK;
    if (is_text(cid, "any")) {
        address->cid_kind = GRILLE_VSOCK_CID_ANY;
    } else if (is_text(cid, "parent")) {
        address->cid_kind = GRILLE_VSOCK_CID_PARENT;
    } else if (!parse_number(cid, VSOCK_ANY - 1, &address->cid)) {
        return bad(form, error, "the CID is not a number, any or parent", cid);
    }
    if (!parse_number(port, VSOCK_ANY - 1, &address->port)) {
        return bad(form, error, "the port is not a number from 0 to 4294967294", port);
    }
    return GRILLE_REASON_OK;
}

static grille_reason take_path(const address_form *form, grille_bytes path, grille_address *address,
                               grille_error *error) {
    if (path.len == 0) return bad(form, error, "the path or name is empty", path);
    if (path.len >= GRILLE_ADDRESS_PATH_BYTES) {
        return bad(form, error, "the path or name is longer than the 107 bytes of a Unix socket", path);
    }
    memcpy(address->path, path.data, path.len);
    address->path_len = path.len;
    return GRILLE_REASON_OK;
}

static grille_reason parse_unix(const address_form *form, grille_bytes rest, grille_address *address,
                                grille_error *error) {
    address->kind = GRILLE_ADDRESS_UNIX;
    return take_path(form, rest, address, error);
}

static grille_reason parse_abstract(const address_form *form, grille_bytes rest, grille_address *address,
                                    grille_error *error) {
    address->kind = GRILLE_ADDRESS_UNIX_ABSTRACT;
    return take_path(form, rest, address, error);
}

static grille_reason parse_inproc(const address_form *form, grille_bytes rest, grille_address *address,
                                  grille_error *error) {
    address->kind = GRILLE_ADDRESS_INPROC;
    return take_path(form, rest, address, error);
}

static grille_reason parse_hybrid(const address_form *form, grille_bytes rest, grille_address *address,
                                  grille_error *error) {
    grille_bytes path, port;
    if (!split_last(rest, &path, &port)) return bad(form, error, "the port is missing", rest);
    address->kind = GRILLE_ADDRESS_HYBRID;
    if (!parse_number(port, VSOCK_ANY - 1, &address->port)) {
        return bad(form, error, "the port is not a number from 0 to 4294967294", port);
    }
    grille_reason reason = take_path(form, path, address, error);
    /* The listening end binds PATH_PORT, which has to fit as well. */
    if (reason == GRILLE_REASON_OK && path.len + 1 + port.len >= GRILLE_ADDRESS_PATH_BYTES) {
        return bad(form, error, "PATH_PORT is longer than the 107 bytes of a Unix socket", path);
    }
    return reason;
}

static bool parse_ip(grille_bytes host, grille_address *address) {
    char text[INET6_ADDRSTRLEN];
    bool bracketed = host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']';
    grille_bytes bare = bracketed ? grille_bytes_of(host.data + 1, host.len - 2) : host;
    if (bare.len == 0 || bare.len >= sizeof text) return false;
    memcpy(text, bare.data, bare.len);
    text[bare.len] = '\0';
    address->ipv6 = bracketed;
    return inet_pton(bracketed ? AF_INET6 : AF_INET, text, address->ip) == 1;
}

static grille_reason parse_tcp(const address_form *form, grille_bytes rest, grille_address *address,
                               grille_error *error) {
    grille_bytes host, port;
    if (!split_last(rest, &host, &port)) return bad(form, error, "the port is missing", rest);
    address->kind = GRILLE_ADDRESS_TCP;
    if (is_text(host, "localhost")) {
        static const uint8_t loopback[4] = {127, 0, 0, 1};
        memcpy(address->ip, loopback, sizeof loopback);
    } else if (!parse_ip(host, address)) {
        return bad(form, error, "the host is neither a numeric address nor localhost, and there is no resolver here",
                   host);
    }
    if (!parse_number(port, UINT16_MAX, &address->port)) {
        return bad(form, error, "the port is not a number from 0 to 65535", port);
    }
    return GRILLE_REASON_OK;
}

static grille_reason parse_fd(const address_form *form, grille_bytes rest, grille_address *address,
                              grille_error *error) {
    uint32_t number = 0;
    address->kind = GRILLE_ADDRESS_FD;
    if (!parse_number(rest, INT_MAX, &number)) return bad(form, error, "not a descriptor's number", rest);
    address->fd = (int)number;
    return GRILLE_REASON_OK;
}

static grille_reason parse_nitro(const address_form *form, grille_bytes rest, grille_address *address,
                                 grille_error *error) {
    grille_bytes name, port;
    if (!split_last(rest, &name, &port)) return bad(form, error, "the port is missing", rest);
    address->kind = GRILLE_ADDRESS_NITRO;
    if (!grille_run_name_is_valid(name)) {
        return bad(form, error, "the name is not 1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter, a digit or _",
                   name);
    }
    if (!parse_number(port, VSOCK_ANY - 1, &address->port)) {
        return bad(form, error, "the port is not a number from 0 to 4294967294", port);
    }
    return take_path(form, name, address, error);
}

static const address_form forms[] = {
    {"vsock:", "vsock:CID:PORT, for example vsock:16:5000, vsock:any:5000 or vsock:parent:5000", parse_vsock},
    {"unix:", "unix:PATH, for example unix:/run/app.sock", parse_unix},
    {"unix-abstract:", "unix-abstract:NAME, for example unix-abstract:app", parse_abstract},
    {"tcp:", "tcp:HOST:PORT, for example tcp:127.0.0.1:5000 or tcp:[::1]:5000", parse_tcp},
    {"hybrid:", "hybrid:PATH:PORT, for example hybrid:/run/vm.vsock:5000", parse_hybrid},
    {"inproc:", "inproc:NAME, for example inproc:app", parse_inproc},
    {"nitro:", "nitro:NAME:PORT, for example nitro:app:5000", parse_nitro},
    {"fd:", "fd:N, for example fd:3", parse_fd},
};

grille_reason grille_address_parse(const char *text, grille_address *address, grille_error *error) {
    memset(address, 0, sizeof *address);
    address->fd = -1;
    if (text == NULL) {
        return grille_error_set(error, GRILLE_REASON_LOOP_BAD_ADDRESS, "the address is NULL: " FORMS);
    }
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        size_t scheme_len = strlen(forms[i].scheme);
        if (strncmp(text, forms[i].scheme, scheme_len) == 0) {
            grille_address parsed = *address;
            grille_reason reason = forms[i].parse(&forms[i], grille_bytes_of_text(text + scheme_len), &parsed, error);
            if (reason == GRILLE_REASON_OK) {
                grille_error_clear(error);
                *address = parsed;
            }
            return reason;
        }
    }
    return grille_error_set(error, GRILLE_REASON_LOOP_BAD_ADDRESS,
                            "the address \"%.120s\" starts with no known scheme: " FORMS, text);
}

static void format_tcp(const grille_address *address, char *text) {
    char host[INET6_ADDRSTRLEN] = "";
    inet_ntop(address->ipv6 ? AF_INET6 : AF_INET, address->ip, host, sizeof host);
    (void)snprintf(text, GRILLE_ADDRESS_TEXT_BYTES, address->ipv6 ? "tcp:[%s]:%u" : "tcp:%s:%u", host, address->port);
}

static void format_vsock(const grille_address *address, char *text) {
    char cid[12];
    (void)snprintf(cid, sizeof cid, "%u", address->cid);
    const char *name = address->cid_kind == GRILLE_VSOCK_CID_ANY      ? "any"
                       : address->cid_kind == GRILLE_VSOCK_CID_PARENT ? "parent"
                                                                      : cid;
    (void)snprintf(text, GRILLE_ADDRESS_TEXT_BYTES, "vsock:%s:%u", name, address->port);
}

void grille_address_format(const grille_address *address, char text[GRILLE_ADDRESS_TEXT_BYTES]) {
    int path_len = (int)address->path_len;
    switch (address->kind) {
    case GRILLE_ADDRESS_VSOCK:
        format_vsock(address, text);
        break;
    case GRILLE_ADDRESS_UNIX:
        (void)snprintf(text, GRILLE_ADDRESS_TEXT_BYTES, "unix:%.*s", path_len, address->path);
        break;
    case GRILLE_ADDRESS_UNIX_ABSTRACT:
        (void)snprintf(text, GRILLE_ADDRESS_TEXT_BYTES, "unix-abstract:%.*s", path_len, address->path);
        break;
    case GRILLE_ADDRESS_TCP:
        format_tcp(address, text);
        break;
    case GRILLE_ADDRESS_HYBRID:
        (void)snprintf(text, GRILLE_ADDRESS_TEXT_BYTES, "hybrid:%.*s:%u", path_len, address->path, address->port);
        break;
    case GRILLE_ADDRESS_NITRO:
        (void)snprintf(text, GRILLE_ADDRESS_TEXT_BYTES, "nitro:%.*s:%u", path_len, address->path, address->port);
        break;
    case GRILLE_ADDRESS_INPROC:
        (void)snprintf(text, GRILLE_ADDRESS_TEXT_BYTES, "inproc:%.*s", path_len, address->path);
        break;
    case GRILLE_ADDRESS_FD:
        (void)snprintf(text, GRILLE_ADDRESS_TEXT_BYTES, "fd:%d", address->fd);
        break;
    }
}
