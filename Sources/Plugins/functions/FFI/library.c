// Shared objects that a configuration names, looked at before they are mapped.
#define _GNU_SOURCE
#include "function.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__aarch64__)
#define NATIVE_MACHINE EM_AARCH64
#else
#define NATIVE_MACHINE EM_X86_64
#endif

static const char *machine_name(unsigned machine) {
    switch (machine) {
    case EM_386: return "x86";
    case EM_ARM: return "arm";
    case EM_X86_64: return "x86-64";
    case EM_AARCH64: return "aarch64";
    default: return "another machine";
    }
}

// Whether every segment lies within the file; touching one that does not would be a SIGBUS.
static bool is_whole(int file, const Elf64_Ehdr *header, off_t size) {
    for (unsigned i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr segment;
        off_t at = (off_t)(header->e_phoff + (uint64_t)i * header->e_phentsize);
        if (pread(file, &segment, sizeof segment, at) != sizeof segment) return false;
        if (segment.p_offset > (uint64_t)size || segment.p_filesz > size - segment.p_offset)
            return false;
    }
    return true;
}

// The dynamic linker says "no such file" of a library for another machine, so it is asked here.
static bool is_usable(int file, char *message, size_t size) {
    struct stat status;
    Elf64_Ehdr header;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        snprintf(message, size, "is not a regular file");
    } else if (status.st_mode & S_IWOTH) {
        snprintf(message, size, "is writable by everybody");
    } else if (pread(file, &header, sizeof header, 0) != sizeof header ||
               memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_type != ET_DYN) {
        snprintf(message, size, "is not a shared object");
    } else if (header.e_machine != NATIVE_MACHINE || header.e_ident[EI_CLASS] != ELFCLASS64) {
        snprintf(message, size, "is made for another architecture (%s, expected %s)",
                 machine_name(header.e_machine), machine_name(NATIVE_MACHINE));
    } else if (!is_whole(file, &header, status.st_size)) {
        snprintf(message, size, "is truncated");
    } else {
        return true;
    }
    return false;
}

void *gwf_open(const char *path, char *message, size_t size) {
    if (strchr(path, '/') != NULL) {
        int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (file < 0) {
            snprintf(message, size, "cannot be read: %s", strerror(errno));
            return NULL;
        }
        bool usable = is_usable(file, message, size);
        close(file);
        if (!usable) return NULL;
    }
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == NULL) {
        const char *why = dlerror();
        snprintf(message, size, "cannot be loaded: %s", why != NULL ? why : "no reason given");
    }
    return library;
}

void *gwf_symbol(void *library, const char *name) {
    Dl_info info;
    const ElfW(Sym) *symbol = NULL;
    void *address = dlsym(library, name);
    if (address == NULL) return NULL;
    if (dladdr1(address, &info, (void **)&symbol, RTLD_DL_SYMENT) != 0 && symbol != NULL) {
        int type = ELF64_ST_TYPE(symbol->st_info);
        if (type == STT_OBJECT || type == STT_TLS || type == STT_COMMON) return NULL;
    }
    return address;
}
