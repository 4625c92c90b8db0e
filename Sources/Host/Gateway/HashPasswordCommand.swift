private import CCrypt
import Commands

// `hash-password`: the form in which basic_auth wants passwords.
#if canImport(Darwin)
private import Darwin
#else
private import Glibc
#endif

extension Command {
    static let hashPassword = Command(
        name: "hash-password", summary: "hashes a password for basic_auth",
        details: """
            Prints the hash of a password. Without --plaintext it is read from standard input, on \
            a terminal twice and unseen.
            """,
        flags: [
            Flag("plaintext", short: "p", .value("password"), "the password"),
            Flag("algorithm", short: "a", .value("name"), "bcrypt, the default"),
            Flag("bcrypt-cost", .value("cost"), "binary logarithm of the work, 4 to 31 (14)"),
        ],
        run: { arguments throws(CommandError) in
            let algorithm = arguments.value("algorithm") ?? "bcrypt"
            guard algorithm == "bcrypt" else {
                throw CommandError(message: "unknown algorithm \"\(algorithm)\", expected bcrypt")
            }
            let costText = arguments.value("bcrypt-cost") ?? "14"
            guard let cost = UInt32(costText), (4...31).contains(cost) else {
                throw CommandError(message: "--bcrypt-cost is \"\(costText)\", expected 4 to 31")
            }
            var password = arguments.value("plaintext") ?? ""
            if password.isEmpty { password = try PasswordPrompt.read() }
            Console.print(try PasswordHash.bcrypt(password, cost: cost))
            return .success
        })
}

enum PasswordHash {
    /// What bcrypt takes; the rest would not count, so it is refused.
    private static let bytesMax = 72

    static func bcrypt(_ password: String, cost: UInt32) throws(CommandError) -> String {
        guard !password.isEmpty else {
            throw CommandError(message: "the password is empty")
        }
        guard password.utf8.count <= bytesMax else {
            throw CommandError(
                message: "the password has \(password.utf8.count) bytes, bcrypt takes \(bytesMax)")
        }
        guard !password.utf8.contains(0) else {
            throw CommandError(message: "the password has a NUL byte, which bcrypt cannot take")
        }
        var hash = [CChar](repeating: 0, count: Int(CCRYPT_HASH_BYTES))
        let status = ccrypt_bcrypt(password, cost, &hash)
        guard status == 0 else {
            throw CommandError(message: "cannot hash: \(String(cString: strerror(-status)))")
        }
        return String(decoding: hash.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// Asks on the terminal, or reads the first line of standard input.
private enum PasswordPrompt {
    static func read() throws(CommandError) -> String {
        guard isatty(STDIN_FILENO) == 1 else { return readLine() ?? "" }
        let first = readUnseen("Enter password: ")
        guard first == readUnseen("Confirm password: ") else {
            throw CommandError(message: "the passwords differ")
        }
        return first
    }

    private static func readUnseen(_ prompt: String) -> String {
        var settings = termios()
        tcgetattr(STDIN_FILENO, &settings)
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
            Console.error("")
        }
        Console.promptError(prompt)
        return readLine() ?? ""
    }
}
