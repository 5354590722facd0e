/* SPDX-License-Identifier: Apache-2.0 */
#include "played_ground.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "cmocka_all.h"

struct played_ground ground;
forge_chain chain;
static grille_nsm nsm;

static grille_reason play(grille_reason reason, const char *what, grille_error *error) {
    return reason == GRILLE_REASON_OK ? reason : grille_error_set(error, reason, "%s: InternalError", what);
}

static grille_reason attest(grille_nsm *self, const grille_nsm_request *request, uint8_t *document, size_t capacity,
                            size_t *len, grille_error *error) {
    const grille_bytes made = forge_document_sign(&ground.document, &chain);
    assert_ptr_equal(&nsm, self);
    assert_int_equal(0, request->nonce.len + request->user_data.len + request->public_key.len);
    ground.documents++;
    if (ground.attest_fails != GRILLE_REASON_OK) return play(ground.attest_fails, "Attestation", error);
    assert_true(made.len <= capacity);
    memcpy(document, made.data, made.len);
    *len = made.len;
    return GRILLE_REASON_OK;
}

static grille_reason get_random(grille_nsm *self, uint8_t *out, size_t len, grille_error *error) {
    const int call = ground.random_calls++;
    assert_ptr_equal(&nsm, self);
    assert_true(call < RANDOM_CALLS);
    memset(out, ground.random_is_zero ? 0 : ground.random_repeats ? 7 : 7 + call, len);
    return play(ground.random_fails[call], "GetRandom", error);
}

static grille_reason describe(grille_nsm *self, grille_nsm_description *description, grille_error *error) {
    assert_ptr_equal(&nsm, self);
    *description = ground.description;
    return play(ground.describe_fails, "DescribeNSM", error);
}

static void close_nsm(grille_nsm *self) {
    assert_ptr_equal(&nsm, self);
    ground.opened--;
}

static const grille_nsm_functions functions = {
    .attest = attest, .random = get_random, .describe = describe, .close = close_nsm};
static grille_nsm nsm = {.functions = &functions};

static grille_reason open_nsm(void *user, const char *path, grille_nsm **opened, grille_error *error) {
    assert_ptr_equal(&ground, user);
    ground.path = path;
    *opened = &nsm;
    if (ground.open_fails == GRILLE_REASON_OK) ground.opened++;
    return play(ground.open_fails, "open", error);
}

static int read_file(void *user, const char *path, char *text, size_t capacity, size_t *len) {
    const bool is_source = strcmp(path, "/sys/devices/system/clocksource/clocksource0/current_clocksource") == 0;
    const char *content = is_source ? ground.source : ground.device;
    assert_ptr_equal(&ground, user);
    if (!is_source) assert_string_equal("/sys/class/misc/hw_random/rng_current", path);
    if (content == NULL) return ENOENT;
    *len = strlen(content) < capacity ? strlen(content) : capacity;
    memcpy(text, content, *len);
    return is_source ? ground.read_problem : 0;
}

static int draw_random(void *user, uint8_t *out, size_t len) {
    assert_ptr_equal(&ground, user);
    memset(out, 9, len);
    return ground.draw_problem;
}

static void check_seed(grille_bytes seed) {
    assert_int_equal(64, seed.len);
    for (size_t i = 0; i < seed.len; i++)
        assert_int_equal(ground.random_calls + (i < 32 ? 5 : 6), seed.data[i]); /* the last two answers */
}

static int credit_random(void *user, grille_bytes seed) {
    assert_ptr_equal(&ground, user);
    check_seed(seed);
    if (ground.credit_problem == 0) ground.credited += seed.len;
    return ground.credit_problem;
}

static int mix_random(void *user, grille_bytes seed) {
    assert_ptr_equal(&ground, user);
    check_seed(seed);
    if (ground.mix_problem == 0) ground.mixed += seed.len;
    return ground.mix_problem;
}

static grille_time_us monotonic_us(void *user) {
    assert_ptr_equal(&ground, user);
    if (ground.clock_reads++ >= ground.still_for) ground.time_us += (grille_time_us)ground.step_us;
    return ground.time_us;
}

static grille_wall_ms wall_ms(void *user) {
    assert_ptr_equal(&ground, user);
    ground.wall_ms += ground.wall_step_ms;
    return ground.wall_ms;
}

static int make_vsock(void *user) {
    assert_ptr_equal(&ground, user);
    ground.vsocks++;
    return ground.vsock_problem;
}

