// Texts of the configuration that become field values.

extension String {
    /// The text as a quoted string (RFC 9110 §5.6.4).
    var quotedForField: String {
        var quoted = "\""
        for scalar in unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }

    /// Whether it can stand in a field value: no control characters (RFC 9110 §5.5).
    var isFieldValue: Bool { utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }
}
