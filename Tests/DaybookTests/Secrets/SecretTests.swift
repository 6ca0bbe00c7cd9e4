import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookTestKit
import FoundationEssentials
import Testing

@testable import Daybook

/// What becomes of secrets that are given with a submission: who can use them, and for how long.
@Suite struct SecretTests {
    private let room = ClockedJournal()
    private let key = [UInt8](repeating: 7, count: 32)
    private static let value = "hunter2-and-more"

    private var options: EngineOptions {
        var options = room.options
        options.journalKey = .bytes(key)
        return options
    }

    private func submission(_ value: String = Self.value) -> ExecutionOptions {
        var options = ExecutionOptions()
        options.secrets = ["TOKEN": Secret(value)]
        return options
    }

    private struct Broken: Error {}

    /// Says how long the secret is, and fails as long as it is told to.
    private static func using(
        _ calls: CallLog,
        fails: @escaping @Sendable () -> Bool = { false }
    ) -> Scripted.Code {
        { _, context in
            try await context.checkpoint("use") { operation in
                calls.add(try operation.secret("TOKEN").text)
            }
            try await context.checkpoint("end") { _ in if fails() { throw Broken() } }
            return "used"
        }
    }

    private func file(_ path: String) throws -> KeysFile {
        let keys = JournalFolder(path).keys
        let header = try File.contents(of: keys)
        let journal = try #require(Identifier(Array(header[16..<32])))
        return KeysFile(keys, journal: journal)
    }

    /// The data keys that are held for the execution `a`, unwrapped.
    private func dataKeys(_ path: String) throws -> [DataKey] {
        let file = try file(path)
        let journalKey = try #require(JournalKey(key))
        let place = SecretPlace(journal: file.journal, execution: "a", name: "TOKEN")
        return try file.slots().enumerated().compactMap { slot, found in
            guard case .held(let held) = found else { return nil }
            return try file.dataKey(
                KeyName(slot: UInt32(slot), id: held.id),
                for: place,
                journalKey
            )
        }
    }

    /// Files in which bytes are found, plain, in Base64 or in hexadecimal digits.
    private func files(_ path: String, with bytes: [UInt8]) throws -> [String] {
        let digits = bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        let forms =
            SecretForms.all(of: bytes) + [
                bytes, Array(digits.utf8), Array(digits.uppercased().utf8),
            ]
        let search = NeedleSearch(forms)
        return try FileManager.default.subpathsOfDirectory(atPath: path).filter { name in
            let status = try FileStatus.of(path + "/" + name)
            guard status?.isFolder == false else { return false }
            var walk = NeedleSearch.Walk()
            for byte in try File.contents(of: path + "/" + name) { walk.take(byte, search) }
            return !walk.found.isEmpty
        }
    }

    private func names(_ path: String) throws -> [String] {
        let inspector = try Inspector(path: path)
        defer { inspector.close() }
        var names: [String] = []
        try inspector.scan { entry in
            names.append("\(entry.eventName) \(entry.summary)")
            return true
        }
        return names
    }

    /// What code fails with that asks for its secret.
    private func failure(_ record: ExecutionRecord) -> String? { record.errorCode }

    private func slots(_ path: String) throws -> [KeySlot] { try file(path).slots() }

    // MARK: Use, and the end

