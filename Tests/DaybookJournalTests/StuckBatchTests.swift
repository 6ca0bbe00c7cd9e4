import Testing

@testable import DaybookJournal

/// What is said of a batch that was not written and cannot be taken back.
@Suite struct StuckBatchTests {
    private let damage = JournalError(.integrity, "entry 2: it is damaged", sequence: 2)
    private let disk = JournalError(.system, "the disk failed")

    @Test func damageIsSaidAsSuch() {
        #expect(JournalError.stuck(after: disk, damage, "here").code == .integrity)
        #expect(JournalError.stuck(after: damage, disk, "here").code == .integrity)
    }

    @Test func anythingElseMayHelpItself() {
        let error = JournalError.stuck(after: disk, disk, "here")
        #expect(error.code == .system)
        #expect(error.description.contains("it is tried again with the next command"))
    }
}
