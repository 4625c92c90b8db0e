// Other programs that a command runs, such as certutil.
#if canImport(Darwin)
private import Darwin
#else
private import Glibc
#endif

enum ChildProcess {
    /// Runs a program and waits for it. Its output goes to standard error; nothing is read.
    ///
    /// - Parameter isQuiet: Its output goes nowhere.
    /// - Returns: Its exit status, -1 when it could not be run or was ended by a signal.
    static func run(_ command: [String], isQuiet: Bool = false) -> Int32 {
        guard let program = command.first else { return -1 }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        if isQuiet {
            posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
            posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        } else {
            posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
        }
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var child = pid_t()
        guard posix_spawn(&child, program, &actions, nil, arguments, environ) == 0 else {
            return -1
        }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else { return -1 }
        }
        // WIFEXITED and WEXITSTATUS.
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : -1
    }
}
