/* SPDX-License-Identifier: Apache-2.0
 * Clocks: who keeps the time, whether it goes on, and whether the wall clock is that of the NSM. */
#include <inttypes.h>

#include "attest/trusted_clock.h"
#include "base/bytes.h"
#include "base/error.h"
#include "boot/check.h"
#include "wire/limits.h"

enum { SOURCE_BYTES = 64 };

static const char current_source[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";

/* Whether one of the names between commas is `name`. */
static bool is_listed(const char *list, const char *name) {
    const grille_bytes wanted = grille_bytes_of_text(name);
    while (list[0] != '\0') {
        const size_t len = strcspn(list, ",");
        if (len > 0 && grille_bytes_equal(grille_bytes_of(list, len), wanted)) return true;
        list = &list[len];
        list = &list[strspn(list, ",")];
    }
    return false;
}

static bool read_source(const grille_boot_run *run, char source[SOURCE_BYTES], grille_error *said) {
    size_t len = 0;
    const int problem = run->ground->read_file(run->ground->user, current_source, source, SOURCE_BYTES - 1, &len);
    source[problem == 0 ? len : 0] = '\0';
    source[strcspn(source, "\n")] = '\0';
    if (problem == 0 && source[0] != '\0') return true;
    (void)grille_error_set(said, GRILLE_REASON_BOOT_CLOCK,
                           "nobody says who keeps the time; observed: %s: %s; expected: a name. Likely the image's "
                           "/sys is not mounted",
                           current_source, problem == 0 ? "empty" : strerror(problem));
    return false;
}

static bool judge_source(const grille_boot_run *run, const char *source, grille_error *said) {
    if (is_listed(run->options->clock_sources, source)) return true;
    (void)grille_error_set(said, GRILLE_REASON_BOOT_CLOCK,
                           "the kernel's clock source is not one that is trusted here; observed: %s; expected: one of "
                           "%.160s",
                           source, run->options->clock_sources);
    return false;
}

/* A clock that stands still is found by count: there is no other one to wait by. */
static bool moves(const grille_boot_run *run, grille_error *said) {
    const grille_time_us first_us = run->ground->monotonic_us(run->ground->user);
    grille_time_us now_us = first_us;
    for (int reads = 0; now_us == first_us && reads < GRILLE_LIMIT_BOOT_CLOCK_READS; reads++)
        now_us = run->ground->monotonic_us(run->ground->user);
    if (now_us > first_us) return true;
    (void)grille_error_set(said, GRILLE_REASON_BOOT_CLOCK,
                           "the monotonic clock does not go on; observed: %" PRIu64 " us, then %" PRIu64
                           " us; expected: a later time. Likely its source is broken",
                           first_us, now_us);
    return false;
}

/* What an NSM's document says of the time. Its signature is not looked at: it comes from the device. */
static grille_reason ask_nsm(grille_boot_run *run, grille_wall_ms *told_ms, grille_error *why) {
    const grille_nsm_request nothing = {.nonce = {0}};
    uint8_t document[GRILLE_NSM_RESPONSE_MAX];
    grille_trusted_clock clock;
    size_t len = 0;
    grille_reason reason = run->nsm->functions->attest(run->nsm, &nothing, document, sizeof document, &len, why);
    if (reason != GRILLE_REASON_OK) return reason;
    grille_trusted_clock_init(&clock);
    reason = grille_trusted_clock_take(&clock, &nothing, grille_bytes_of(document, len), 0, why);
    *told_ms = clock.timestamp_ms;
    grille_trusted_clock_deinit(&clock);
    return reason;
}

/* The document was made between the two looks at the wall clock; what it is off both is the clock's error. */
static bool compare_wall(grille_boot_run *run, int64_t *off_ms, grille_error *said) {
    const grille_wall_ms before_ms = run->ground->wall_ms(run->ground->user);
    grille_wall_ms after_ms = 0, told_ms = 0;
    grille_error why = {.code = GRILLE_OK};
    if (ask_nsm(run, &told_ms, &why) != GRILLE_REASON_OK) {
        (void)grille_error_set(said, GRILLE_REASON_BOOT_CLOCK,
                               "the NSM does not tell the time; observed: %.32s: %.220s; expected: a document. Likely "
                               "the device is not a real NSM",
                               why.name, why.text);
        return false;
    }
    after_ms = run->ground->wall_ms(run->ground->user);
    *off_ms = told_ms > after_ms ? after_ms - told_ms : before_ms > told_ms ? before_ms - told_ms : 0;
    if (*off_ms <= run->options->wall_clock_tolerance_ms && -*off_ms <= run->options->wall_clock_tolerance_ms)
        return true;
    (void)grille_error_set(said, GRILLE_REASON_BOOT_CLOCK,
                           "the wall clock is not the NSM's; observed: %" PRId64 " ms, %" PRId64
                           " ms off the document's %" PRId64 "; expected: at most %" PRIu32 " ms off",
                           after_ms, *off_ms, told_ms, run->options->wall_clock_tolerance_ms);
    return false;
}

grille_boot_outcome grille_boot_check_clock(grille_boot_run *run, grille_error *said) {
    char source[SOURCE_BYTES];
    int64_t off_ms = 0;
    if (!moves(run, said)) return GRILLE_BOOT_FAILED;
    if (!run->ground->has_device) {
        return grille_boot_say(said, GRILLE_BOOT_NOT_CHECKED, "%s; the monotonic clock goes on",
                               grille_boot_without_nsm(run));
    }
    if (!read_source(run, source, said) || !judge_source(run, source, said)) return GRILLE_BOOT_FAILED;
    if (run->nsm == NULL || run->options->wall_clock_tolerance_ms == 0) {
        return grille_boot_say(said, GRILLE_BOOT_NOT_CHECKED, "%s is the source; the wall clock is not compared: %s",
                               source, run->nsm == NULL ? grille_boot_without_nsm(run) : "the options say so");
    }
    if (!compare_wall(run, &off_ms, said)) return GRILLE_BOOT_FAILED;
    return grille_boot_say(said, GRILLE_BOOT_PASSED, "%s is the source; the wall clock is %" PRId64 " ms off the NSM's",
                           source, off_ms);
}
