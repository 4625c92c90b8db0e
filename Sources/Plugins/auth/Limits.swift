// Bounds of what this plugin keeps and accepts.

enum Limits {
    /// Verified passwords that one worker remembers.
    static let verifiedPasswordsMax = 1000
    /// How long a request waits for its password to be checked.
    static let passwordCheckNanoseconds: UInt64 = 30_000_000_000
    /// A higher cost is a mistake: 2^20 rounds already take a minute.
    static let bcryptCostRange = 4...20
    /// Decoded user name and password of the Basic scheme.
    static let basicCredentialBytesMax = 4096
    static let apiKeyBytesMax = 4096
    static let apiKeyNameBytesMax = 128
    /// Shorter keys can be guessed; they are accepted with a warning.
    static let apiKeyBytesRecommended = 8
    static let apiKeysMax = 100_000
    static let keyFileBytesMax = 16 << 20
}
