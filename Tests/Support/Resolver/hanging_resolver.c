// A resolver that hangs, for a program that it is preloaded into: names that end in ".hangs.test"
// have no answer until the file that HANGING_RESOLVER names is there, then they are this machine.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX ".hangs.test"

typedef int (*resolve)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static int hangs(const char *name) {
    size_t length = strlen(name), suffix = strlen(SUFFIX);
    return length > suffix && strcmp(name + length - suffix, SUFFIX) == 0;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **out) {
    resolve original = (resolve)dlsym(RTLD_NEXT, "getaddrinfo");
    if (name == NULL || !hangs(name)) return original(name, service, hints, out);
    const char *release = getenv("HANGING_RESOLVER");
    while (release != NULL && access(release, F_OK) != 0)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    return original("127.0.0.1", service, hints, out);
}
