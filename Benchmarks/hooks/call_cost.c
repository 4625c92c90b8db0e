// Prints the nanoseconds of one call of a no-op hook, through a flat table as the host has it.
#include <dlfcn.h>
#include <gateway/gateway.h>
#include <stdio.h>
#include <time.h>

enum { HANDLERS = 10, ROUNDS = 20000000 };

struct slot {
    gw_http_handler_ops ops;
    void *instance;
};

static struct slot slots[HANDLERS];

static const void *no_interface(gw_view id) {
    (void)id;
    return NULL;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(int count, char **arguments) {
    void *image = count == 2 ? dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    if (image == NULL) return 1;
    const gw_plugin *(*entry)(const gw_boot *) =
        (const gw_plugin *(*)(const gw_boot *))dlsym(image, "gw_plugin_entry_v1");
    gw_boot boot = {.struct_size = sizeof boot, .flags = GW_BOOT_SCAN, .iface = no_interface};
    const gw_module *module = entry(&boot)->modules[0];
    for (int i = 0; i < HANDLERS; i++)
        slots[i].ops = *(const gw_http_handler_ops *)module->kind_ops;
    static gw_req request;
    char state[16];
    long sum = 0;
    double began = now();
    for (long round = 0; round < ROUNDS; round++)
        for (int i = 0; i < HANDLERS; i++)
            sum += slots[i].ops.on_request(slots[i].instance, &request, state);
    double each = (now() - began) / ((double)ROUNDS * HANDLERS);
    printf("%.2f\n", each);
    return sum != 0;
}
