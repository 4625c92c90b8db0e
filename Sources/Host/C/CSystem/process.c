#define _GNU_SOURCE
#include "process.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <unistd.h>

#if defined(__APPLE__)
#define addchdir posix_spawn_file_actions_addchdir_np
#include <sys/stdio.h>
#else
#define addchdir posix_spawn_file_actions_addchdir_np
#endif

// ends[0] is read by the caller without blocking, ends[1] is for the child.
static int make_pipe(int *ends) {
    if (pipe(ends) != 0) return -errno;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return 0;
}

static int start(pid_t *pid, const char *program, char *const *arguments, char *const *environment,
                 const char *folder, int output, int errors) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    if (folder != NULL) addchdir(&actions, folder);

    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

    int status = posix_spawn(pid, program, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return -status;
}

pid_t gwx_start_program(const char *program, char *const *arguments, char *const *environment,
                        const char *folder, int *outputs) {
    int output[2], errors[2];
    int status = make_pipe(output);
    if (status != 0) return status;
    status = make_pipe(errors);
    if (status != 0) {
        close(output[0]);
        close(output[1]);
        return status;
    }
    pid_t pid = 0;
    status = start(&pid, program, arguments, environment, folder, output[1], errors[1]);
    close(output[1]);
    close(errors[1]);
    if (status != 0) {
        close(output[0]);
        close(errors[0]);
        return status;
    }
    outputs[0] = output[0];
    outputs[1] = errors[0];
    return pid;
}

int gwx_exchange(const char *path, const char *other) {
#if defined(__APPLE__)
    return renamex_np(path, other, RENAME_SWAP) == 0 ? 0 : -errno;
#else
    return renameat2(AT_FDCWD, path, AT_FDCWD, other, RENAME_EXCHANGE) == 0 ? 0 : -errno;
#endif
}
