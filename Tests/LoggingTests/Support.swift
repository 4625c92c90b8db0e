// Helpers of the logging tests: a directory that goes away, and lines read back as JSON.
import Base
import Foundation
import Testing

@testable import Logging

/// A directory of its own for one test; removed with it.
final class TemporaryFolder {
    let path: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("logging-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func names() -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }

    func text(_ name: String) -> String {
        let data = FileManager.default.contents(atPath: path + "/" + name) ?? Data()
        return String(decoding: data, as: UTF8.self)
    }

    func lines(_ name: String) -> [String] {
        text(name).split(separator: "\n").map(String.init)
    }

    func records(_ name: String) throws -> [JSONValue] {
        try lines(name).map { try JSONValue(parsing: $0) }
    }
}

/// The `logging` object with a default log that writes to `file`; `members` are those of the log.
func fileLogging(
    _ file: String, writer: [String: JSONValue] = [:], _ members: [String: JSONValue] = [:]
) -> JSONValue {
    let writer = writer.merging(["output": "file", "filename": .string(file)]) { own, _ in own }
    let log = members.merging(["writer": .object(writer)]) { own, _ in own }
    return ["logs": ["default": .object(log)]]
}

/// Encodes fields into one JSON line, as the writer thread would.
func jsonLine(
    message: [UInt8] = Array("msg".utf8), logger: [UInt8] = Array("test".utf8),
    format: LogLineFormat = .json, time: LogTimestamp = 1_795_178_096_789_000_000,
    level: LogLevel = .info, filter: LogFieldFilter? = nil, _ fields: (LogRecord) -> Void
) -> String {
    let record = LogRecord()
    record.begin(level: level, time: time)
    fields(record)
    record.end()
    let filtered = LogBuffer()
    filter?.rewrite(record.fields.bytes, into: filtered)
    let line = LogBuffer()
    message.withUnsafeBytes { message in
        logger.withUnsafeBytes { logger in
            format.append(
                LogLine(
                    level: level, time: time, logger: logger, message: message,
                    fields: filter == nil ? record.fields.bytes : filtered.bytes),
                to: line)
        }
    }
    return String(decoding: line.bytes, as: UTF8.self)
}

/// Calls `body` with bytes that live as long as the call.
func withBytes<Result>(_ text: String, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    Array(text.utf8).withUnsafeBytes(body)
}

/// The memory of a test's texts, for records that borrow many of them at a time.
final class Texts {
    private var kept: [UnsafeMutableRawBufferPointer] = []

    func callAsFunction(_ text: String) -> UnsafeRawBufferPointer { self(Array(text.utf8)) }

    func callAsFunction(_ bytes: [UInt8]) -> UnsafeRawBufferPointer {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        copy.copyBytes(from: bytes)
        kept.append(copy)
        return UnsafeRawBufferPointer(copy)
    }

    deinit { for copy in kept { copy.deallocate() } }
}

struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}
