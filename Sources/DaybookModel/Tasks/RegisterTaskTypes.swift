import DaybookFormat
import SwiftProtobuf

/// Registers types of tasks. A name that is registered already stays what it is.
package struct RegisterTaskTypes: Command {
    /// The types, in order.
    package let types: [TaskType]
    /// Who asks, and why.
    package let request: Request

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ types: [TaskType], by request: Request = .session) {
        self.types = types
        self.request = request
    }

    /// What became of each, in order.
    package typealias Answer = [TaskTypeAnswer]

    /// Registers those that are not there.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        try request.check()
        for (place, type) in types.enumerated() {
            try Refusal.at(place) { () throws(Refusal) in try type.check() }
        }
        var answers: [TaskTypeAnswer] = []
        for type in types {
            if let found = tx.state.tasks.type(named: Name(type.name)) {
                let differs = found.definition != type
                answers.append(
                    TaskTypeAnswer(number: found.number, existed: true, differs: differs)
                )
                continue
            }
            let event = ProtoEntry.OneOf_Event.taskTypeRegistered(type.proto).encoded()
            let number = try tx.append(event, to: nil, by: request)
            answers.append(TaskTypeAnswer(number: number, existed: false, differs: false))
        }
        return answers
    }
}

/// What became of a type that was to be registered.
public struct TaskTypeAnswer: Equatable, Sendable {
    /// Its number.
    public let number: UInt64
    /// It was there already, and nothing has changed.
    public let existed: Bool
    /// It was there already, and is another one than was asked for.
    public let differs: Bool
}

extension Refusal {
    /// Says of a refusal which of several things it is about.
    static func at<Result>(
        _ place: Int,
        _ body: () throws(Refusal) -> Result
    ) throws(Refusal) -> Result {
        do throws(Refusal) {
            return try body()
        } catch {
            var refusal = error
            refusal.place = place
            throw refusal
        }
    }
}
