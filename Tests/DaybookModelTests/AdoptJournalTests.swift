import DaybookFormat
import DaybookModel
import FoundationEssentials
import SwiftProtobuf
import Testing

/// Where a journal is at home.
@Suite struct AdoptJournalTests {
    private func binding(_ machine: [UInt8], _ inode: UInt64, device: UInt64 = 1) -> ProtoBinding {
        .with {
            $0.machine = Data(machine)
            $0.inode = inode
            $0.device = device
        }
    }

    @Test func anAdoptionIsRecordedOnceAndFolded() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let place = binding([1], 7)
        let reason = try harness.sealed([.text("moved")])
        let command = AdoptJournal(place, actor: "Ada", reason: reason)
        #expect(try harness.run(command, session: session))
        #expect(try !harness.run(command, session: session))
        #expect(harness.state.journal.binding == place)
        #expect(try harness.recovered().journal.binding == place)
        let other = AdoptJournal(binding([1], 8), actor: "", reason: reason)
        #expect(throws: Refusal.self) { try harness.run(other, session: session) }
    }

    @Test func aRestorationIsRecordedAlsoInTheSamePlaceAndMayChangeTheOrigin() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let place = binding([1], 7)
        let reason = try harness.sealed([.text("the disk is broken")])
        for (origin, expected) in [("", harness.state.journal.origin), ("second", "second")] {
            let command = AdoptJournal(
                place,
                actor: "Ada",
                reason: reason,
                restoration: .init(size: harness.next, root: [1, 2], origin: origin)
            )
            #expect(try harness.run(command, session: session))
            #expect(harness.state.journal.binding == place)
            #expect(harness.state.journal.origin == expected)
            #expect(try harness.recovered().journal.origin == expected)
        }
        // It is about all entries before it, and no others.
        let wrong = AdoptJournal(
            place,
            actor: "Ada",
            reason: reason,
            restoration: .init(size: harness.next - 1, root: [1, 2], origin: "")
        )
        #expect(throws: InconsistentEntry.self) { try harness.run(wrong, session: session) }
    }

    @Test func aRewritingIsOfAllEntriesBeforeIt() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let place = binding([1], 9)
        func command(_ size: UInt64, _ actor: String = "Ada") throws -> RewriteJournal {
            RewriteJournal(
                .damage,
                .init(binding: place, size: size, root: [1, 2], bytesBefore: 9, bytesAfter: 8),
                actor: actor,
                reason: try harness.sealed([.text("a bit flipped")])
            )
        }
        let origin = harness.state.journal.origin
        let next = harness.next
        #expect(throws: Refusal.self) { try harness.run(command(next - 1), session: session) }
        #expect(throws: Refusal.self) { try harness.run(command(next, ""), session: session) }
        #expect(harness.next == next)
        #expect(try harness.run(command(next), session: session) == next)
        #expect(harness.state.journal.binding == place)
        #expect(harness.state.journal.origin == origin)
        #expect(try harness.recovered().journal.binding == place)
    }

    @Test func aPlaceIsAMachineAndAFile() {
        let home = binding([1], 7)
        #expect(home.isSamePlace(as: home))
        #expect(home.isSamePlace(as: binding([1], 7, device: 2)))
        #expect(!home.isSamePlace(as: binding([1], 8)))
        #expect(!home.isSamePlace(as: binding([2], 7)))
        // A number is given again, and a file that is made later is another one.
        func made(_ time: UInt64) -> ProtoBinding {
            var binding = home
            binding.madeAt = time
            return binding
        }
        #expect(made(1).isSamePlace(as: made(1)))
        #expect(!made(1).isSamePlace(as: made(2)))
        #expect(home.isSamePlace(as: made(2)) && made(2).isSamePlace(as: home))
        // A machine without an id can be any.
        #expect(home.isSamePlace(as: binding([], 7)))
        #expect(binding([], 7).isSamePlace(as: home))
        #expect(!binding([], 7).isSamePlace(as: binding([], 8)))
    }
}
