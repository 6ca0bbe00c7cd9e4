import DaybookSystem
import DaybookTestKit
import FoundationEssentials
import Testing

#if canImport(Glibc)
import Glibc
#endif

func writeBytes(_ bytes: [UInt8], to path: String) throws {
    try Data(bytes).write(to: URL(filePath: path))
}

/// The data file of a journal, to be damaged.
struct JournalBytes: Sendable {
    /// Bytes in a page of LMDB.
    static let pageSize = 4_096

    var bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Where `needle` lies, every time; LMDB also keeps old copies of pages.
    func places(of needle: [UInt8]) -> [Int] {
        var found: [Int] = []
        bytes.withUnsafeBytes { all in
            var next = 0
            while next + needle.count <= all.count, let base = all.baseAddress,
                let hit = memchr(base + next, Int32(needle[0]), all.count - needle.count - next + 1)
            {
                let place = UnsafeRawPointer(hit) - base
                if memcmp(base + place, needle, needle.count) == 0 { found.append(place) }
                next = place + 1
            }
        }
        return found
    }

    /// Flips one bit at `offset` in every copy of `needle`.
    mutating func flip(bit: Int = 0, at offset: Int, in needle: [UInt8]) throws {
        let places = places(of: needle)
        try #require(!places.isEmpty, "the bytes are not in the file")
        for place in places { bytes[place + offset] ^= 1 << UInt8(bit) }
    }

    /// Puts `new`, of the same length, in the place of every copy of `old`.
    mutating func replace(_ old: String, with new: String) throws {
        let places = places(of: Array(old.utf8))
        try #require(!places.isEmpty, "\(old) is not in the file")
        try #require(old.utf8.count == new.utf8.count)
        for place in places {
            bytes.replaceSubrange(place..<place + new.utf8.count, with: new.utf8)
        }
    }

    /// Runs `body` with a journal that has these bytes.
    func withJournal<Result>(_ body: (Sandbox) async throws -> Result) async throws -> Result {
        try await withFolder { folder in
            let sandbox = Sandbox(folder: folder)
            try Folder.create(sandbox.journal)
            try Folder.create(sandbox.journal + "/sessions")
            try writeBytes([], to: sandbox.journal + "/open.lock")
            try writeBytes(bytes, to: sandbox.dataFile)
            return try await body(sandbox)
        }
    }

    /// What `verify` says of these bytes.
    func verified() async throws -> CommandResult {
        try await withJournal { try await $0.daybook("verify") }
    }
}

/// Journals that several tests damage, each made once.
enum SampleJournals {
    /// Three executions: `good` has completed, `bad` has failed, `open` is submitted.
    static func small() async throws -> JournalBytes { try await smallTask.value }

    /// More than two tiles of entries, of one execution, `long`.
    static func large() async throws -> JournalBytes { try await largeTask.value }

    /// Those that wait for it may have taken all the room that there is.
    private static func made(
        _ body: (Sandbox) async throws -> JournalBytes
    ) async throws -> JournalBytes {
        try await TestRoom.withoutWaiting { try await withSandbox { try await body($0) } }
    }

    private static let smallTask = Task {
        try await made { sandbox in
            try sandbox.write(runbook(["say": "echo \"what I say is $INPUT_V\""], inputs: ["v"]))
            try sandbox.write(runbook(["say": "echo oops >&2\nexit 3"]), to: "bad.yaml")
            try await sandbox.succeed("run", "runbook.yaml", "--id", "good", "--input", "v=one")
            let bad = try await sandbox.daybook("run", "bad.yaml", "--id", "bad")
            try #require(bad.status == 7)
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "open", "--input", "v=two")
            return JournalBytes(try File.contents(of: sandbox.dataFile))
        }
    }

    private static let largeTask = Task {
        try await made { sandbox in
            var text = "name: long\nblocks:\n- name: block\n  jobs:\n"
            for number in 1...310 { text += "  - { name: job.\(number), run: \":\" }\n" }
            try sandbox.write(text)
            try await sandbox.succeed("run", "runbook.yaml", "--id", "long")
            return JournalBytes(try File.contents(of: sandbox.dataFile))
        }
    }
}

func base64(_ text: String) -> [UInt8]? { Data(base64Encoded: text).map { Array($0) } }

func readText(_ path: String) throws -> String {
    String(decoding: try File.contents(of: path), as: UTF8.self)
}