static int local_cid(void *user, uint32_t *cid) {
    assert_ptr_equal(&ground, user);
    *cid = ground.cid;
    return ground.cid_problem;
}

grille_boot_ground seam = {.user = &ground,
                           .open_nsm = open_nsm,
                           .read_file = read_file,
                           .draw_random = draw_random,
                           .credit_random = credit_random,
                           .mix_random = mix_random,
                           .monotonic_us = monotonic_us,
                           .wall_ms = wall_ms,
                           .make_vsock = make_vsock,
                           .local_cid = local_cid};

bool linked_device;
int linked_opens;

bool grille_nsm_is_device(void) {
    return linked_device;
}

grille_reason grille_nsm_open(const char *path, grille_nsm **opened, grille_error *error) {
    linked_opens++;
    *opened = NULL;
    return grille_error_set(error, GRILLE_REASON_SYSTEM, "cannot open %s", path == NULL ? "the default" : path);
}

int played_make_chain(void **state) {
    forge_template templates[FORGE_CHAIN];
    (void)state;
    forge_chain_templates(templates);
    forge_chain_make(templates, &chain);
    return 0;
}

int played_free_chain(void **state) {
    (void)state;
    forge_chain_free(&chain);
    return 0;
}

int played_setup(void **state) {
    (void)state;
    memset(&ground, 0, sizeof ground);
    seam.has_device = true;
    ground.description =
        (grille_nsm_description){.version_major = 1, .module_id = "i-1-enc2", .max_pcrs = 32, .locked_pcrs = 0xffff};
    ground.source = "kvm-clock\n";
    ground.device = "nsm-hwrng\n";
    ground.cid = 16;
    ground.step_us = 1;
    ground.wall_ms = NOW_MS;
    forge_document_init(&ground.document, &chain);
    ground.document.timestamp_ms = NOW_MS;
    return 0;
}

/* ---- Findings ---- */

struct played_finding found[FINDINGS];
int found_count;

static void keep(const grille_boot_finding *finding, void *user) {
    assert_ptr_equal(found, user);
    assert_true(found_count < FINDINGS);
    (void)snprintf(found[found_count].check, sizeof found[0].check, "%s", finding->check);
    (void)snprintf(found[found_count].reason, sizeof found[0].reason, "%s", finding->reason);
    (void)snprintf(found[found_count].text, sizeof found[0].text, "%s", finding->text);
    found[found_count++].outcome = finding->outcome;
}

grille_boot_options all_told(void) {
    grille_boot_options options = grille_boot_options_default();
    options.all_checks = true;
    options.on_finding = keep;
    options.on_finding_user = found;
    return options;
}

grille_code run(const grille_boot_options *options, grille_error *error) {
    grille_code code;
    found_count = ground.random_calls = ground.clock_reads = 0;
    memset(error, 'x', sizeof *error);
    code = grille_boot_check_on(&seam, options, error);
    assert_int_equal(0, ground.opened);
    assert_int_equal(code, error->code);
    return code;
}

void expect_passed(const grille_boot_options *options, int check, const char *text) {
    grille_error error;
    assert_int_equal(GRILLE_OK, run(options, &error));
    assert_string_equal("", error.text);
    assert_int_equal(FINDINGS, found_count);
    assert_int_equal(GRILLE_BOOT_PASSED, found[check].outcome);
    assert_string_equal("", found[check].reason);
    assert_string_equal(text, found[check].text);
}

void expect_failed_by(const grille_boot_options *options, int check, const char *name, const char *observed,
                      const char *expected) {
    grille_error error;
    assert_int_equal(GRILLE_FAILED_PRECONDITION, run(options, &error));
    assert_string_equal(name, error.name);
    assert_int_equal(FINDINGS, found_count);
    for (int i = 0; i < FINDINGS; i++)
        assert_int_equal(i == check, found[i].outcome == GRILLE_BOOT_FAILED);
    assert_string_equal(name, found[check].reason);
    assert_string_equal(error.text, found[check].text);
    if (strstr(error.text, observed) == NULL || strstr(error.text, expected) == NULL ||
        strstr(error.text, "observed: ") == NULL || strstr(error.text, "expected: ") == NULL ||
        strstr(error.text, "Likely ") == NULL || strstr(error.text, ". Next: ") == NULL ||
        strlen(error.text) + 1 >= sizeof error.text) {
        fail_msg("the text is: %s", error.text);
    }
}

void expect_failed(int check, const char *name, const char *observed, const char *expected) {
    const grille_boot_options options = all_told();
    expect_failed_by(&options, check, name, observed, expected);
}
