/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/pem.h"
#include "grille/log.h"
#include "nsm/measure.h"
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

static int remove_files(void) {
    (void)unlink(in_folder(GRILLE_SIM_ROOT_KEY_FILE));
    (void)unlink(in_folder(GRILLE_SIM_ROOT_CERTIFICATE_FILE));
    (void)unlink(in_folder(GRILLE_SIM_SETTINGS_FILE));
    return 0;
}

static int remove_base(void **state) {
    (void)state;
    (void)remove_files();
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
    assert_reason(OK, grille_sim_init_insecure(folder, NULL, &error));
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
    assert_reason(OK, grille_sim_init_insecure(folder, NULL, &error));
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
    assert_reason(OK, grille_sim_init_insecure(folder, NULL, &error));
    before_len = read_text(in_folder(GRILLE_SIM_ROOT_KEY_FILE), before, sizeof before);
    assert_reason(SYSTEM, grille_sim_init_insecure(folder, NULL, &error));
    assert_non_null(strstr(error.text, folder));
    after_len = read_text(in_folder(GRILLE_SIM_ROOT_KEY_FILE), after, sizeof after);
    assert_int_equal(before_len, after_len);
    assert_memory_equal(before, after, before_len);
    /* the certificate alone is enough to stop it, and then no key is left behind */
    assert_int_equal(0, unlink(in_folder(GRILLE_SIM_ROOT_KEY_FILE)));
    assert_reason(SYSTEM, grille_sim_init_insecure(folder, NULL, &error));
    assert_int_equal(-1, access(in_folder(GRILLE_SIM_ROOT_KEY_FILE), F_OK));
}

static void a_folder_open_to_others_is_refused(void **state) {
    static const mode_t modes[] = {0755, 0710, 0701, 0704};
    grille_error error;
    (void)state;
    assert_int_equal(0, mkdir(folder, 0700));
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(0, chmod(folder, modes[i]));
        assert_reason(SYSTEM, grille_sim_init_insecure(folder, NULL, &error));
        assert_non_null(strstr(error.text, "chmod 700"));
        assert_int_equal(-1, access(in_folder(GRILLE_SIM_ROOT_KEY_FILE), F_OK));
    }
    assert_int_equal(0, chmod(folder, 0700));
    assert_reason(OK, grille_sim_init_insecure(folder, NULL, &error));
}

static void a_key_that_others_may_read_is_refused(void **state) {
    grille_nsm *nsm = NULL;
    grille_error error;
    (void)state;
    assert_reason(OK, grille_sim_init_insecure(folder, NULL, &error));
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
    assert_reason(OK, grille_sim_init_insecure(folder, NULL, &error));
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
    assert_reason(OK, grille_sim_init_insecure(folder, NULL, &error));
    len = read_text(in_folder(GRILLE_SIM_ROOT_CERTIFICATE_FILE), certificate, sizeof certificate);
    assert_int_equal(0, unlink(in_folder(GRILLE_SIM_ROOT_KEY_FILE)));
    assert_int_equal(0, unlink(in_folder(GRILLE_SIM_ROOT_CERTIFICATE_FILE)));
    assert_int_equal(0, unlink(in_folder(GRILLE_SIM_SETTINGS_FILE)));
    assert_reason(OK, grille_sim_init_insecure(folder, NULL, &error));
    write_text(in_folder(GRILLE_SIM_ROOT_CERTIFICATE_FILE), certificate, len);
    assert_reason(CRYPTO_BAD_KEY, open_from(folder, &nsm, &error));
    assert_null(nsm);
}

static void a_place_that_can_not_be_is_refused(void **state) {
    grille_error error;
    (void)state;
    assert_reason(SYSTEM, grille_sim_init_insecure("/nonexistent/folder", NULL, &error));
    assert_reason(SYSTEM, grille_sim_init_insecure("/dev/null", NULL, &error));
}

/* ---- Settings ---- */

#define HEX(two) two two two two two two two two two two two two two two two two
#define PCR(two) HEX(two) HEX(two) HEX(two)

static const char role[] = "arn:aws:iam::123456789012:role/Webserver";

static grille_nsm_simulated_options chosen(grille_nsm_simulated_pcr pcrs[2]) {
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    memset(pcrs[0].value, 0x08, sizeof pcrs[0].value);
    memset(pcrs[1].value, 0x11, sizeof pcrs[1].value);
    pcrs[0].index = 8;
    pcrs[1].index = 17;
    options.region = "eu-test-9";
    options.instance_id = "i-0123456789abcdef0";
    options.role_arn = role;
    options.executable = "/proc/self/exe";
    options.pcrs = pcrs;
    options.pcr_count = 2;
    return options;
}

