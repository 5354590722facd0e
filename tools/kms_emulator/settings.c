/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/settings.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "kms_emulator/json_file.h"
#include "wall_time.h"

enum { port_digits_most = 5, port_most = 65535 };

static const char warning[] = "for development only: whoever reads this folder has all keys";

kms_settings kms_settings_default(void) {
    return (kms_settings){
        .region = "eu-central-1", .account = "111122223333", .listen = "127.0.0.1:8443", .insecure_explain = true};
}

bool kms_region_valid(const char *region) {
    const size_t len = strlen(region);
    return len > 0 && len < KMS_REGION_BYTES && strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

bool kms_account_valid(const char *account) {
    return strlen(account) == KMS_ACCOUNT_BYTES - 1 && strspn(account, "0123456789") == KMS_ACCOUNT_BYTES - 1;
}

static bool parse_port(const char *text, unsigned *port) {
    const size_t len = strlen(text);
    if (len < 1 || len > port_digits_most || strspn(text, "0123456789") != len) return false;
    *port = 0;
    for (; *text != '\0'; text++)
        *port = *port * 10 + (unsigned)(*text - '0');
    return *port <= port_most;
}

static bool is_loopback(const char *host, bool is_v6) {
    struct in6_addr v6;
    struct in_addr v4;
    if (is_v6) return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
    return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

bool kms_listen_parse(const char *listen, char host[KMS_LISTEN_BYTES], unsigned *port) {
    const bool is_v6 = listen[0] == '[';
    const char *end = is_v6 ? strchr(listen, ']') : strchr(listen, ':');
    const char *begin = listen + is_v6;
    size_t len = 0;
    if (end == NULL || (is_v6 && end[1] != ':')) return false;
    len = (size_t)(end - begin);
    if (len == 0 || len >= KMS_LISTEN_BYTES || !parse_port(end + 1 + is_v6, port)) return false;
    memcpy(host, begin, len);
    host[len] = '\0';
    return is_loopback(host, is_v6);
}

static bool take_text(char *place, size_t capacity, const char *text) {
    const size_t len = strlen(text);
    if (len >= capacity) return false;
    memcpy(place, text, len + 1);
    return true;
}

static bool is_time(const char *text, grille_wall_ms *at_ms) {
    *at_ms = 0;
    return text[0] == '\0' || wall_time_parse(text, at_ms);
}

/* What is wrong with a member; NULL: nothing. */
static const char *take(kms_settings *settings, const char *region, const char *account, const char *listen,
                        const char *at) {
    char host[KMS_LISTEN_BYTES];
    unsigned port = 0;
    if (!kms_region_valid(region) || !take_text(settings->region, sizeof settings->region, region))
        return "\"region\" is no region's name";
    if (!kms_account_valid(account) || !take_text(settings->account, sizeof settings->account, account))
        return "\"account\" is not of 12 digits";
    if (!take_text(settings->listen, sizeof settings->listen, listen) || !kms_listen_parse(listen, host, &port))
        return "\"listen\" is no address and port of the loopback interface, as \"127.0.0.1:8443\" is";
    if (!is_time(at, &settings->documents_at_ms)) return "\"documents_at\" is neither \"\" nor a time of RFC 3339";
    return NULL;
}

bool kms_settings_read(const char *folder, kms_settings *settings, grille_error *error) {
    const char *ignored = NULL, *region = NULL, *account = NULL, *listen = NULL, *at = NULL, *wrong = NULL;
    int aws_root = 0, primitive = 0, explain = 0;
    json_error_t problem;
    json_t *value = kms_json_read(folder, KMS_SETTINGS_FILE, error);
    if (value == NULL) return false;
    *settings = kms_settings_default();
    if (json_unpack_ex(value, &problem, 0, "{s:s, s:s, s:s, s:s, s:b, s:s, s:b, s:b !}", "insecure", &ignored, "region",
                       &region, "account", &account, "listen", &listen, "aws_root", &aws_root, "documents_at", &at,
                       "primitive_content", &primitive, "insecure_explain", &explain) != 0) {
        wrong = problem.text;
    } else {
        wrong = take(settings, region, account, listen, at);
    }
    settings->takes_aws_root = aws_root != 0;
    settings->primitive_content = primitive != 0;
    settings->insecure_explain = explain != 0;
    if (wrong != NULL)
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s/" KMS_SETTINGS_FILE ": %s", folder, wrong);
    json_decref(value);
    return wrong == NULL;
}

/* "" for no time; else decimal milliseconds, which are read as well. */
static json_t *time_text(grille_wall_ms at_ms) {
    return at_ms == 0 ? json_string("") : json_sprintf("%lld", (long long)at_ms);
}

bool kms_settings_write(const char *folder, const kms_settings *settings, grille_error *error) {
    json_t *value =
        json_pack("{s:s, s:s, s:s, s:s, s:b, s:o, s:b, s:b}", "insecure", warning, "region", settings->region,
                  "account", settings->account, "listen", settings->listen, "aws_root", settings->takes_aws_root,
                  "documents_at", time_text(settings->documents_at_ms), "primitive_content",
                  settings->primitive_content, "insecure_explain", settings->insecure_explain);
    bool written = false;
    if (value == NULL)
        (void)grille_error_set(error, GRILLE_REASON_OUT_OF_MEMORY, "no memory for the settings");
    else
        written = kms_json_put(folder, KMS_SETTINGS_FILE, value, error);
    json_decref(value);
    return written;
}
