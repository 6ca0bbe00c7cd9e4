import DaybookFormat
import SwiftProtobuf

/// Disables tasks: nothing is dispatched of them until they are respawned. A run that is under way goes on,
/// and its end changes nothing of that.
package struct DisableTasks: Command {
    /// Their ids.
    package let numbers: [UInt64]
    /// Who asks, and why.
    package let request: Request

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ numbers: [UInt64], by request: Request = .session) {
        self.numbers = numbers
        self.request = request
    }

    /// Those that were not disabled before, in order.
    package typealias Answer = [UInt64]

    /// Disables all of them, or none.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        try request.check()
        let event = ProtoEntry.OneOf_Event.taskDisabled(.init())
        return try tx.change(numbers, event, by: request, refused: { _ in nil }) {
            $0.status == .disabled
        }
    }
}

/// Has tasks run again, whatever has become of them.
package struct RespawnTasks: Command {
    /// Their ids.
    package let numbers: [UInt64]
    /// Their next run is begun then at the earliest; nil: at once.
    package let nextRun: Timestamp?
    /// Who asks, and why.
    package let request: Request

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ numbers: [UInt64], at nextRun: Timestamp? = nil, by request: Request = .session)
    {
        self.numbers = numbers
        self.nextRun = nextRun
        self.request = request
    }

    /// Those that were respawned: all of them, each once.
    package typealias Answer = [UInt64]

    /// Respawns all of them, or none. One of which a run is under way is refused: it would run twice at
    /// once.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        try request.check()
        let time = (nextRun ?? tx.now).rawValue
        let event = ProtoEntry.OneOf_Event.taskRespawned(.with { $0.nextRun = time })
        return try tx.change(numbers, event, by: request, refused: Self.objection) { _ in false }
    }

    private static func objection(_ task: KeptTask) -> Refusal? {
        task.run.map { run in
            Refusal(
                .wrongState,
                "the task \(task.number) was to be respawned, and its run \(run.id) is under way; wait for its end, or cancel it"
            )
        }
    }
}

/// Marks tasks as archived: they are not kept in mind any more. Their entries stay.
package struct ArchiveTasks: Command {
    /// Their ids.
    package let numbers: [UInt64]
    /// Who asks, and why.
    package let request: Request

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ numbers: [UInt64], by request: Request = .session) {
        self.numbers = numbers
        self.request = request
    }

    /// Those that are archived by it: all of them, each once.
    package typealias Answer = [UInt64]

    /// Archives all of them, or none: only of what is completed or disabled nothing comes any more.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        try request.check()
        let event = ProtoEntry.OneOf_Event.taskArchived(.init())
        return try tx.change(numbers, event, by: request, refused: Self.objection) { _ in false }
    }

    private static func objection(_ task: KeptTask) -> Refusal? {
        if task.isArchivable { return nil }
        let found =
            task.run.map { "its run \($0.id) is under way" } ?? "it is \(task.status.rawValue)"
        return Refusal(
            .wrongState,
            "the task \(task.number) was to be archived, and \(found); disable it first, and wait for the end of its run"
        )
    }
}

extension Transaction {
    /// Says something of tasks, each once; of all, or of none.
    /// - Parameter isSo: it need not be said of a task.
    fileprivate mutating func change(
        _ numbers: [UInt64],
        _ event: ProtoEntry.OneOf_Event,
        by request: Request,
        refused: (KeptTask) -> Refusal?,
        unless isSo: (KeptTask) -> Bool
    ) throws -> [UInt64] {
        var wanted: [UInt64] = []
        var seen: Set<UInt64> = []
        for (place, number) in numbers.enumerated() {
            guard let task = state.tasks[number] else {
                var refusal = Refusal.unknownTask(number)
                refusal.place = place
                throw refusal
            }
            if var refusal = refused(task) {
                refusal.place = place
                throw refusal
            }
            if seen.insert(number).inserted, !isSo(task) { wanted.append(number) }
        }
        var request = request
        let bytes = event.encoded()
        for number in wanted {
            try append(bytes, to: StreamID(number), by: request)
            // The reason stands with the first of them.
            request = request.withoutReason
        }
        return wanted
    }
}