static void assert_pcr_is(grille_nsm *nsm, uint16_t index, const uint8_t expected[GRILLE_NSM_PCR_BYTES]) {
    uint8_t value[GRILLE_NSM_PCR_BYTES];
    bool locked = false;
    grille_error error;
    assert_reason(OK, nsm->functions->describe_pcr(nsm, index, value, &locked, &error));
    assert_memory_equal(expected, value, sizeof value);
    assert_int_equal(index < 16, locked);
}

static void each_opening_starts_from_the_settings(void **state) {
    grille_nsm_simulated_pcr pcrs[2];
    grille_nsm_simulated_options options = chosen(pcrs);
    static grille_sim_view view;
    uint8_t pcr0[GRILLE_NSM_PCR_BYTES], pcr2[GRILLE_NSM_PCR_BYTES], value[GRILLE_NSM_PCR_BYTES];
    grille_nsm *nsm = NULL;
    grille_nsm_description description;
    grille_error error;
    (void)state;
    assert_reason(OK, grille_sim_init_insecure(folder, &options, &error));
    assert_int_equal(0600, mode_of(in_folder(GRILLE_SIM_SETTINGS_FILE)));
    assert_reason(OK, grille_measure_executable("/proc/self/exe", pcr0, pcr2, &error));
    assert_reason(OK, grille_sim_read_insecure(folder, &view, &error));
    assert_string_equal("eu-test-9", view.region);
    assert_string_equal("i-0123456789abcdef0", view.instance_id);
    assert_string_equal(role, view.role_arn);
    assert_string_equal("/proc/self/exe", view.executable);
    assert_false(view.debug_mode);
    assert_int_equal(0, view.of_program);
    for (int i = 0; i < 2; i++) {
        assert_reason(OK, open_from(folder, &nsm, &error));
        assert_reason(OK, nsm->functions->describe(nsm, &description, &error));
        assert_memory_equal("i-0123456789abcdef0-enc", description.module_id, 23);
        assert_pcr_is(nsm, 0, pcr0);
        assert_pcr_is(nsm, 2, pcr2);
        for (uint16_t index = 0; index < GRILLE_NSM_PCR_COUNT; index++)
            assert_pcr_is(nsm, index, view.pcrs[index]);
        assert_memory_equal("\x78\xfc\xe7\x5d\xb1\x7c\xd4\xe0", view.pcrs[3], 8);
        assert_pcr_is(nsm, 8, pcrs[0].value);
        assert_pcr_is(nsm, 17, pcrs[1].value);
        /* what is extended and locked ends with its module */
        assert_reason(OK, nsm->functions->extend_pcr(nsm, 17, grille_bytes_of_text("x"), value, &error));
        assert_reason(OK, nsm->functions->lock_pcr(nsm, 17, &error));
        nsm->functions->close(nsm);
    }
}

static void options_come_before_settings(void **state) {
    grille_nsm_simulated_pcr pcrs[2], other = {.index = 17};
    grille_nsm_simulated_options options = chosen(pcrs);
    grille_nsm *nsm = NULL;
    grille_nsm_description description;
    grille_error error;
    (void)state;
    assert_reason(OK, grille_sim_init_insecure(folder, &options, &error));
    options = grille_nsm_simulated_options_default();
    options.root_folder = folder;
    options.instance_id = "i-0aaaaaaaaaaaaaaaa";
    options.pcrs = &other;
    options.pcr_count = 1;
    assert_reason(OK, grille_nsm_open_simulated_insecure(&options, &nsm, &error));
    assert_reason(OK, nsm->functions->describe(nsm, &description, &error));
    assert_memory_equal("i-0aaaaaaaaaaaaaaaa-enc", description.module_id, 23);
    assert_pcr_is(nsm, 8, pcrs[0].value);
    assert_pcr_is(nsm, 17, other.value);
    nsm->functions->close(nsm);
}

