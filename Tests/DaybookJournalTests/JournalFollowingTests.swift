import DaybookFormat
import DaybookSystem
import Testing

@testable import DaybookJournal

/// Several journals over one store, as several processes have them.
@Suite struct JournalFollowingTests {
    @Test(arguments: StoreKind.allCases)
    func twoJournalsWriteOneSequence(_ kind: StoreKind) throws {
        try kind.withJournal { first in
            let second = try Journal.open(first.store)
            var seenByFirst: [UInt64] = []
            var seenBySecond: [UInt64] = []
            for round in UInt64(0)..<20 {
                _ = try first.write(follow: { entry, _ in
                    seenByFirst.append(entry.header.sequence)
                }) { batch in
                    try batch.append(Drafts.entry(1)) { _ in }
                    try batch.append(Drafts.entry(round + 10)) { _ in }
                }
                _ = try second.write(follow: { entry, _ in
                    seenBySecond.append(entry.header.sequence)
                }) { batch in
                    try batch.append(Drafts.entry(1)) { _ in }
                }
            }
            // Each saw what the other had written, in order, and only that.
            let places = Array(UInt64(1)...60)
            #expect(seenBySecond == places.filter { $0 % 3 != 0 })
            #expect(seenByFirst == places.filter { $0 % 3 == 0 && $0 < 60 })
            #expect(second.head.size == 61)
            #expect(first.head.size == 60)
            try first.catchUp { seenByFirst.append($0.header.sequence) }
            #expect(seenByFirst.last == 60)
            #expect(first.head == second.head)
            try first.checkInvariants()
            try second.checkInvariants()
        }
    }

    @Test(arguments: StoreKind.allCases)
    func catchingUpShowsEachEntryOnce(_ kind: StoreKind) throws {
        try kind.withJournal { writer in
            let follower = try Journal.open(writer.store)
            var seen: [ReadEntry] = []
            for count in [0, 1, 0, 5, 300] {
                try writer.append((0..<count).map { Drafts.entry(UInt64($0) + 1) })
                try follower.catchUp { seen.append(ReadEntry($0)) }
                #expect(follower.head == writer.head)
            }
            #expect(seen == Array(try writer.entries().dropFirst()))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func catchingUpGoesOnWhereAnErrorEndedIt(_ kind: StoreKind) throws {
        struct Refused: Error {}
        try kind.withJournal { writer in
            let follower = try Journal.open(writer.store)
            try writer.append((1...5).map { Drafts.entry($0) })
            var seen: [UInt64] = []
            #expect(throws: Refused.self) {
                try follower.catchUp { entry in
                    if entry.header.sequence == 3 { throw Refused() }
                    seen.append(entry.header.sequence)
                }
            }
            #expect(follower.head.size == 3)
            try follower.catchUp { seen.append($0.header.sequence) }
            #expect(seen == [1, 2, 3, 4, 5])
            #expect(follower.head == writer.head)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aBatchBeginsAfterTheEntriesOfOthers(_ kind: StoreKind) throws {
        let clock = ManualClock(10)
        try kind.withJournal(clock: clock) { first in
            let second = try Journal.open(first.store, clock: ManualClock(3))
            clock.set(50)
            try first.append([Drafts.entry(4)])
            try second.write { batch in
                #expect(batch.nextSequence == 2)
                // Its own clock is behind what is written.
                #expect(batch.now.rawValue == 50)
                try batch.append(Drafts.entry(4)) { entry in
                    #expect(entry.header.ordinal == 1)
                    #expect(entry.header.previous == 1)
                }
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func whatOthersWroteIsFollowedAlsoByABatchThatIsRefused(_ kind: StoreKind) throws {
        struct Refused: Error {}
        try kind.withJournal { first in
            let second = try Journal.open(first.store)
            try first.append([Drafts.entry(1), Drafts.entry(1)])
            var seen: [UInt64] = []
            #expect(throws: Refused.self) {
                try second.write(follow: { entry, _ in seen.append(entry.header.sequence) }) {
                    batch in
                    try batch.append(Drafts.entry(1)) { _ in }
                    throw Refused()
                }
            }
            #expect(seen == [1, 2])
            #expect(second.head == first.head)
            try second.append([Drafts.entry(1)])
            try second.checkInvariants()
        }
    }

    @Test func twoProcessesWriteOneSequence() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/a.daybook"
            let place = JournalFolder(path)
            try place.create(.scratch) { _, _ in Drafts.created }
            let opened = try place.open(.scratch)
            let journal = try Journal.open(opened.store)
            let isOver = Locked(false)
            // The stream that both write begins here.
            try journal.append([Drafts.entry(1), Drafts.entry(9)])
            async let other: Void = appendInAnotherProcess(path, isOver)
            // Writes as long as the other process does, which waits for this one in the middle.
            var mine: UInt64 = 1
            var theirs: UInt64 = 0
            while !isOver.withLock({ $0 }) {
                _ = try journal.write(follow: { entry, _ in
                    theirs += entry.header.session == 2 ? 1 : 0
                }) {
                    batch in
                    try batch.append(Drafts.entry(1)) { _ in }
                    try batch.append(Drafts.entry(mine + 10)) { _ in }
                }
                mine += 1
                await Task.yield()
            }
            await other
            try journal.catchUp { theirs += $0.header.session == 2 ? 1 : 0 }
            #expect(theirs == 200)
            #expect(journal.head.size == 1 + 2 * mine + 200)
            // Mine, theirs, mine, theirs. How often else they take turns is the kernel's choice.
            let sessions = try journal.entries().dropFirst().map(\.header.session)
            let changes = zip(sessions, sessions.dropFirst()).count { $0 != $1 }
            #expect(changes >= 3)
            try journal.checkInvariants()
            opened.close()
        }
    }

    private func appendInAnotherProcess(_ path: String, _ isOver: Locked<Bool>) async {
        await #expect(processExitsWith: .success) { [path = path as String] in
            let opened = try JournalFolder(path).open(.scratch)
            let journal = try Journal.open(opened.store)
            for half in 0..<2 {
                for _ in 0..<100 {
                    var draft = Drafts.entry(1)
                    draft.session = 2
                    try journal.append([draft])
                }
                var isFollowed = half == 1
                while !isFollowed {
                    try journal.catchUp { if $0.header.session != 2 { isFollowed = true } }
                    await Task.yield()
                }
            }
            opened.close()
        }
        isOver.withLock { $0 = true }
    }
}
