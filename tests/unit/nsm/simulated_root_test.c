/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/pem.h"
#include "grille/log.h"
#include "nsm/simulated.h"
#include "tests/unit/nsm/document_reader.h"

static char base[32];
static char folder[64];

static const char *in_folder(const char *name) {
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_base(void **state) {
    (void)state;
    (void)snprintf(base, sizeof base, "/tmp/sim-XXXXXX");
    if (mkdtemp(base) == NULL) return -1;
    (void)snprintf(folder, sizeof folder, "%s/root", base);
    return 0;
}

static int remove_base(void **state) {
    (void)state;
    (void)unlink(in_folder(GRILLE_SIM_ROOT_KEY_FILE));
    (void)unlink(in_folder(GRILLE_SIM_ROOT_CERTIFICATE_FILE));
    (void)rmdir(folder);
    return rmdir(base);
}

static mode_t mode_of(const char *path) {
    struct stat found;
    assert_int_equal(0, stat(path, &found));
    return found.st_mode & 07777;
}

static size_t read_text(const char *path, char *text, size_t capacity) {
    FILE *file = fopen(path, "r");
    size_t len;
    assert_non_null(file);
    len = fread(text, 1, capacity, file);
    assert_int_equal(0, fclose(file));
    return len;
}

static void write_text(const char *path, const char *text, size_t len) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(len, fwrite(text, 1, len, file));
    assert_int_equal(0, fclose(file));
}

static grille_reason open_from(const char *root_folder, grille_nsm **nsm, grille_error *error) {
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    options.root_folder = root_folder;
    return grille_nsm_open_simulated_insecure(&options, nsm, error);
}

static void a_fresh_folder_gets_key_and_certificate(void **state) {
    grille_error error;
    (void)state;
    assert_reason(OK, grille_sim_init_insecure(folder, &error));
    assert_int_equal(0700, mode_of(folder));
    assert_int_equal(0600, mode_of(in_folder(GRILLE_SIM_ROOT_KEY_FILE)));
    assert_int_equal(0, mode_of(in_folder(GRILLE_SIM_ROOT_CERTIFICATE_FILE)) & 0133);
}

static void documents_of_two_openings_end_at_the_root_on_disk(void **state) {
    char text[2048];
    uint8_t der[1024], document[GRILLE_NSM_RESPONSE_MAX];
    size_t der_len = 0;
    grille_pem_label label;
    grille_reader reader;
    grille_error error;
    (void)state;
    assert_reason(OK, grille_sim_init_insecure(folder, &error));
    reader = grille_reader_of(
        grille_bytes_of(text, read_text(in_folder(GRILLE_SIM_ROOT_CERTIFICATE_FILE), text, sizeof text)));
    assert_reason(OK, grille_pem_read(&reader, &label, der, sizeof der, &der_len));
    assert_int_equal(GRILLE_PEM_CERTIFICATE, label);
    for (int i = 0; i < 2; i++) {
        grille_nsm *nsm = NULL;
        read_document read;
        size_t len = 0;
        assert_reason(OK, open_from(folder, &nsm, &error));
        assert_reason(OK, nsm->functions->attest(nsm, &(grille_nsm_request){.nonce = {NULL, 0}}, document,
                                                 sizeof document, &len, &error));
        read = read_document_of(grille_bytes_of(document, len));
        assert_reason(OK, verify_document(&read, read.certificate));
        assert_int_equal(der_len, read.cabundle[0].len);
        assert_memory_equal(der, read.cabundle[0].data, der_len);
        nsm->functions->close(nsm);
    }
}

static void existing_files_are_never_replaced(void **state) {
    char before[2048], after[2048];
    size_t before_len, after_len;
    grille_error error;
    (void)state;
    assert_reason(OK, grille_sim_init_insecure(folder, &error));
    before_len = read_text(in_folder(GRILLE_SIM_ROOT_KEY_FILE), before, sizeof before);
    assert_reason(SYSTEM, grille_sim_init_insecure(folder, &error));
    assert_non_null(strstr(error.text, folder));
    after_len = read_text(in_folder(GRILLE_SIM_ROOT_KEY_FILE), after, sizeof after);
    assert_int_equal(before_len, after_len);
    assert_memory_equal(before, after, before_len);
    /* the certificate alone is enough to stop it, and then no key is left behind */
    assert_int_equal(0, unlink(in_folder(GRILLE_SIM_ROOT_KEY_FILE)));
    assert_reason(SYSTEM, grille_sim_init_insecure(folder, &error));
    assert_int_equal(-1, access(in_folder(GRILLE_SIM_ROOT_KEY_FILE), F_OK));
}