static void debug_and_the_program_show_in_the_view(void **state) {
    static const uint8_t zero[GRILLE_NSM_PCR_BYTES];
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    static grille_sim_view view;
    grille_nsm_simulated_pcr pcr = {.index = 1, .value = {1}};
    grille_nsm *nsm = NULL;
    grille_error error;
    (void)state;
    options.pcrs = &pcr;
    options.pcr_count = 1;
    assert_reason(OK, grille_sim_init_insecure(folder, &options, &error));
    assert_reason(OK, grille_sim_read_insecure(folder, &view, &error));
    assert_int_equal(1, view.of_program);
    assert_memory_equal(zero, view.pcrs[0], sizeof zero);
    assert_memory_equal(pcr.value, view.pcrs[1], sizeof zero);
    assert_string_equal("insecure-local-1", view.region);
    assert_int_equal('i', view.instance_id[0]);
    assert_int_equal(0, remove_files());
    options.pcr_count = 0;
    options.debug_mode = true;
    options.role_arn = role;
    assert_reason(OK, grille_sim_init_insecure(folder, &options, &error));
    assert_reason(OK, grille_sim_read_insecure(folder, &view, &error));
    assert_true(view.debug_mode);
    assert_int_equal(0, view.of_program);
    assert_reason(OK, open_from(folder, &nsm, &error));
    for (uint16_t index = 0; index < 16; index++) {
        bool real = index == 3 || index == 4;
        assert_pcr_is(nsm, index, view.pcrs[index]);
        assert_int_equal(!real, memcmp(zero, view.pcrs[index], sizeof zero) == 0);
    }
    nsm->functions->close(nsm);
}

static void options_that_no_nsm_has_are_refused(void **state) {
    static const char *const bad_regions[] = {"", "Eu", "a.b", "abcdefghijklmnopqrstu", "a b"};
    static const char *const bad_instances[] = {"", "i-0123456789abcdef", "i-0123456789abcdef01", "i-0123456789ABCDEF0",
                                                "x-0123456789abcdef0"};
    static const char *const bad_roles[] = {"", "role", "arn:a b", "arn:a\nb", "arn:a\"\x7f"};
    static const char *const bad_paths[] = {"", "relative", "/a\nb", "/a: b", "/a #b", "/a:", "/a ", "/\x01"};
    grille_nsm_simulated_pcr pcrs[2] = {{.index = 3}, {.index = 3}};
    char long_role[2100] = "arn:", long_path[5000] = "/";
    grille_nsm_simulated_options options;
    grille_error error;
    (void)state;
#define REFUSED(field, text)                                                                                           \
    do {                                                                                                               \
        options = grille_nsm_simulated_options_default();                                                              \
        options.field = text;                                                                                          \
        assert_reason(BAD_ARGUMENT, grille_sim_init_insecure(folder, &options, &error));                               \
        assert_int_equal(-1, access(folder, F_OK));                                                                    \
    } while (0)
    for (size_t i = 0; i < 5; i++)
        REFUSED(region, bad_regions[i]);
    for (size_t i = 0; i < 5; i++)
        REFUSED(instance_id, bad_instances[i]);
    for (size_t i = 0; i < 5; i++)
        REFUSED(role_arn, bad_roles[i]);
    for (size_t i = 0; i < 8; i++)
        REFUSED(executable, bad_paths[i]);
    memset(long_role + 4, 'r', 2045);
    REFUSED(role_arn, long_role);
    memset(long_path + 1, 'p', sizeof long_path - 2);
    REFUSED(executable, long_path);
    options = grille_nsm_simulated_options_default();
    options.pcrs = pcrs;
    options.pcr_count = 2;
    assert_reason(BAD_ARGUMENT, grille_sim_init_insecure(folder, &options, &error));
    assert_non_null(strstr(error.text, "PCR3 is given twice"));
    pcrs[1].index = 32;
    assert_reason(BAD_ARGUMENT, grille_sim_init_insecure(folder, &options, &error));
    assert_non_null(strstr(error.text, "PCR32 does not exist"));
}

static void write_settings(const char *text, size_t len) {
    assert_int_equal(0, unlink(in_folder(GRILLE_SIM_SETTINGS_FILE)));
    write_text(in_folder(GRILLE_SIM_SETTINGS_FILE), text, len);
    assert_int_equal(0, chmod(in_folder(GRILLE_SIM_SETTINGS_FILE), 0600));
}

