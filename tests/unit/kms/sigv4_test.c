/* SPDX-License-Identifier: Apache-2.0
 * The requests and signatures of AWS's published Signature Version 4 test suite (header form), AWS's documented
 * examples, and what is refused. */
#include "kms/sigv4.h"

#include <stdio.h>
#include <stdlib.h>

#include "cmocka_all.h"
#include "wire/limits.h"

static const char secret[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
static const char suite_time[] = "20150830T123600Z";

typedef struct row {
    const char *name;
    const char *method, *path, *query;
    const char *extra[3]; /* "name:value" besides host and date */
    const char *token, *body;
    const char *signed_names, *signature;
} row;

#define LETTERS "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define SUITE_TOKEN                                                                                                    \
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuw"  \
    "thAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHN"  \
    "VXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxB"  \
    "A=="
#define FORM_DIGEST "x-amz-content-sha256:9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"
#define FORM_NAMES  "content-length;content-type;host;x-amz-content-sha256;x-amz-date"
#define PLAIN       "host;x-amz-date"
#define WITH_ONE    "host;my-header1;x-amz-date"
#define WITH_TOKEN  "host;x-amz-date;x-amz-security-token"

static const row suite[] = {
    {"get-vanilla",
     "GET",
     "/",
     "",
     {NULL},
     "",
     "",
     PLAIN,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-header-key-duplicate",
     "GET",
     "/",
     "",
     {"my-header1:value2,value2,value1"},
     "",
     "",
     WITH_ONE,
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"get-header-value-multiline",
     "GET",
     "/",
     "",
     {"my-header1:value1 value2 value3"},
     "",
     "",
     WITH_ONE,
     "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd"},
    {"get-header-value-order",
     "GET",
     "/",
     "",
     {"my-header1:value4,value1,value3,value2"},
     "",
     "",
     WITH_ONE,
     "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
    {"get-header-value-trim",
     "GET",
     "/",
     "",
     {"my-header1:value1", "my-header2:\"a b c\""},
     "",
     "",
     "host;my-header1;my-header2;x-amz-date",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"get-relative-relative-unnormalized",
     "GET",
     "/example1/example2/../..",
     "",
     {NULL},
     "",
     "",
     PLAIN,
     "dc33e0856fd4baca4d7aa2146c38958283844764f38c74252a333df5e613003b"},
    {"get-slash-pointless-dot-normalized",
     "GET",
     "/example",
     "",
     {NULL},
     "",
     "",
     PLAIN,
     "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
    {"get-slashes-unnormalized",
     "GET",
     "//example//",
     "",
     {NULL},
     "",
     "",
     PLAIN,
     "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5"},
    {"get-space-normalized",
     "GET",
     "/example%20space/",
     "",
     {NULL},
     "",
     "",
     PLAIN,
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
    {"get-unreserved",
     "GET",
     "/" LETTERS,
     "",
     {NULL},
     "",
     "",
     PLAIN,
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"get-utf8",
     "GET",
     "/%E1%88%B4",
     "",
     {NULL},
     "",
     "",
     PLAIN,
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {"get-vanilla-empty-query-key",
     "GET",
     "/",
     "Param1=value1",
     {NULL},
     "",
     "",
     PLAIN,
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
    {"get-vanilla-query-order-encoded",
     "GET",
     "/",
     "%E1%88%B4=Value1&Param=Value2&Param-3=Value3",
     {NULL},
     "",
     "",
     PLAIN,
     "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
    {"get-vanilla-query-order-key-case",
     "GET",
     "/",
     "Param1=value1&Param2=value2",
     {NULL},
     "",
     "",
     PLAIN,
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-vanilla-query-unreserved",
     "GET",
     "/",
     LETTERS "=" LETTERS,
     {NULL},
     "",
     "",
     PLAIN,
     "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
    {"get-vanilla-utf8-query",
     "GET",
     "/",
     "%E1%88%B4=bar",
     {NULL},
     "",
     "",
     PLAIN,
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"get-vanilla-with-session-token",
     "GET",
     "/",
     "",
     {NULL},
     "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
     "",
     WITH_TOKEN,
     "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
    {"post-vanilla",
     "POST",
     "/",
     "",
     {NULL},
     "",
     "",
     PLAIN,
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-vanilla-query",
     "POST",
     "/",
     "Param1=value1",
     {NULL},
     "",
     "",
     PLAIN,
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    {"post-header-key-sort",
     "POST",
     "/",
     "",
     {"my-header1:value1"},
     "",
     "",
     WITH_ONE,
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
    {"post-header-value-case",
     "POST",
     "/",
     "",
     {"my-header1:VALUE1"},
     "",
     "",
     WITH_ONE,
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
    {"post-sts-header-before",
     "POST",
     "/",
     "",
     {NULL},
     SUITE_TOKEN,
     "",
     WITH_TOKEN,
     "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
    {"post-x-www-form-urlencoded",
     "POST",
     "/",
     "",
     {"content-length:13", "content-type:application/x-www-form-urlencoded", FORM_DIGEST},
     "",
     "Param1=value1",
     FORM_NAMES,
     "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"},
    {"post-x-www-form-urlencoded-parameters",
     "POST",
     "/",
     "",
     {"content-length:13", "content-type:application/x-www-form-urlencoded; charset=utf-8", FORM_DIGEST},
     "",
     "Param1=value1",
     FORM_NAMES,
     "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422"},
};

/* A request and what its parts are held in. */
typedef struct signing {
    grille_sigv4_credentials credentials;
    grille_sigv4_request request;
    grille_sigv4_time time;
    grille_kms_header headers[GRILLE_LIMIT_KMS_HEADERS + 2];
    char names[3][64];
    uint8_t text[1024];
} signing;

static int by_name(const void *left, const void *right) {
    return strcmp(((const grille_kms_header *)left)->name, ((const grille_kms_header *)right)->name);
}

static void add_header(signing *job, const char *name, const char *value) {
    job->headers[job->request.header_count++] = (grille_kms_header){.name = name, .value = grille_bytes_of_text(value)};
}

static void start(signing *job, const row *from, const char *host, const char *time) {
    memset(job, 0, sizeof *job);
    memcpy(job->time.text, time, sizeof job->time.text);
    job->credentials = (grille_sigv4_credentials){.access_key_id = grille_bytes_of_text("AKIDEXAMPLE"),
                                                  .secret_access_key = grille_bytes_of_text(secret),
                                                  .session_token = grille_bytes_of_text(from->token)};
    job->request = (grille_sigv4_request){.method = from->method,
                                          .path = grille_bytes_of_text(from->path),
                                          .query = grille_bytes_of_text(from->query),
                                          .headers = job->headers,
                                          .body = grille_bytes_of_text(from->body),
                                          .region = "us-east-1",
                                          .service = "service"};
    add_header(job, "host", host);
    add_header(job, "x-amz-date", job->time.text);
    if (*from->token != '\0') add_header(job, "x-amz-security-token", from->token);
    for (size_t i = 0; i < 3 && from->extra[i] != NULL; i++) {
        const char *colon = strchr(from->extra[i], ':');
        memcpy(job->names[i], from->extra[i], (size_t)(colon - from->extra[i]));
        add_header(job, job->names[i], colon + 1);
    }
    qsort(job->headers, job->request.header_count, sizeof *job->headers, by_name);
}

static grille_reason sign(signing *job, size_t capacity, size_t *len) {
    grille_writer writer = grille_writer_into(job->text, capacity);
    const grille_reason reason =
        grille_sigv4_sign(grille_crypto_wolf(), &job->credentials, &job->request, &job->time, &writer);
    *len = writer.len;
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    return reason;
}

static void expect(signing *job, const char *scope, const row *from) {
    char text[1024];
    size_t len = 0;
    (void)snprintf(text, sizeof text,
                   "AWS4-HMAC-SHA256 Credential=%.*s/%s/aws4_request, SignedHeaders=%s, Signature=%s",
                   (int)job->credentials.access_key_id.len, (const char *)job->credentials.access_key_id.data, scope,
                   from->signed_names, from->signature);
    assert_int_equal(sign(job, sizeof job->text, &len), GRILLE_REASON_OK);
    if (len != strlen(text) || memcmp(text, job->text, len) != 0)
        fail_msg("%s:\n%.*s\nexpected\n%s", from->name, (int)len, (const char *)job->text, text);
    const grille_kms_header authorization = {.name = "authorization", .value = grille_bytes_of(job->text, len)};
    assert_true(grille_kms_header_valid(&authorization));
    assert_int_equal(sign(job, len, &len), GRILLE_REASON_OK);
    assert_int_equal(sign(job, len - 1, &len), GRILLE_REASON_NO_SPACE);
    assert_int_equal(len, 0);
}

static void the_published_suite(void **state) {
    static signing job;
    (void)state;
    for (size_t i = 0; i < sizeof suite / sizeof *suite; i++) {
        start(&job, &suite[i], "example.amazonaws.com", suite_time);
        expect(&job, "20150830/us-east-1/service", &suite[i]);
    }
}

/* AWS General Reference, "Examples of the complete Signature Version 4 signing process". */
static void the_documented_request(void **state) {
    static const row list_users = {"ListUsers",
                                   "GET",
                                   "/",
                                   "Action=ListUsers&Version=2010-05-08",
                                   {"content-type:application/x-www-form-urlencoded; charset=utf-8"},
                                   "",
                                   "",
                                   "content-type;host;x-amz-date",
                                   "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"};
    static signing job;
    (void)state;
    start(&job, &list_users, "iam.amazonaws.com", suite_time);
    job.request.service = "iam";
    expect(&job, "20150830/us-east-1/iam", &list_users);
}

/* As the Python SDK (botocore 1.43.11) signs it. */
static void a_request_to_the_key_service(void **state) {
    static const row random = {"GenerateRandom",
                               "POST",
                               "/",
                               "",
                               {"content-type:application/x-amz-json-1.1", "x-amz-target:TrentService.GenerateRandom"},
                               "IQoJb3JpZ2luX2VjEXAMPLE//token+/==",
                               "{\"NumberOfBytes\":32}",
                               "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
                               "133b0d8b80897862b25d72b66db5bf869e757c0c48c06388ed6a731a282be9c6"};
    static signing job;
    (void)state;
    start(&job, &random, "kms.eu-central-1.amazonaws.com", "20261123T065501Z");
    job.credentials.access_key_id = grille_bytes_of_text("ASIAEXAMPLE0KEY");
    job.request.region = "eu-central-1";
    job.request.service = "kms";
    expect(&job, "20261123/eu-central-1/kms", &random);
}

/* AWS General Reference, "Examples of how to derive a signing key". */
static void the_documented_derivations(void **state) {
    static const char *const rows[][2] = {
        {"20120215", "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"},
        {"20150830", "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint8_t key[GRILLE_SHA256_BYTES];
        char text[2 * sizeof key + 1];
        assert_int_equal(grille_sigv4_key(grille_crypto_wolf(), grille_bytes_of_text(secret),
                                          grille_bytes_of_text(rows[i][0]), "us-east-1", "iam", key),
                         GRILLE_REASON_OK);
        grille_hex_encode(grille_bytes_of(key, sizeof key), text);
        assert_string_equal(text, rows[i][1]);
    }
}

static void times(void **state) {
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {{0, "19700101T000000Z"},
                {INT64_C(951782399000), "20000228T235959Z"},
                {INT64_C(951782400000), "20000229T000000Z"},
                {INT64_C(951868799999), "20000229T235959Z"},
                {INT64_C(1440938160000), "20150830T123600Z"},
                {INT64_C(1735689599000), "20241231T235959Z"},
                {INT64_C(1795416901999), "20261123T065501Z"},
                {INT64_C(4107542399000), "21000228T235959Z"},
                {INT64_C(4107542400000), "21000301T000000Z"},
                {INT64_C(253402300799999), "99991231T235959Z"}};
    grille_sigv4_time time;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(grille_sigv4_time_of(rows[i].ms, &time), GRILLE_REASON_OK);
        assert_string_equal(time.text, rows[i].text);
    }
    assert_int_equal(grille_sigv4_time_of(-1, &time), GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(grille_sigv4_time_of(INT64_C(253402300800000), &time), GRILLE_REASON_BAD_ARGUMENT);
}

/* The first row of the suite with one more header, which may be bad. */
static grille_reason sign_with(const char *name, const char *value) {
    static signing job;
    size_t len = 0;
    start(&job, &suite[0], "example.amazonaws.com", suite_time);
    add_header(&job, name, value);
    qsort(job.headers, job.request.header_count, sizeof *job.headers, by_name);
    return sign(&job, sizeof job.text, &len);
}

static void headers_have_one_form(void **state) {
    static const char *const values[] = {" a", "a ", "a  b", "a\tb", "a\r\nb", "a\nb", "\x7f", "\xc3\xa4", " ", "\x1f"};
    static const char *const names[] = {
        "", "X-a", "x_a", "x:", "x ", "x\n", "host", "x-amz-date", "x-amz-security-token"};
    (void)state;
    assert_int_equal(sign_with("x-a", "a b"), GRILLE_REASON_OK);
    assert_int_equal(sign_with("x-a", ""), GRILLE_REASON_OK);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (sign_with("x-a", values[i]) != GRILLE_REASON_BAD_ARGUMENT) fail_msg("value %zu", i);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (sign_with(names[i], "a") != GRILLE_REASON_BAD_ARGUMENT) fail_msg("name %zu", i);
}

static void expect_refused(void (*change)(signing *job)) {
    static signing job;
    size_t len = 1;
    start(&job, &suite[16], "example.amazonaws.com", suite_time);
    assert_int_equal(sign(&job, sizeof job.text, &len), GRILLE_REASON_OK);
    change(&job);
    assert_int_equal(sign(&job, sizeof job.text, &len), GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(len, 0);
}

static void no_host(signing *job) {
    job->headers[0].name = "hosts";
}
static void other_date(signing *job) {
    job->headers[1].value = grille_bytes_of_text("20150830T123601Z");
}
static void short_time(signing *job) {
    job->time.text[15] = '\0';
    job->headers[1].value = grille_bytes_of_text(job->time.text);
}
static void other_token(signing *job) {
    job->headers[2].value.len--;
}
static void token_unsent(signing *job) {
    job->request.header_count--;
}
static void token_unowned(signing *job) {
    job->credentials.session_token.len = 0;
}
static void descending(signing *job) {
    const grille_kms_header first = job->headers[0];
    job->headers[0] = job->headers[1];
    job->headers[1] = first;
}
static void relative_path(signing *job) {
    job->request.path = grille_bytes_of_text("a");
}
static void no_path(signing *job) {
    job->request.path.len = 0;
}
static void blank_in_path(signing *job) {
    job->request.path = grille_bytes_of_text("/a b");
}
static void line_in_query(signing *job) {
    job->request.query = grille_bytes_of_text("a\nb");
}
static void line_in_method(signing *job) {
    job->request.method = "GET\n";
}
static void slash_in_region(signing *job) {
    job->request.region = "us/east";
}
static void no_service(signing *job) {
    job->request.service = "";
}
static void comma_in_id(signing *job) {
    job->credentials.access_key_id = grille_bytes_of_text("AKID,x");
}
static void no_id(signing *job) {
    job->credentials.access_key_id.len = 0;
}
static void no_secret(signing *job) {
    job->credentials.secret_access_key.len = 0;
}

static void other_requests_are_refused(void **state) {
    static void (*const changes[])(signing *) = {
        no_host,         other_date,    short_time,  other_token,   token_unsent,  token_unowned,
        descending,      relative_path, no_path,     blank_in_path, line_in_query, line_in_method,
        slash_in_region, no_service,    comma_in_id, no_id,         no_secret};
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        expect_refused(changes[i]);
}

static void one_header_too_many(void **state) {
    static signing job;
    static char names[GRILLE_LIMIT_KMS_HEADERS + 1][8];
    size_t len = 0;
    (void)state;
    start(&job, &suite[0], "example.amazonaws.com", suite_time);
    while (job.request.header_count < GRILLE_LIMIT_KMS_HEADERS + 1) {
        const size_t at = job.request.header_count;
        (void)snprintf(names[at], sizeof names[at], "y-%02zu", at);
        add_header(&job, names[at], "v");
    }
    assert_int_equal(sign(&job, sizeof job.text, &len), GRILLE_REASON_BAD_ARGUMENT);
    job.request.header_count--;
    assert_int_equal(sign(&job, sizeof job.text, &len), GRILLE_REASON_OK);
}

static void a_secret_one_byte_too_long(void **state) {
    static const uint8_t zeros[GRILLE_SHA256_BYTES];
    char longest[GRILLE_LIMIT_KMS_SECRET_BYTES + 1];
    uint8_t key[GRILLE_SHA256_BYTES];
    const grille_bytes day = grille_bytes_of_text("20150830");
    (void)state;
    memset(longest, 'k', sizeof longest);
    memset(key, 1, sizeof key);
    assert_int_equal(
        grille_sigv4_key(grille_crypto_wolf(), grille_bytes_of(longest, sizeof longest), day, "r", "s", key),
        GRILLE_REASON_BAD_ARGUMENT);
    assert_memory_equal(key, zeros, sizeof key);
    assert_int_equal(
        grille_sigv4_key(grille_crypto_wolf(), grille_bytes_of(longest, sizeof longest - 1), day, "r", "s", key),
        GRILLE_REASON_OK);
    assert_memory_not_equal(key, zeros, sizeof key);
}

static unsigned calls_left;

static grille_reason failing_hmac(grille_hash_kind kind, grille_bytes key, const grille_bytes *parts, size_t count,
                                  uint8_t *out) {
    if (calls_left-- == 0) return GRILLE_REASON_CRYPTO_FAILED;
    return grille_crypto_wolf()->hmac(kind, key, parts, count, out);
}

static grille_reason failing_hash(grille_hash_kind kind, const grille_bytes *parts, size_t count, uint8_t *out) {
    if (calls_left-- == 0) return GRILLE_REASON_CRYPTO_FAILED;
    return grille_crypto_wolf()->hash(kind, parts, count, out);
}

/* Two digests, four steps to the key, one signature: seven calls, each of which may fail. */
static void every_failure_is_told(void **state) {
    static signing job;
    grille_crypto crypto = *grille_crypto_wolf();
    crypto.hash = failing_hash;
    crypto.hmac = failing_hmac;
    (void)state;
    start(&job, &suite[0], "example.amazonaws.com", suite_time);
    for (unsigned nth = 0; nth <= 7; nth++) {
        grille_writer writer = grille_writer_into(job.text, sizeof job.text);
        calls_left = nth;
        assert_int_equal(grille_sigv4_sign(&crypto, &job.credentials, &job.request, &job.time, &writer),
                         nth < 7 ? GRILLE_REASON_CRYPTO_FAILED : GRILLE_REASON_OK);
        assert_int_equal(writer.len > 0, nth == 7);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_suite),
        cmocka_unit_test(the_documented_request),
        cmocka_unit_test(a_request_to_the_key_service),
        cmocka_unit_test(the_documented_derivations),
        cmocka_unit_test(times),
        cmocka_unit_test(headers_have_one_form),
        cmocka_unit_test(other_requests_are_refused),
        cmocka_unit_test(one_header_too_many),
        cmocka_unit_test(a_secret_one_byte_too_long),
        cmocka_unit_test(every_failure_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
