// Keeps secrets out of messages that show a line of the configuration.
import Base

enum Redaction {
    /// What opens a credential beside the names of fields and options that carry one.
    private static let schemes: Set = ["eab", "bearer", "basic"]
    private static let secretPrefixes = ["$2a$", "$2b$", "$2y$", "$argon2", "sk-"]

    /// The line with stars in place of what looks like a secret: what follows the name of a
    /// credential, and password hashes. Placeholders and columns stay.
    static func masked(_ line: String) -> String {
        var result = ""
        var word = ""
        var isSecret = false
        for character in line {
            if character.isWhitespace {
                result += mask(word, &isSecret) + String(character)
                word = ""
            } else {
                word.append(character)
            }
        }
        return result + mask(word, &isSecret)
    }

    private static func mask(_ word: String, _ isSecret: inout Bool) -> String {
        let plain = word.filter { $0 != "\"" && $0 != "`" && $0 != "+" && $0 != ">" }.lowercased()
        if CredentialNames.contains(plain) || schemes.contains(plain) {
            isSecret = true
            return word
        }
        let looksSecret = isSecret || secretPrefixes.contains { plain.hasPrefix($0) }
        guard looksSecret, !plain.hasPrefix("{"), plain != "}" else { return word }
        return String(
            String.UnicodeScalarView(
                word.unicodeScalars.map { $0 == "\"" || $0 == "`" ? $0 : "*" }))
    }
}