/* Each wrong in one way, and which line says so. */
static void bad_settings_are_refused_with_their_line(void **state) {
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"regiom: a\n", "insecure-module.yaml:1: \"regiom\": the keys are region"},
        {"debug: true\nRegion: a\n", ":2: "},
        {"region: a\n\n# c\nregion: a\n", ":4: \"region\": this key is there twice"},
        {"region a\n", ":1: \"region a\": expected \"key: value\""},
        {"region:a\n", "expected \"key: value\""},
        {"region:\n", "expected \"key: value\""},
        {"region: \n", "expected \"key: value\""},
        {"region: 'a'\n", "without quotes"},
        {"region: \"a\"\n", "without quotes"},
        {"region: a # comment\n", "expected \"key: value\""},
        {" region: a\n", "the keys are"},
        {"region : a\n", "the keys are"},
        {"region: a\r\n", "expected \"key: value\""},
        {"region: a\tb\n", "expected \"key: value\""},
        {"region: A\n", "a region is 1 to 20"},
        {"instance_id: i-1\n", "17 lower-case hex digits"},
        {"role: admin\n", "a role is an ARN"},
        {"executable: a.out\n", "an absolute path"},
        {"debug: yes\n", "debug is true or false"},
        {"debug: TRUE\n", "debug is true or false"},
        {"pcr32: " PCR("00") "\n", "the keys are"},
        {"pcr01: " PCR("00") "\n", "the keys are"},
        {"pcr: " PCR("00") "\n", "the keys are"},
        {"pcr1: " PCR("00") "0\n", "96 hex digits"},
        {"pcr1: " PCR("00") "00\n", "96 hex digits"},
        {"pcr1: " PCR("0g") "\n", "96 hex digits"},
        {"pcr1: 00\n", "96 hex digits"},
        {"pcr7: " PCR("00") "\npcr7: " PCR("00") "\n", ":2: \"pcr7\": this key is there twice"},
        {"region: [a]\n", "without quotes"},
        {"---\n", "expected \"key: value\""},
        {": a\n", "the keys are"},
    };
    static char line[6000];
    static const char zero[] = "region: a\0b\n";
    grille_nsm *nsm = NULL;
    grille_error error;
    (void)state;
    assert_reason(OK, grille_sim_init_insecure(folder, NULL, &error));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_settings(rows[i].text, strlen(rows[i].text));
        assert_reason(BAD_ARGUMENT, open_from(folder, &nsm, &error));
        if (strstr(error.text, rows[i].says) == NULL) fail_msg("%s: %s", rows[i].text, error.text);
    }
    write_settings(zero, sizeof zero - 1);
    assert_reason(BAD_ARGUMENT, open_from(folder, &nsm, &error));
    assert_non_null(strstr(error.text, "zero byte"));
    memset(line, '#', sizeof line);
    write_settings(line, sizeof line);
    assert_reason(BAD_ARGUMENT, open_from(folder, &nsm, &error));
    assert_non_null(strstr(error.text, "too long"));
}

/* Cut anywhere the text is either right or refused, and what is right needs no last line end. */
static void settings_cut_anywhere(void **state) {
    static const char text[] = "# c\n\nregion: a-1\ninstance_id: i-0123456789abcdef0\nrole: arn:x\ndebug: true\n"
                               "pcr0: " PCR("aB") "\npcr31: " PCR("01");
    size_t accepted = 0;
    grille_nsm *nsm = NULL;
    grille_error error;
    (void)state;
    assert_reason(OK, grille_sim_init_insecure(folder, NULL, &error));
    for (size_t len = 0; len < sizeof text; len++) {
        write_settings(text, len);
        if (open_from(folder, &nsm, &error) != GRILLE_REASON_OK) {
            assert_string_equal("BAD-ARGUMENT", error.name);
            assert_non_null(strstr(error.text, GRILLE_SIM_SETTINGS_FILE ":"));
            continue;
        }
        accepted++;
        if (len < sizeof text - 1) nsm->functions->close(nsm);
    }
    assert_in_range(accepted, 15, 40);
    assert_non_null(nsm);
    nsm->functions->close(nsm);
}

