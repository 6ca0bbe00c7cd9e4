import DaybookFormat
import FoundationEssentials
import SwiftProtobuf
import Testing

@testable import DaybookModel

@Suite struct StateJournalTests {
    private func facts(_ created: ProtoJournalCreated) throws -> JournalFacts {
        var state = State()
        let event = ProtoEntry.OneOf_Event.journalCreated(created).encoded()
        try withEntry(encode(EntryHeader(), event: event)) { try state.apply(committed: $0) }
        #expect(state.next == 1)
        return state.journal
    }

    @Test func beforeEntryZeroNothingIsKnown() {
        let state = State()
        #expect(state.journal.uuid == nil)
        #expect(state.journal.contentTypes.isEmpty)
        #expect(state.next == 0)
        #expect(state.openCount == 0)
        #expect(state.sessions.isEmpty)
    }

    @Test func entryZeroSaysWhatHolds() throws {
        let uuid = Array(UInt8(1)...16)
        let facts = try facts(
            .with {
                $0.uuid = Data(uuid)
                $0.origin = "example.com/book"
                $0.format = 1
                $0.settings.payloadLimit = 4_096
                $0.settings.lossLimit = 9
                $0.contentTypes = ["a/b", "c/d"]
                $0.binding.machine = Data([1, 2, 3])
                $0.binding.device = 4
                $0.binding.inode = 5
            }
        )
        #expect(facts.uuid?.bytes == uuid)
        #expect(facts.origin == "example.com/book")
        #expect(facts.payloadLimit == 4_096)
        #expect(facts.lossLimit == 9)
        #expect(facts.contentTypes == ["a/b", "c/d"])
        #expect(facts.binding.device == 4)
        #expect(facts.binding.inode == 5)
        #expect(Array(facts.binding.machine) == [1, 2, 3])
    }

    @Test func zeroInASettingStandsForItsDefault() throws {
        let facts = try facts(.init())
        #expect(facts.payloadLimit == 16_777_216)
        #expect(facts.lossLimit == 5)
        #expect(facts.contentTypes.isEmpty)
    }

    @Test func hugeSettingsAreTaken() throws {
        let facts = try facts(
            .with {
                $0.settings.payloadLimit = .max
                $0.settings.lossLimit = .max
            }
        )
        #expect(facts.payloadLimit == .max)
        #expect(facts.lossLimit == .max)
    }

    @Test func contentTypesAreNumberedFromOne() throws {
        var harness = try ModelHarness(contentTypes: ["a/a", "b/b"])
        #expect(harness.state.journal.number(ofContentType: "a/a") == 1)
        #expect(harness.state.journal.number(ofContentType: "b/b") == 2)
        #expect(harness.state.journal.number(ofContentType: "c/c") == nil)
        let session = try harness.open()
        harness.begin()
        let payloads = try harness.sealed([Payload([1], contentType: "c/c")])
        let submit = Submit(id: "a", type: "copy", input: [1], payloads: payloads)
        try harness.run(submit, session: session)
        #expect(harness.state.journal.number(ofContentType: "c/c") == 3)
        try harness.rollBack()
        #expect(harness.state.journal.number(ofContentType: "c/c") == nil)
    }
}
