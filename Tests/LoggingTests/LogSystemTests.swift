// The whole way: loggers, queue, writer thread, files, rotation and reload.
import Base
import Foundation
import Testing

@testable import Logging

@Suite struct LogSystemTests {
    @Test func writesThroughToAPrivateFile() throws {
        let folder = try TemporaryFolder()
        let system = try LogSystem()
        let file = folder.path + "/deep/er/a.log"
        let logger = try system.makeRegistry(fileLogging(file)).logger(named: "admin")
        logger.debug("hidden")
        logger.info("started") { $0.field("workers", 2) }
        #expect(system.shutdown())
        let records = try folder.records("deep/er/a.log")
        #expect(records.count == 1)
        #expect(records.first?["logger"] == "admin")
        #expect(records.first?["msg"] == "started")
        #expect(records.first?["workers"] == 2)
        func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try mode(file) == 0o600)
        #expect(try mode(folder.path + "/deep") == 0o700)
    }

    @Test func routesByNameAndLevel() throws {
        let folder = try TemporaryFolder()
        let system = try LogSystem()
        func writer(_ name: String) -> JSONValue {
            ["output": "file", "filename": .string(folder.path + "/" + name)]
        }
        let registry = try system.makeRegistry([
            "logs": [
                "default": ["writer": writer("default"), "exclude": ["http.log.access.log0"]],
                "log0": ["writer": writer("log0"), "include": ["http.log.access.log0"]],
                "loud": ["writer": writer("loud"), "level": "error"],
                "quiet": ["writer": writer("quiet"), "level": "DEBUG", "include": ["tls"]],
            ]
        ])
        #expect(registry.logger(named: "tls").isEnabled(.debug))
        #expect(!registry.logger(named: "admin").isEnabled(.debug))
        registry.logger(named: "http.log.access.log0").info("access")
        registry.logger(named: "http.log.access.log0").error("failed")
        registry.logger(named: "tls").debug("handshake")
        registry.logger(named: "admin").info("ready")
        #expect(system.flush())
        func messages(_ name: String) throws -> [String?] {
            try folder.records(name).map { $0["msg"]?.stringValue }
        }
        #expect(try messages("default") == ["ready"])
        #expect(try messages("log0") == ["access", "failed"])
        #expect(try messages("loud") == ["failed"])
        #expect(try messages("quiet") == ["handshake"])
    }

    @Test func aNameWithoutLogsIsNeverEnabled() throws {
        let system = try LogSystem()
        let registry = try system.makeRegistry([
            "logs": ["default": ["writer": ["output": "discard"], "include": ["http"]]]
        ])
        #expect(!registry.logger(named: "tls").isEnabled(.fatal))
    }

    @Test func aReloadKeepsTheFileAndLosesNothing() throws {
        let folder = try TemporaryFolder()
        let system = try LogSystem()
        let config = fileLogging(folder.path + "/a.log")
        var registry = try system.makeRegistry(config)
        let producer = system.makeProducer()
        for number in 0..<500 {
            if number % 10 == 0 {
                registry = try system.makeRegistry(config)
                system.activate(registry)
            }
            let logger = registry.logger(named: "n")
            producer.beginRecord(.info, "m", time: 0).field("number", number)
            producer.endRecord(to: logger)
            // The same open file goes on under its new name: nobody opened the old name again.
            if number == 250 {
                #expect(system.flush())
                try FileManager.default.moveItem(
                    atPath: folder.path + "/a.log", toPath: folder.path + "/moved.log")
            }
        }
        #expect(system.flush())
        let numbers = try folder.records("moved.log").map { $0["number"]?.intValue }
        #expect(numbers == (0..<500).map { Int64($0) })
        #expect(folder.names() == ["moved.log"])
    }

    @Test func aFileIsClosedWhenNoConfigurationUsesIt() throws {
        let folder = try TemporaryFolder()
        let system = try LogSystem()
        func openFiles() -> Int {
            let descriptors =
                (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
            return descriptors.filter { descriptor in
                let target = try? FileManager.default.destinationOfSymbolicLink(
                    atPath: "/proc/self/fd/" + descriptor)
                return target?.hasPrefix(folder.path) ?? false
            }.count
        }
        var registry: LogRegistry? = try system.makeRegistry(fileLogging(folder.path + "/a.log"))
        system.activate(try #require(registry))
        registry?.logger(named: "x").info("one")
        #expect(openFiles() == 1)
        registry = try system.makeRegistry(fileLogging(folder.path + "/b.log"))
        system.activate(try #require(registry))
        #expect(system.flush())
        #expect(system.flush())
        #expect(openFiles() == 1)
        #expect(folder.lines("a.log").count == 1)
    }

    @Test func reopensByNameOnDemand() throws {
        let folder = try TemporaryFolder()
        let system = try LogSystem()
        let registry = try system.makeRegistry(fileLogging(folder.path + "/a.log"))
        registry.logger(named: "x").info("one")
        #expect(system.flush())
        try FileManager.default.moveItem(
            atPath: folder.path + "/a.log", toPath: folder.path + "/a.old")
        system.reopenFiles()
        #expect(system.flush())
        #expect(folder.names() == ["a.log", "a.old"])
        registry.logger(named: "x").info("two")
        #expect(system.flush())
        #expect(try folder.records("a.log").map { $0["msg"]?.stringValue } == ["two"])
    }

    @Test func aFullQueueDropsCountsAndReports() throws {
        let folder = try TemporaryFolder()
        let system = try LogSystem()
        let registry = try system.makeRegistry(fileLogging(folder.path + "/a.log"))
        system.activate(registry)
        let logger = registry.logger(named: "x")
        let producer = system.makeProducer(capacity: 256)
        let large = [UInt8](repeating: 0x61, count: 512)
        large.withUnsafeBytes { large in
            for _ in 0..<3 {
                producer.beginRecord(.info, "too large", time: 0).field("large", large)
                producer.endRecord(to: logger)
            }
        }
        producer.beginRecord(.info, "fits", time: 0).field("a", 1)
        producer.endRecord(to: logger)
        #expect(system.dropped == 3)
        #expect(system.flush())
        let records = try folder.records("a.log")
        #expect(records.contains { $0["msg"] == "fits" })
        let notice = try #require(records.first { $0["logger"] == "logging" })
        #expect(notice["level"] == "warn")
        #expect(notice["dropped_total"]?.intValue ?? 0 > 0)
    }

    @Test func manyThreadsLogAtOnce() throws {
        let folder = try TemporaryFolder()
        let system = try LogSystem()
        let registry = try system.makeRegistry(fileLogging(folder.path + "/a.log"))
        let logger = registry.logger(named: "x")
        DispatchQueue.concurrentPerform(iterations: 4) { worker in
            let producer = system.makeProducer()
            for number in 0..<2000 {
                let record = producer.beginRecord(.info, "m", time: 0)
                record.field("worker", worker)
                record.field("number", number)
                producer.endRecord(to: logger)
                if number % 100 == 0 { logger.warn("shared") }
                if number % 500 == 0 { system.flush() }
            }
        }
        #expect(system.shutdown())
        let records = try folder.records("a.log")
        #expect(system.dropped == 0)
        for worker in 0..<4 {
            let own = records.filter { $0["worker"]?.intValue == Int64(worker) }
            #expect(own.map { $0["number"]?.intValue } == (0..<2000).map { Int64($0) })
        }
        #expect(records.filter { $0["msg"] == "shared" }.count == 80)
    }

    @Test func anErrorNamesTheFileThatCannotBeOpened() throws {
        let system = try LogSystem()
        #expect(throws: LogError("cannot open log file /dev: Is a directory")) {
            try system.makeRegistry(fileLogging("/dev"))
        }
    }

    @Test func aFullDiskLosesLinesButNothingElse() throws {
        let system = try LogSystem()
        let registry = try system.makeRegistry(fileLogging("/dev/full"))
        for _ in 0..<10 { registry.logger(named: "x").info("lost") }
        #expect(system.flush())
        registry.logger(named: "x").info("lost too")
        #expect(system.shutdown())
    }
}