static void files_that_others_reach_are_refused(void **state) {
    static const struct {
        const char *name;
        mode_t mode, right;
    } rows[] = {
        {GRILLE_SIM_ROOT_KEY_FILE, 0640, 0600},         {GRILLE_SIM_ROOT_KEY_FILE, 0604, 0600},
        {GRILLE_SIM_ROOT_KEY_FILE, 0620, 0600},         {GRILLE_SIM_SETTINGS_FILE, 0640, 0600},
        {GRILLE_SIM_SETTINGS_FILE, 0602, 0600},         {GRILLE_SIM_ROOT_CERTIFICATE_FILE, 0664, 0644},
        {GRILLE_SIM_ROOT_CERTIFICATE_FILE, 0646, 0644},
    };
    static grille_sim_view view;
    char name[300];
    grille_nsm *nsm = NULL;
    grille_error error;
    (void)state;
    assert_reason(OK, grille_sim_init_insecure(folder, NULL, &error));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(0, chmod(in_folder(rows[i].name), rows[i].mode));
        assert_reason(SYSTEM, open_from(folder, &nsm, &error));
        (void)snprintf(name, sizeof name, "chmod 600 %s/%s", folder, rows[i].name);
        assert_non_null(strstr(error.text, name));
        assert_reason(SYSTEM, grille_sim_read_insecure(folder, &view, &error));
        assert_int_equal(0, chmod(in_folder(rows[i].name), rows[i].right));
    }
    assert_int_equal(0, chmod(folder, 0710));
    assert_reason(SYSTEM, grille_sim_read_insecure(folder, &view, &error));
    assert_int_equal(0, chmod(folder, 0700));
    /* a file elsewhere, a folder, nothing */
    (void)snprintf(name, sizeof name, "%s/elsewhere", base);
    assert_int_equal(0, rename(in_folder(GRILLE_SIM_SETTINGS_FILE), name));
    assert_reason(SYSTEM, open_from(folder, &nsm, &error));
    assert_non_null(strstr(error.text, "make a new one"));
    assert_int_equal(0, symlink(name, in_folder(GRILLE_SIM_SETTINGS_FILE)));
    assert_reason(SYSTEM, open_from(folder, &nsm, &error));
    assert_int_equal(0, unlink(in_folder(GRILLE_SIM_SETTINGS_FILE)));
    assert_int_equal(0, mkdir(in_folder(GRILLE_SIM_SETTINGS_FILE), 0700));
    assert_reason(SYSTEM, open_from(folder, &nsm, &error));
    assert_int_equal(0, rmdir(in_folder(GRILLE_SIM_SETTINGS_FILE)));
    assert_int_equal(0, rename(name, in_folder(GRILLE_SIM_SETTINGS_FILE)));
    assert_reason(OK, open_from(folder, &nsm, &error));
    nsm->functions->close(nsm);
}

static int warnings;

/* The settings alone are enough to stop it too, and nothing is left behind. */
static void settings_are_never_replaced(void **state) {
    char text[2048];
    grille_error error;
    (void)state;
    assert_int_equal(0, mkdir(folder, 0700));
    write_text(in_folder(GRILLE_SIM_SETTINGS_FILE), "mine", 4);
    assert_reason(SYSTEM, grille_sim_init_insecure(folder, NULL, &error));
    assert_int_equal(-1, access(in_folder(GRILLE_SIM_ROOT_KEY_FILE), F_OK));
    assert_int_equal(-1, access(in_folder(GRILLE_SIM_ROOT_CERTIFICATE_FILE), F_OK));
    assert_int_equal(4, read_text(in_folder(GRILLE_SIM_SETTINGS_FILE), text, sizeof text));
}

static void count_warning(grille_log_level level, const char *module, const char *line, void *user) {
    (void)user;
    assert_int_equal(GRILLE_LOG_WARNING, level);
    assert_string_equal("nsm", module);
    assert_memory_equal("INSECURE: ", line, 10);
    warnings++;
}

static void discard(grille_log_level level, const char *module, const char *line, void *user);

/* Making, opening in either form and looking: one banner each. */
static void every_use_warns(void **state) {
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    grille_nsm_simulated_module *module = NULL;
    static grille_sim_view view;
    grille_nsm *nsm = NULL;
    grille_error error;
    (void)state;
    warnings = 0;
    grille_log_set(count_warning, NULL, GRILLE_LOG_WARNING);
    assert_reason(OK, grille_sim_init_insecure(folder, NULL, &error));
    assert_int_equal(1, warnings);
    assert_reason(OK, open_from(folder, &nsm, &error));
    assert_int_equal(2, warnings);
    nsm->functions->close(nsm);
    assert_reason(OK, open_from(NULL, &nsm, &error));
    assert_int_equal(3, warnings);
    nsm->functions->close(nsm);
    options.root_folder = folder;
    assert_reason(OK, grille_nsm_simulated_module_open_insecure(&options, &module, &error));
    assert_int_equal(4, warnings);
    grille_nsm_simulated_module_close(module);
    assert_reason(OK, grille_sim_read_insecure(folder, &view, &error));
    assert_int_equal(5, warnings);
    grille_log_set(discard, NULL, GRILLE_LOG_ERROR);
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
        folder_test(each_opening_starts_from_the_settings),
        folder_test(options_come_before_settings),
        folder_test(debug_and_the_program_show_in_the_view),
        folder_test(options_that_no_nsm_has_are_refused),
        folder_test(bad_settings_are_refused_with_their_line),
        folder_test(settings_cut_anywhere),
        folder_test(files_that_others_reach_are_refused),
        folder_test(settings_are_never_replaced),
        folder_test(every_use_warns),
    };
    grille_log_set(discard, NULL, GRILLE_LOG_ERROR);
    return cmocka_run_group_tests_name("nsm_simulated_root", tests, NULL, NULL);
}
