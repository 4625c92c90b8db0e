// Which imported functions need which permission: the one place that says so.
//
// A permission is not a fence: native code can do without an import what it likes. It tells the
// operator before loading what a plugin reaches for, and keeps honest plugins honest.

/// What a plugin may ask for in its manifest.
package enum Permission: String, CaseIterable, Sendable {
    /// Sockets and names of hosts of its own, beside gw.client and gw.upstream.
    case net
    /// Files and folders by path.
    case fs
    /// Environment variables, beside gw.core.
    case env
    /// Other programs and processes.
    case exec
    /// Code that is loaded at run time.
    case load
    /// Threads of its own, beside gw.work.
    case threads
    /// Signal handlers and timers that send signals.
    case signals
    /// The process as a whole: its end, identity, limits, priorities.
    case process
    /// System calls by number.
    case syscall
}

enum PermissionTable {
    /// The permission that a symbol needs; nil for everybody's. `_FORTIFY_SOURCE` and large-file
    /// spellings count as the plain one: `__open64_2`, `openat64`, `__recv_chk`.
    static func permission(for symbol: String) -> Permission? {
        permissions[symbol] ?? permissions[plain(symbol)]
    }

    /// Imports that come with a language's run-time library when that is linked into the plugin,
    /// or with what its compiler inlines.
    static func comesWithRuntime(_ symbol: String, _ runtime: PluginManifest.Runtime?) -> Bool {
        switch (runtime?.language, runtime?.mode) {
        case ("swift", "island"): inSwiftIsland.contains(symbol) || symbol == "syscall"
        // A Mutex of Swift is a futex.
        case ("swift", _): symbol == "syscall"
        case ("rust", _): inRust.contains(symbol)
        case ("zig", _): symbol == "syscall"
        default: false
        }
    }

    private static func plain(_ symbol: String) -> String {
        var name = Substring(symbol)
        for suffix in ["_chk", "_2"] where name.hasSuffix(suffix) && name.hasPrefix("__") {
            name = name.dropLast(suffix.count).dropFirst(2)
        }
        return String(name.hasSuffix("64") ? name.dropLast(2) : name)
    }

    private static let permissions: [String: Permission] = {
        var table: [String: Permission] = [:]
        for (permission, symbols) in symbols {
            for symbol in symbols.split(whereSeparator: \.isWhitespace) {
                table[String(symbol)] = permission
            }
        }
        return table
    }()

    private static let symbols: [(Permission, String)] = [
        (
            .net,
            """
            socket socketpair connect bind listen accept accept4 shutdown getsockname getpeername
            send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg setsockopt getsockopt
            getaddrinfo getaddrinfo_a getnameinfo gethostbyname gethostbyname2 gethostbyname_r
            gethostbyname2_r gethostbyaddr gethostbyaddr_r getifaddrs if_nameindex if_nametoindex
            res_init res_query res_search res_nquery res_nsearch res_send rcmd rexec
            """
        ),
        (
            .fs,
            """
            open openat open_by_handle_at creat fopen freopen tmpfile tmpnam tempnam mkstemp
            mkostemp mkstemps mkdtemp opendir scandir scandirat glob ftw nftw fts_open
            stat lstat fstatat statx statfs statvfs access eaccess faccessat euidaccess
            readlink readlinkat realpath canonicalize_file_name getcwd get_current_dir_name chdir
            fchdir link linkat symlink symlinkat unlink unlinkat rename renameat renameat2 remove
            mkdir mkdirat rmdir mknod mknodat mkfifo mkfifoat chmod fchmodat lchmod chown lchown
            fchownat truncate utime utimes utimensat lutimes futimesat setxattr getxattr
            removexattr listxattr inotify_init inotify_init1 inotify_add_watch fanotify_init
            mount umount umount2 swapon swapoff shm_open shm_unlink sem_open mq_open
            """
        ),
        (.env, "getenv secure_getenv setenv putenv unsetenv clearenv environ __environ _environ"),
        (
            .exec,
            """
            execve execv execvp execvpe execl execlp execle fexecve execveat fork vfork _Fork clone
            clone3 posix_spawn posix_spawnp system popen wordexp daemon kill killpg tgkill ptrace
            process_vm_readv process_vm_writev wait wait3 wait4 waitid waitpid
            """
        ),
        (.load, "dlopen dlmopen dlsym dlvsym"),
        (
            .threads,
            "pthread_create thrd_create _ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE"
        ),
        (
            .signals,
            """
            sigaction signal bsd_signal sysv_signal __sysv_signal sigset sigvec sigprocmask
            pthread_sigmask sigaltstack sigsuspend sigwait sigwaitinfo sigtimedwait signalfd
            alarm ualarm setitimer timer_create raise pthread_kill sigqueue
            """
        ),
        (
            .process,
            """
            exit _exit _Exit quick_exit atexit at_quick_exit on_exit setuid seteuid setreuid
            setresuid setgid setegid setregid setresgid setgroups initgroups setsid setpgid
            setrlimit prlimit prctl chroot pivot_root unshare setns nice setpriority umask
            setlocale sched_setaffinity sched_setscheduler personality reboot
            """
        ),
        (.syscall, "syscall"),
    ]

    /// Of libswiftCore.a, libswift_Concurrency.a and what they need: reading of their own
    /// settings, the backtracer; of libswiftGlibc.a: its functions with variable arguments.
    private static let inSwiftIsland = words(
        """
        open fopen readlink stat lstat getenv environ dlopen dlsym clone execvpe waitpid socketpair
        getsockopt pthread_create pthread_sigmask sigaction sigaltstack sigprocmask sigsuspend
        signalfd setpriority exit pthread_kill raise __environ openat sem_open
        """)

    /// Of Rust's std, for the backtrace of a panic and for random seeds.
    private static let inRust = words(
        """
        open open64 openat openat64 stat stat64 lstat lstat64 statx readlink realpath getcwd getenv
        environ syscall sigaction sigaltstack dlsym
        """)

    private static func words(_ text: String) -> Set<String> {
        Set(text.split(whereSeparator: \.isWhitespace).map(String.init))
    }
}
