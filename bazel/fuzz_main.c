/* Runs a fuzz target over its corpus where libFuzzer is not linked: each file whole, then cut short at every point of
 * its first bytes. Each input is copied to a heap block of exactly its size, so that ASan sees any read past it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Cutting a long input at every point costs time squared. */
static const size_t longest_cut = 512;

static void run_input(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) abort();
    if (size) memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

/* The whole file in a block of the caller's to free, NULL when it can't be read. */
static uint8_t *read_file(const char *path, size_t *size) {
    uint8_t *data = NULL;
    long end;
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    if (fseek(file, 0, SEEK_END) == 0 && (end = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0) {
        *size = (size_t)end;
        data = malloc(*size + 1);
        if (data && fread(data, 1, *size, file) != *size) {
            free(data);
            data = NULL;
        }
    }
    fclose(file);
    return data;
}

static int run_file(const char *path) {
    size_t size = 0;
    printf("[ RUN      ] %s\n", path);
    fflush(stdout);
    uint8_t *data = read_file(path, &size);
    if (!data) {
        printf("cannot read %s\n[  FAILED  ] %s\n", path, path);
        return 1;
    }
    run_input(data, size);
    for (size_t cut = 0; cut < size && cut < longest_cut; cut++)
        run_input(data, cut);
    free(data);
    printf("[       OK ] %s\n", path);
    return 0;
}

int main(int argc, char **argv) {
    int failed = 0;
    puts("[ RUN      ] empty input");
    fflush(stdout);
    run_input(NULL, 0);
    puts("[       OK ] empty input");
    for (int i = 1; i < argc; i++)
        failed += run_file(argv[i]);
    return failed != 0;
}
