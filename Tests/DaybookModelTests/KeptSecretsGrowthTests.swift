import DaybookFormat
import DaybookTestKit
import SwiftProtobuf
import Testing

@testable import DaybookModel

/// What secrets of executions that have ended cost whoever looks for something else: that is done at every
/// turn of a worker, and at every commit.
@Suite(.serialized) struct KeptSecretsGrowthTests {
    /// How much longer a look may take beside a thousand times as many.
    private static let factor = 25
    private static let looks = 200

    /// A state that keeps a secret of each of so many executions, all of them closed.
    private func closed(_ count: UInt64) throws -> State {
        var state = State()
        for number in 1...count {
            let key = ProtoSecretKey.with {
                $0.name = "TOKEN"
                $0.slot = UInt32(number)
            }
            try state.small.secrets.store([key], of: number, Name("e-\(number)"), number)
            state.small.secrets.close(number, at: Timestamp(rawValue: number))
        }
        return state
    }

    private func expectNoGrowth(
        _ small: State,
        _ large: State,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ look: (State) -> Bool
    ) {
        func time(_ state: State) -> Duration {
            processorTime { for _ in 0..<Self.looks { #expect(look(state)) } }
        }
        // The first one finds cold caches.
        _ = time(small)
        let few = min(time(small), time(small))
        let many = min(time(large), time(large))
        #expect(many < few * Self.factor, "\(few) and \(many)", sourceLocation: sourceLocation)
    }

    @Test func aWorkerWithoutTheKeyLooksAtNoneThatIsClosed() throws {
        expectNoGrowth(try closed(10), try closed(10_000)) { state in
            !state.hasReadySecrets(of: ["copy"], for: "")
        }
    }

    @Test func theNextExpiryIsToldWithoutALookAtThoseThatAreLeft() throws {
        func left(_ count: UInt64) throws -> State {
            var state = try closed(count)
            for number in 1..<count { state.small.secrets.leave(number, because: "damaged") }
            return state
        }
        expectNoGrowth(try left(10), try left(10_000)) { state in
            state.small.secrets.firstClosing != nil
        }
    }

    @Test func whatIsOpenAgainIsLookedAtAgain() throws {
        var secrets = try closed(3).small.secrets
        #expect(Array(secrets.openNumbers) == [])
        secrets.reopen(2)
        #expect(Array(secrets.openNumbers) == [2])
        #expect(secrets.expired(after: 0, by: Timestamp(rawValue: 9)) == [1, 3])
        secrets.handOn(2, to: 7)
        #expect(Array(secrets.openNumbers) == [7])
        secrets.close(7, at: Timestamp(rawValue: 2))
        #expect(Array(secrets.openNumbers) == [])
        #expect(secrets.expired(after: 0, by: Timestamp(rawValue: 9)) == [1, 7, 3])
    }

    /// So a commit has nothing to say of what was found before.
    @Test func whatIsLeftIsNewToItsOwnBatchAlone() throws {
        var state = try closed(3)
        for number in 1...2 { state.small.secrets.leave(UInt64(number), because: "damaged") }
        #expect(state.secrets.newlyLeft == [1, 2])
        state.commit()
        #expect(state.secrets.newlyLeft == [])
        #expect(state.secrets.left.count == 2)
        state.small.secrets.leave(3, because: "damaged")
        #expect(state.secrets.newlyLeft == [3])
    }

    /// What another process could read and wipe is nobody's trouble any more.
    @Test func whatIsLeftIsSoUntilItIsWipedOrOpenAgain() throws {
        var secrets = try closed(3).small.secrets
        for number in 1...2 { secrets.leave(UInt64(number), because: "damaged") }
        #expect(secrets.expired(after: 0, by: Timestamp(rawValue: 9)) == [3])
        let kept = try #require(secrets[1]?.secrets.first)
        let key = ProtoSecretKey.with {
            $0.name = kept.name.text
            $0.slot = kept.slot
        }
        try secrets.wipe([key], of: 1)
        secrets.reopen(2)
        #expect(secrets.left == [:])
        secrets.close(2, at: Timestamp(rawValue: 5))
        #expect(secrets.expired(after: 0, by: Timestamp(rawValue: 9)) == [3, 2])
    }
}
