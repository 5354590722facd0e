/* SPDX-License-Identifier: Apache-2.0
 * Randomness: the kernel's pool has bytes of the NSM, and its generator runs. */
#include <errno.h>

#include "base/bytes.h"
#include "base/error.h"
#include "boot/check.h"

/* The kernel's generator has a key of 256 bits. */
enum { SEED_BYTES = 32 };

static const char rng_current[] = "/sys/class/misc/hw_random/rng_current";

/* The kernel's own source, for the operator: with Nitro's driver it is nsm-hwrng. */
static void read_source(const grille_boot_run *run, char *source, size_t capacity) {
    size_t len = 0;
    if (run->ground->read_file(run->ground->user, rng_current, source, capacity - 1, &len) != 0) len = 0;
    source[len] = '\0';
    source[strcspn(source, "\n")] = '\0';
    if (source[0] == '\0') (void)memcpy(source, "none", sizeof "none");
}

static grille_boot_outcome fail_draw(const char *what, const grille_error *why, grille_error *said) {
    (void)grille_error_set(said, GRILLE_REASON_BOOT_NO_RANDOM, "%s; observed: %.32s: %.220s; expected: %d bytes", what,
                           why->name, why->text, SEED_BYTES);
    return GRILLE_BOOT_FAILED;
}

/* Two answers that differ; true: they are in seed. */
static bool draw(grille_boot_run *run, uint8_t seed[2 * SEED_BYTES], grille_error *said) {
    const grille_bytes first = grille_bytes_of(seed, SEED_BYTES);
    const grille_bytes second = grille_bytes_of(&seed[SEED_BYTES], SEED_BYTES);
    grille_error why = {.code = GRILLE_OK};
    for (int half = 0; half < 2; half++) {
        if (run->nsm->functions->random(run->nsm, &seed[half * SEED_BYTES], SEED_BYTES, &why) != GRILLE_REASON_OK) {
            (void)fail_draw("the NSM gives no seed", &why, said);
            return false;
        }
    }
    if (!grille_bytes_equal_constant_time(first, second) && !grille_bytes_all_zero(first) &&
        !grille_bytes_all_zero(second))
        return true;
    (void)grille_error_set(said, GRILLE_REASON_BOOT_NO_RANDOM,
                           "the NSM's bytes are not random; observed: two answers of %d bytes that are the same, or "
                           "one of zeros; expected: two that differ. Likely the device is not a real NSM",
                           SEED_BYTES);
    return false;
}

/* Counted as entropy where we may, else only mixed in, which anybody may. */
static bool seed_kernel(const grille_boot_run *run, grille_bytes seed, bool *counted, grille_error *said) {
    int problem = run->ground->credit_random(run->ground->user, seed);
    *counted = problem == 0;
    if (problem != 0) problem = run->ground->mix_random(run->ground->user, seed);
    if (problem == 0) return true;
    (void)grille_error_set(said, GRILLE_REASON_BOOT_NO_RANDOM,
                           "the kernel takes no bytes of the NSM's; observed: /dev/urandom: %s; expected: a device "
                           "that can be written. Likely the image's /dev lacks it",
                           strerror(problem));
    return false;
}

static bool is_ready(const grille_boot_run *run, grille_error *said) {
    uint8_t drawn[SEED_BYTES];
    const int problem = run->ground->draw_random(run->ground->user, drawn, sizeof drawn);
    grille_wipe(drawn, sizeof drawn);
    if (problem == 0) return true;
    (void)grille_error_set(said, GRILLE_REASON_BOOT_NO_RANDOM,
                           "the kernel's generator gives no bytes; observed: getrandom: %s; expected: %d bytes at once",
                           problem == EAGAIN ? "not seeded yet" : strerror(problem), SEED_BYTES);
    return false;
}

grille_boot_outcome grille_boot_check_randomness(grille_boot_run *run, grille_error *said) {
    uint8_t seed[2 * SEED_BYTES];
    char source[64];
    bool counted = false, good = true;
    if (run->nsm != NULL) {
        good = draw(run, seed, said) && seed_kernel(run, grille_bytes_of(seed, sizeof seed), &counted, said);
        grille_wipe(seed, sizeof seed);
    }
    if (!good || !is_ready(run, said)) return GRILLE_BOOT_FAILED;
    read_source(run, source, sizeof source);
    if (run->nsm == NULL) {
        return grille_boot_say(said, GRILLE_BOOT_NOT_CHECKED,
                               "%s: no bytes to seed from; the kernel's generator runs, its device is %s",
                               grille_boot_without_nsm(run), source);
    }
    return grille_boot_say(
        said, GRILLE_BOOT_PASSED, "the kernel has %d bytes of the NSM's%s; its generator runs, its device is %s",
        2 * SEED_BYTES, counted ? "" : " (not counted as entropy: that needs CAP_SYS_ADMIN)", source);
}
