// What can be wrong with a message, and what to answer.

/// A message that breaks RFC 9110 or 9112, or a limit. The connection that it came on is dead for
/// input. From a client it is answered with `status`; from an upstream every one of them is 502.
package enum HTTPError: UInt8, Error, CaseIterable {
    case requestLineInvalid
    case methodInvalid
    case methodTooLong
    case targetInvalid
    case targetTooLong
    case versionInvalid
    case versionUnsupported
    case statusLineInvalid
    case bareLineFeed
    case bareCarriageReturn
    case lineFolded
    case fieldNameInvalid
    case fieldValueInvalid
    case headTooLarge
    case tooManyFields
    case hostMissing
    case hostRepeated
    case hostInvalid
    case lengthInvalid
    case lengthRepeated
    case lengthTooLarge
    case codingInvalid
    case codingUnsupported
    case codingWithLength
    case codingInOldVersion
    case connectionInvalid
    case expectationUnsupported
    case chunkSizeInvalid
    case chunkExtensionInvalid
    case chunkExtensionsTooLarge
    case chunkEndInvalid
    case trailersTooLarge

    /// Status of the answer to a client.
    package var status: UInt16 {
        switch self {
        case .requestLineInvalid, .methodInvalid, .targetInvalid, .versionInvalid,
            .statusLineInvalid, .bareLineFeed, .bareCarriageReturn, .lineFolded,
            .fieldNameInvalid, .fieldValueInvalid, .hostMissing, .hostRepeated, .hostInvalid,
            .lengthInvalid, .lengthRepeated, .codingInvalid, .codingWithLength,
            .codingInOldVersion, .connectionInvalid, .chunkSizeInvalid,
            .chunkExtensionInvalid, .chunkExtensionsTooLarge, .chunkEndInvalid:
            400
        case .lengthTooLarge: 413
        case .targetTooLong: 414
        case .expectationUnsupported: 417
        case .headTooLarge, .tooManyFields, .trailersTooLarge: 431
        case .methodTooLong, .codingUnsupported: 501
        case .versionUnsupported: 505
        }
    }

    /// One line for the log.
    package var message: StaticString {
        switch self {
        case .requestLineInvalid: "request line is not method, target and version"
        case .methodInvalid: "method is no token"
        case .methodTooLong: "method is longer than any known one"
        case .targetInvalid: "request target is malformed"
        case .targetTooLong: "request line is too long"
        case .versionInvalid: "HTTP version is malformed"
        case .versionUnsupported: "HTTP version is not 1.x"
        case .statusLineInvalid: "status line is malformed"
        case .bareLineFeed: "line feed without carriage return"
        case .bareCarriageReturn: "carriage return without line feed"
        case .lineFolded: "folded field line"
        case .fieldNameInvalid: "field name is no token followed by a colon"
        case .fieldValueInvalid: "control character in a field value"
        case .headTooLarge: "message head is too large"
        case .tooManyFields: "too many field lines"
        case .hostMissing: "Host is missing"
        case .hostRepeated: "more than one Host"
        case .hostInvalid: "Host is malformed"
        case .lengthInvalid: "Content-Length is no number"
        case .lengthRepeated: "more than one Content-Length"
        case .lengthTooLarge: "Content-Length is beyond every limit"
        case .codingInvalid: "Transfer-Encoding does not end in one chunked"
        case .codingUnsupported: "transfer coding other than chunked"
        case .codingWithLength: "both Transfer-Encoding and Content-Length"
        case .codingInOldVersion: "Transfer-Encoding in HTTP/1.0"
        case .connectionInvalid: "Connection is no list of tokens"
        case .expectationUnsupported: "expectation other than 100-continue"
        case .chunkSizeInvalid: "chunk size is malformed"
        case .chunkExtensionInvalid: "chunk extension is malformed"
        case .chunkExtensionsTooLarge: "chunk extensions are too large"
        case .chunkEndInvalid: "chunk data does not end in CR LF"
        case .trailersTooLarge: "trailer section is too large"
        }
    }
}