    @Test func whatCompletesHasUsedItsSecretAndLeavesNothingOfIt() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            let keys = CallLog()
            try await withEngine(
                path,
                options,
                code: { input, context in
                    try await context.checkpoint("look") { _ in
                        for key in try dataKeys(path) {
                            keys.add(key.withBytes { Data($0).base64EncodedString() })
                        }
                    }
                    return try await Self.using(calls)(input, context)
                }
            ) { daybook async throws in
                try await daybook.start("a", submission())
                #expect(try await daybook.result() == "\"used\"")
                // Nobody is told of the end before the key is gone.
                #expect(try slots(path) == [.empty])
            }
            #expect(calls.lines == [Self.value])
            let dataKey = try #require(keys.lines.first.flatMap { Data(base64Encoded: $0) })
            #expect(dataKey.count == 32)
            #expect(try files(path, with: Array(dataKey)) == [])
            #expect(try files(path, with: Array(Self.value.utf8)) == [])
            // The search finds what is there.
            #expect(try files(path, with: Array("scripted".utf8)) == ["journal.mdb"])
            let written = try names(path)
            #expect(written.contains("secrets_stored TOKEN"))
            let wiped = try #require(written.firstIndex(of: "secrets_wiped TOKEN, completed"))
            #expect(written[wiped + 1].hasPrefix("execution_completed"))
        }
    }

    @Test func aRetryInAnotherProcessGoesOnWithTheSecret() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            try await withEngine(path, options, code: Self.using(calls, fails: { true })) {
                try await $0.start("a", submission())
                #expect(try await $0.waitForEnd(of: "a").status == .failed)
            }
            try await withEngine(
                path,
                options,
                code: { _, context in
                    try await context.checkpoint("use") { _ in }
                    try await context.checkpoint("end") { operation in
                        calls.add("again " + (try operation.secret("TOKEN").text))
                    }
                    return "used"
                }
            ) { daybook async throws in
                try await daybook.retry("a")
                #expect(try await daybook.result() == "\"used\"")
            }
            #expect(calls.lines == [Self.value, "again " + Self.value])
            #expect(try slots(path) == [.empty])
        }
    }

    @Test func whatIsWipedFailsByNameAndAFreshOneHelps() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            var terms = submission()
            terms.retry = RetryPolicy(maxAttempts: 5, baseDelay: .zero)
            let isBroken = Locked(true)
            let code: Scripted.Code = { _, context in
                if isBroken.withLock({ $0 }) {
                    throw OperationError(code: "broken", message: "", isRetryable: false)
                }
                calls.add(try context.secret("TOKEN").text)
                return "used"
            }
            try await withEngine(path, options, code: code) { daybook async throws in
                try await daybook.start("a", terms)
                #expect(failure(try await daybook.waitForEnd(of: "a")) == "broken")
                isBroken.withLock { $0 = false }
                let requester = Requester(actor: "eve", reason: "it leaked")
                #expect(
                    try await daybook.wipeSecrets(of: "a", names: ["TOKEN", "X"], by: requester)
                        == ["TOKEN"]
                )
                #expect(try slots(path) == [.empty])
                #expect(try await daybook.wipeSecrets(of: "a") == [])
                #expect(try daybook.record(of: "a")?.status == .failed)
                // Not tried again: five attempts are allowed.
                try await daybook.retry("a")
                let record = try await daybook.waitForEnd(of: "a")
                #expect(failure(record) == "wiped-secret")
                try await daybook.retry("a", secrets: ["TOKEN": "fresh-and-new"])
                #expect(try await daybook.result() == "\"used\"")
            }
            #expect(calls.lines == ["fresh-and-new"])
            let wiped = try names(path).filter { $0.hasPrefix("secrets_wiped TOKEN, asked by eve") }
            #expect(wiped.count == 1)
            #expect(wiped.first?.hasSuffix(": it leaked") == true)
            #expect(try verified(path) == [])
        }
    }

    @Test func aFreshSecretTakesThePlaceOfTheOldOne() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            let isBroken = Locked(true)
            let code: Scripted.Code = { _, context in
                calls.add(try context.secret("TOKEN").text)
                if isBroken.withLock({ $0 }) { throw Broken() }
                return "used"
            }
            try await withEngine(path, options, code: code) { daybook async throws in
                try await daybook.start("a", submission("the-old-one"))
                _ = try await daybook.waitForEnd(of: "a")
                isBroken.withLock { $0 = false }
                try await daybook.retry("a", secrets: ["TOKEN": "the-new-one", "OTHER": "other"])
                #expect(try await daybook.result() == "\"used\"")
            }
            #expect(calls.lines == ["the-old-one", "the-new-one"])
            #expect(try slots(path).allSatisfy { $0 == .empty })
            #expect(try names(path).contains("secrets_wiped TOKEN, replaced"))
        }
    }

    @Test func secretsExpireWithTheJournalsLifetimeAfterTheEnd() async throws {
        var creation = room.creation
        creation.secretLifetime = .seconds(7 * 86_400)
        try await withJournal(creation) { path in
            let calls = CallLog()
            try await withEngine(path, options, code: Self.using(calls, fails: { true })) {
                daybook in
                try await daybook.start("a", submission())
                _ = try await daybook.waitForEnd(of: "a")
                room.clock.pass(.seconds(6 * 86_400))
                try await daybook.start("b", ExecutionOptions())
                _ = try await daybook.waitForEnd(of: "b")
                #expect(try slots(path) != [.empty])
            }
            room.clock.pass(.seconds(86_400))
            // What is due is seen to by whoever opens the journal.
            try await withEngine(path, options, code: Self.using(calls)) { daybook async throws in
                try await daybook.start("c", submission())
                _ = try await daybook.waitForEnd(of: "c")
            }
            #expect(try names(path).contains("secrets_wiped TOKEN, expired"))
            #expect(try slots(path).allSatisfy { $0 == .empty })
            #expect(try verified(path) == [])
        }
    }

    @Test func theNextRunOfAnIdHasThem() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            let code: Scripted.Code = { input, context in
                calls.add("\(input) " + (try context.secret("TOKEN").text))
                if input < 3 { throw try context.continueAsNew(Scripted.self, input: input + 1) }
                return "used"
            }
            try await withEngine(path, options, code: code) { daybook async throws in
                try await daybook.start("a", submission())
                #expect(try await daybook.result() == "\"used\"")
            }
            #expect(calls.lines == (1...3).map { "\($0) \(Self.value)" })
            #expect(try slots(path) == [.empty])
            #expect(try verified(path) == [])
        }
    }

    @Test func aSubmissionThatComesAgainStoresNothing() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(path, options, code: Self.using(CallLog())) {
                daybook async throws in
                try await daybook.submit(
                    Scripted.self,
                    id: "a",
                    options: submission(),
                    input: 1
                )
                try await daybook.submit(
                    Scripted.self,
                    id: "a",
                    options: submission("another"),
                    input: 1
                )
                await #expect(throws: Refusal.self) {
                    try await daybook.submit(
                        Scripted.self,
                        id: "a",
                        options: submission("another"),
                        input: 2
                    )
                }
                let found = try slots(path)
                #expect(found.count == 2)
                #expect(found[0] != .empty)
                #expect(found[1] == .empty)
            }
        }
    }

    // MARK: What is refused

    @Test func withoutAKeyNoSecretIsTaken() async throws {
        try await withJournal(room.creation) { path in
            var options = options
            options.journalKey = .none
            try await withEngine(path, options, code: Self.using(CallLog())) {
                daybook async throws in
                let error = await #expect(throws: SecretError.self) {
                    try await daybook.start("a", submission())
                }
                #expect(error?.code == .noKey)
                #expect(error?.message.contains("openssl rand -hex 32") == true)
                #expect(try daybook.record(of: "a") == nil)
            }
        }
    }

    @Test(arguments: [
        ("TOKEN", "abc"), ("TOKEN", "with\0zero"), ("1TOKEN", "value"), ("", "value"),
        ("A-B", "value"),
    ])
    func whatIsNoSecretIsRefused(_ name: String, _ value: String) async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(path, options, code: Self.using(CallLog())) {
                daybook async throws in
                var terms = ExecutionOptions()
                terms.secrets = [name: Secret(value)]
                let error = await #expect(throws: SecretError.self) {
                    try await daybook.start("a", terms)
                }
                #expect(error?.code == .invalid)
            }
        }
    }

    @Test func anInputWithTheSecretIsRefused() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(path, options, code: Self.using(CallLog())) {
                daybook async throws in
                let error = await #expect(throws: SecretError.self) {
                    try await daybook.start("a", submission("12345"), input: 1_234_567)
                }
                #expect(error?.code == .exposed)
                #expect(try slots(path) == [.empty])
            }
        }
    }

    @Test func aDamagedSlotIsTold() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(path, options, code: Self.using(CallLog(), fails: { true })) {
                try await $0.start("a", submission())
                _ = try await $0.waitForEnd(of: "a")
            }
            let file = try File.open(JournalFolder(path).keys, .existing)
            try [UInt8(0xFF)].withUnsafeBytes { try file.overwrite($0, at: 128 + 60) }
            #expect(try verified(path).contains { $0.contains("slot 0") })
            let code: Scripted.Code = { _, context in
                try await context.checkpoint("use") { _ in }
                try await context.checkpoint("end") { operation in
                    _ = try operation.secret("TOKEN")
                }
                return "used"
            }
            try await withEngine(path, options, code: code) { daybook async throws in
                try await daybook.retry("a")
                #expect(failure(try await daybook.waitForEnd(of: "a")) == "damaged-secret")
                try await daybook.retry("a", secrets: ["TOKEN": "fresh-and-new"])
                #expect(try await daybook.result() == "\"used\"")
            }
            #expect(try verified(path) == [])
        }
    }

    @Test func aNameThatWasNotGivenIsUnknown() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(
                path,
                options,
                code: { _, context in try context.secret("OTHER").text },
                { daybook async throws in
                    try await daybook.start("a", submission())
                    #expect(failure(try await daybook.waitForEnd(of: "a")) == "unknown-secret")
                }
            )
        }
    }

    // MARK: What a crash leaves

    @Test func aKeyThatNoEntryNamesIsOverwrittenAtTheNextOpening() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(path, options, code: Self.using(CallLog(), fails: { true })) {
                try await $0.start("a", submission())
                _ = try await $0.waitForEnd(of: "a")
            }
            do {
                let file = try file(path)
                let place = SecretPlace(journal: file.journal, execution: "b", name: "TOKEN")
                _ = try file.reserve([place], try #require(JournalKey(key)))
            }
            #expect(try slots(path).count { $0 != .empty } == 2)
            #expect(try verified(path) == ["slot 1, of none"])
            try await withEngine(path, options, code: Self.using(CallLog())) {
                daybook async throws in
                let found = try slots(path)
                #expect(found[0] != .empty)
                #expect(found[1] == .empty)
                try await daybook.retry("a")
                #expect(try await daybook.result() == "\"used\"")
            }
        }
    }

    /// Killed after the entry that says it is wiped, and before the slot was overwritten.
    @Test func aWipedKeyIsOverwrittenAtTheNextOpening() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            let keys = JournalFolder(path).keys
            try await withEngine(path, options, code: Self.using(calls, fails: { true })) {
                daybook in
                try await daybook.start("a", submission())
                _ = try await daybook.waitForEnd(of: "a")
                let before = try File.contents(of: keys)
                try await daybook.wipeSecrets(of: "a")
                let file = try File.open(keys, .existing)
                try before.withUnsafeBytes { try file.overwrite($0, at: 0) }
            }
            #expect(try slots(path) != [.empty])
            #expect(try verified(path) == ["slot 0, of TOKEN"])
            try await withEngine(path, options, code: Self.using(calls)) { _ async throws in
                #expect(try slots(path) == [.empty])
            }
            #expect(try verified(path) == [])
        }
    }

    /// What is wrong, and the keys that are still to be overwritten, which is not.
    private func verified(_ path: String) throws -> [String] {
        let inspector = try Inspector(path: path)
        defer { inspector.close() }
        let report = try inspector.verify()
        return report.problems.map { "\($0)" }
            + report.leftKeys.map { "slot \($0.slot), of \($0.secret?.name ?? "none")" }
    }
}
