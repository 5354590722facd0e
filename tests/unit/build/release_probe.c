/* Says what the build configuration made of it, and has a call that _FORTIFY_SOURCE replaces. */
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
    char copy[32] = "";
    if (argc > 1) memcpy(copy, argv[1], strlen(argv[1]));
#ifdef NDEBUG
    printf("release=%d ndebug=1%s\n", PROBE_RELEASE, copy);
#else
    printf("release=%d ndebug=0%s\n", PROBE_RELEASE, copy);
#endif
    return 0;
}
