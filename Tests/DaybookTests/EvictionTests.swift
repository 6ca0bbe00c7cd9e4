import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

@testable import Daybook

/// Code that is to be let go of, and has something to do by then.
@Suite(.timeLimit(.minutes(20))) struct EvictionTests {
    private var options: EngineOptions {
        var options = EngineOptions()
        // Whatever only waits is let go of.
        options.maxResident = 0
        return options
    }

    /// Runs a body, which lasts until the test says so, and waits for a signal after that.
    private func withBody(
        _ body: (Engine, Activation, AsyncStream<Void>.Continuation) async throws -> Void
    ) async throws {
        let (reached, reach) = AsyncStream.makeStream(of: Void.self)
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        let seen = Locked<Activation?>(nil)
        let code: Scripted.Code = { _, context in
            seen.withLock { if $0 == nil { $0 = context.activation } }
            try await context.checkpoint("body") { _ in
                reach.finish()
                for await _ in ended {}
            }
            return try await context.receive("go", as: String.self)
        }
        try await withJournal { path in
            try await withEngine(path, options, code: code) { daybook in
                try await daybook.start()
                for await _ in reached {}
                try await body(daybook, #require(seen.withLock { $0 }), end)
                #expect(try await daybook.result() == "\"gone on\"")
            }
        }
    }

    /// Has the machines take an activation for one that only waits.
    private func letGo(
        of activation: Activation,
        _ daybook: Engine
    ) -> [Residency<Activation>.Action] {
        daybook.engine.machines.tell {
            $0.residency.note(
                activation.lease.execution,
                epoch: activation.lease.epoch,
                isIdle: true,
                until: nil
            )
        }
    }

    @Test func codeThatRunsWhenItIsToBeLetGoOfStaysAndGoesOn() async throws {
        try await withBody { daybook, activation, end in
            let actions = letGo(of: activation, daybook)
            #expect(actions.count == 1)
            daybook.engine.carryOut(actions)
            #expect(activation.latched == nil)
            #expect(daybook.engine.machines.tell { $0.residency.busy } == 1)
            end.finish()
            try await daybook.untilWaiting()
            try await daybook.signal("a", "go", "gone on")
        }
    }

    /// All of it waits again, and what it waits for has come and been read.
    @Test func codeWhoseWaitIsOverWhenItIsToBeLetGoOfStaysAndGoesOn() async throws {
        try await withBody { daybook, activation, end in
            _ = letGo(of: activation, daybook)
            end.finish()
            while !activation.isIdle, !Task.isCancelled { await Task.yield() }
            try await daybook.signal("a", "go", "gone on")
            #expect(activation.follow(mayWake: false) == .needsTurn)
            #expect(!activation.evict())
            let lease = activation.lease
            let actions = daybook.engine.machines.tell {
                $0.residency.stays(lease.execution, epoch: lease.epoch)
            }
            // To let go of it once more would come to the same.
            #expect(daybook.engine.note(activation).isEmpty)
            daybook.engine.carryOut(actions)
        }
    }
}