static void a_folder_open_to_others_is_refused(void **state) {
    static const mode_t modes[] = {0755, 0710, 0701, 0704};
    grille_error error;
    (void)state;
    assert_int_equal(0, mkdir(folder, 0700));
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(0, chmod(folder, modes[i]));
        assert_reason(SYSTEM, grille_sim_init_insecure(folder, &error));
        assert_non_null(strstr(error.text, "chmod 700"));
        assert_int_equal(-1, access(in_folder(GRILLE_SIM_ROOT_KEY_FILE), F_OK));
    }
    assert_int_equal(0, chmod(folder, 0700));
    assert_reason(OK, grille_sim_init_insecure(folder, &error));
}

static void a_key_that_others_may_read_is_refused(void **state) {
    grille_nsm *nsm = NULL;
    grille_error error;
    (void)state;
    assert_reason(OK, grille_sim_init_insecure(folder, &error));
    assert_int_equal(0, chmod(in_folder(GRILLE_SIM_ROOT_KEY_FILE), 0640));
    assert_reason(SYSTEM, open_from(folder, &nsm, &error));
    assert_null(nsm);
    assert_int_equal(0, chmod(in_folder(GRILLE_SIM_ROOT_KEY_FILE), 0600));
    assert_int_equal(0, chmod(folder, 0750));
    assert_reason(SYSTEM, open_from(folder, &nsm, &error));
}

static void missing_and_malformed_files_are_refused(void **state) {
    char text[2048];
    size_t len;
    grille_nsm *nsm = NULL;
    grille_error error;
    (void)state;
    assert_reason(SYSTEM, open_from(folder, &nsm, &error));
    assert_non_null(strstr(error.text, "grille sim init"));
    assert_reason(OK, grille_sim_init_insecure(folder, &error));
    len = read_text(in_folder(GRILLE_SIM_ROOT_KEY_FILE), text, sizeof text);
    write_text(in_folder(GRILLE_SIM_ROOT_KEY_FILE), text, len - 2);
    assert_reason(CRYPTO_BAD_PEM, open_from(folder, &nsm, &error));
    write_text(in_folder(GRILLE_SIM_ROOT_KEY_FILE), text, len);
    assert_reason(OK, open_from(folder, &nsm, &error));
    nsm->functions->close(nsm);
    /* a certificate where the key should be */
    len = read_text(in_folder(GRILLE_SIM_ROOT_CERTIFICATE_FILE), text, sizeof text);
    write_text(in_folder(GRILLE_SIM_ROOT_KEY_FILE), text, len);
    assert_int_not_equal(GRILLE_REASON_OK, open_from(folder, &nsm, &error));
    assert_null(nsm);
}

static void a_certificate_of_another_key_is_refused(void **state) {
    char certificate[2048];
    size_t len;
    grille_nsm *nsm = NULL;
    grille_error error;
    (void)state;
    assert_reason(OK, grille_sim_init_insecure(folder, &error));
    len = read_text(in_folder(GRILLE_SIM_ROOT_CERTIFICATE_FILE), certificate, sizeof certificate);
    assert_int_equal(0, unlink(in_folder(GRILLE_SIM_ROOT_KEY_FILE)));
    assert_int_equal(0, unlink(in_folder(GRILLE_SIM_ROOT_CERTIFICATE_FILE)));
    assert_reason(OK, grille_sim_init_insecure(folder, &error));
    write_text(in_folder(GRILLE_SIM_ROOT_CERTIFICATE_FILE), certificate, len);
    assert_reason(CRYPTO_BAD_KEY, open_from(folder, &nsm, &error));
    assert_null(nsm);
}

static void a_place_that_can_not_be_is_refused(void **state) {
    grille_error error;
    (void)state;
    assert_reason(SYSTEM, grille_sim_init_insecure("/nonexistent/folder", &error));
    assert_reason(SYSTEM, grille_sim_init_insecure("/dev/null", &error));
}

static void discard(grille_log_level level, const char *module, const char *line, void *user) {
    (void)module;
    (void)level;
    (void)line;
    (void)user;
}

#define folder_test(function) cmocka_unit_test_setup_teardown(function, make_base, remove_base)

int main(void) {
    const struct CMUnitTest tests[] = {
        folder_test(a_fresh_folder_gets_key_and_certificate),
        folder_test(documents_of_two_openings_end_at_the_root_on_disk),
        folder_test(existing_files_are_never_replaced),
        folder_test(a_folder_open_to_others_is_refused),
        folder_test(a_key_that_others_may_read_is_refused),
        folder_test(missing_and_malformed_files_are_refused),
        folder_test(a_certificate_of_another_key_is_refused),
        folder_test(a_place_that_can_not_be_is_refused),
    };
    grille_log_set(discard, NULL, GRILLE_LOG_ERROR);
    return cmocka_run_group_tests_name("nsm_simulated_root", tests, NULL, NULL);
}
