/* SPDX-License-Identifier: Apache-2.0 */
#include "cases.h"

grille_error vm_error;
char vm_problem[1024];

static bool run_case(const vm_case *one) {
    bool good = false;
    vm_error = (grille_error){.code = GRILLE_OK};
    vm_problem[0] = '\0';
    (void)printf("[ RUN      ] %s\n", one->name);
    (void)fflush(stdout);
    good = one->run();
    if (!good) (void)printf("  %s\n", vm_problem);
    (void)printf("[ %s ] %s\n", good ? "      OK" : " FAILED ", one->name);
    (void)fflush(stdout);
    return good;
}

bool vm_run_cases(const vm_case *cases, size_t count) {
    bool good = true;
    for (size_t i = 0; i < count; i++)
        good = run_case(&cases[i]) && good;
    return good;
}
