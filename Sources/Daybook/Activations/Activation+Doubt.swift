import DaybookFormat
import DaybookModel

/// What is known of a body that ran, or may have run, before an activation began.
struct PastRun {
    /// How it began; nil: that is not in the history.
    let start: Replay.Start?
    /// What a person has said of it; nil: nothing.
    let resolution: Replay.Resolution?

    /// Nobody knows whether it has done its work.
    var isInDoubt: Bool { resolution == nil }
}

/// What is done about bodies that began and of which no outcome is recorded.
extension Activation {
    /// What is known of the body of an operation that is not recorded; nil: no start of it is.
    func past(of operation: Operation) throws(CancellationError) -> PastRun? {
        let (start, resolution) = try reading { try replayLog.past(of: operation) }
        guard let start = start ?? resolution?.start else { return nil }
        guard start.isOf(operation) else {
            // What is in doubt is what began, and not what code asks for in its place.
            guard start.once else { return nil }
            throw diverge(
                Divergence(
                    sequence: start.sequence,
                    recorded: start.operation,
                    attempted: operation,
                    location: operation.source?.description ?? ""
                )
            )
        }
        return PastRun(start: start, resolution: resolution)
    }

    /// Whether a body began at a place where no outcome is recorded.
    func hasBegun(at path: OperationPath) throws(CancellationError) -> Bool {
        guard isResumed else { return false }
        let (start, resolution) = try reading { try replayLog.past(at: path) }
        return start != nil || resolution != nil
    }

    /// What comes of an operation without running its body again.
    /// - Parameter decodes: decodes a value that a person has given, and encodes it anew.
    /// - Returns: nil: the body runs.
    /// - Throws: `CancellationError` when a person is to be asked.
    func settle(
        _ past: PastRun,
        _ operation: Operation,
        _ settings: CheckpointSettings,
        _ decodes: (EncodedValue) throws -> [UInt8]
    ) throws -> Result<(data: [UInt8], verified: Bool), OperationError>? {
        guard let resolution = past.resolution else {
            let began = past.start?.began ?? "before"
            switch settings.options.onDoubt {
            case .runAgain, .verify: return nil
            case .fail: return .failure(.interrupted(operation.name, began))
            case .askPerson: throw ask(operation, past, began, nil)
            }
        }
        if resolution.payload?.isErased == true {
            throw PayloadErased(sequence: resolution.sequence)
        }
        let said = resolution.payload?.data ?? []
        switch resolution.verdict {
        case .notDone: return nil
        case .failed(let facts):
            let message = String(decoding: said, as: UTF8.self)
            return .failure(OperationError(facts: facts, message: message, details: nil))
        case .done:
            do {
                let value = resolution.payload?.encoded ?? EncodedValue(data: said)
                return .success((try decodes(value), verified: true))
            } catch {
                let objection =
                    "entry \(resolution.sequence) gives a value that the code cannot take (\(UndecodableValue.sentence(error)))"
                throw ask(operation, past, past.start?.began ?? "before", objection)
            }
        }
    }

    /// An input that is to be kept, and is larger than a payload may be, is not: its operation fails
    /// with that before the body runs.
    func dropLargeInput(_ settings: inout CheckpointSettings) -> OperationError? {
        guard let input = settings.input, input.count > host.payloadLimit else { return nil }
        settings.input = nil
        return .tooLarge(input.count, host.payloadLimit)
    }

    /// Latches because a person is to be asked, about all that is in doubt.
    private func ask(
        _ operation: Operation,
        _ past: PastRun,
        _ began: String,
        _ objection: String?
    ) -> CancellationError {
        let started = past.start?.sequence ?? past.resolution?.sequence ?? 0
        let first = Doubt(operation: past.start?.operation ?? operation, started: started)
        // Of a cleaning only what it does itself.
        let root = lease.cleaning.first { operation.scope.starts(with: $0.scope) }?.scope ?? []
        let others = replayLog.doubts.filter {
            $0 != first && $0.operation.scope.starts(with: root)
        }
        let reason = ActivationEnd.inDoubt(
            InDoubt(doubts: [first] + others, began: began, objection: objection)
        )
        // Bodies of other branches end by themselves, and are recorded: what was told to stop would
        // be in doubt too.
        latch(reason, tellsBodies: false)
        return CancellationError()
    }
}
