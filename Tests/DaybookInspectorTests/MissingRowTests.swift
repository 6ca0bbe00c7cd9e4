import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookTestKit
import FoundationEssentials
import Testing

/// An execution whose row in the index is gone exists all the same.
@Suite struct MissingRowTests {
    /// Has the index know an id by another name, of the same length.
    private func rename(_ id: String, to other: String, in path: String) throws {
        let url = URL(filePath: path + "/journal.mdb")
        var data = try Data(contentsOf: url)
        // A key lies behind its length of two bytes.
        let length = Data([UInt8(id.utf8.count), 0])
        var count = 0
        while let range = data.firstRange(of: length + Data(id.utf8)) {
            data.replaceSubrange(range, with: length + Data(other.utf8))
            count += 1
        }
        try #require(count > 0 && id.utf8.count == other.utf8.count)
        try data.write(to: url)
    }

    private func expectMissing(
        _ error: JournalError?,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(error?.code == .integrity, sourceLocation: sourceLocation)
        #expect(
            error?.message.contains("is not the one that was written, beside that of the-one")
                == true
                || error?.message.contains(
                    "it begins the execution the-one, and the index has no row"
                )
                    == true,
            "\(String(describing: error))",
            sourceLocation: sourceLocation
        )
    }

    private let code: Scripted.Code = { input, context in
        input == 1 ? try await context.receive("go", as: String.self) : "done"
    }

    /// A journal with an execution whose row is gone, and another one.
    private func withLoss(
        _ input: Int,
        named other: String = "the-onf",
        _ body: (String) async throws -> Void
    ) async throws {
        try await withJournal { path in
            try await withEngine(path, code: code) { daybook in
                try await daybook.start("the-one", input: input)
                _ = try await daybook.wait(for: "the-one") { $0.isClosed || $0.status == .waiting }
                try await daybook.start("the-two", input: 2)
                _ = try await daybook.result(of: "the-two")
            }
            try rename("the-one", to: other, in: path)
            try await body(path)
        }
    }

    @Test(arguments: [1, 2])
    func whoLooksIsToldThatItIsMissingAndNotThatThereIsNone(_ input: Int) async throws {
        try await withLoss(input) { path in
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            expectMissing(
                #expect(throws: JournalError.self) { try inspector.record(of: "the-one") }
            )
            expectMissing(
                #expect(throws: JournalError.self) { try inspector.executions(ExecutionQuery()) }
            )
            // What is there is found. Of what is not there nobody can say that it never was.
            #expect(try inspector.record(of: "the-two").status == .completed)
            let error = #expect(throws: JournalError.self) { try inspector.record(of: "nobody") }
            #expect(error?.code == .integrity)
        }
    }

    @Test func aJournalIsNotOpenedWhereAnOpenExecutionCouldBeSubmittedAgain() async throws {
        try await withLoss(1) { path in
            let error = await #expect(throws: JournalError.self) {
                try await withEngine(path, code: code) { try await $0.start("the-one", input: 2) }
            }
            expectMissing(error)
        }
    }

    /// Before the place of the id, and where it is out of order.
    @Test(arguments: ["the-ond", "aaa-one", "zzz-one"])
    func aRowThatLiesBesideThePlaceOfItsIDIsFound(_ other: String) async throws {
        try await withLoss(2, named: other) { path in
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            expectMissing(
                #expect(throws: JournalError.self) { try inspector.record(of: "the-one") }
            )
        }
    }

    @Test func rowsThatAreOutOfOrderAreFound() async throws {
        try await withLoss(2, named: "zzz-one") { path in
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            let error = #expect(throws: JournalError.self) { try inspector.record(of: "nobody") }
            #expect(error?.code == .integrity)
        }
    }

    @Test func aLookForWhatWasNeverSubmittedCostsTheSameHoweverMuchWas() async throws {
        var lookUps: [Int] = []
        for count in [1_000, 20_000] {
            try await withSubmissions(count) { lmdb in
                let store = CountingStore(lmdb)
                let refusal = #expect(throws: Refusal.self) {
                    try Inspector.record(of: "3-555x", store)
                }
                #expect(refusal?.code == .notFound)
                lookUps.append(store.lookUps)
            }
        }
        #expect(lookUps[0] == lookUps[1])
        #expect(lookUps[0] < 200)
    }

    /// The sign for an angstrom and an A with a ring are the same to Swift, and have as many bytes.
    @Test func aRowOfAnIDThatOnlyLooksTheSameIsNotThatOfTheExecution() async throws {
        try await withJournal { path in
            try await withEngine(path, code: code) { daybook in
                try await daybook.start("\u{212B}ngstrom", input: 2)
                _ = try await daybook.result(of: "\u{212B}ngstrom")
            }
            try rename("\u{212B}ngstrom", to: "A\u{30A}ngstrom", in: path)
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            let report = try Verifier.verify(inspector.store)
            #expect(report.problems.contains { $0.reason.contains("not the one that was written") })
        }
    }
}
