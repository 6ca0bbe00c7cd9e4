import DaybookFormat
import DequeModule
import FoundationEssentials
import SwiftProtobuf

extension StatePart {
    /// The secrets that are kept of executions, open or closed: what has failed can be retried with
    /// them.
    ///
    /// Their entries are in the histories of their executions, which have no other part in them.
    static let secrets = StatePart(
        name: "secrets",
        schema: 2,
        kinds: [.secretsStored, .secretsWiped],
        apply: { state, kind, entry, history in
            let isClosed = try state.applyToExecution(kind, entry, history)
            try state.applySecrets(kind, entry)
            return isClosed
        },
        items: { $0.small.secrets.numbers },
        write: { state, number, writer, _ in
            state.small.secrets.writeSnapshot(of: number, to: &writer)
        },
        read: { state, bytes throws(WireError) in
            try state.small.secrets.readSnapshot(bytes)
        }
    )
}

extension State {
    /// The secrets that are kept, as the batch under way leaves them.
    package var secrets: KeptSecrets { small.secrets }

    /// When secrets expire next; nil: never.
    package var nextSecretExpiry: Timestamp? {
        journal.secretLifetime == 0
            ? nil : small.secrets.firstClosing.map { $0.adding(journal.secretLifetime) }
    }

    fileprivate mutating func applySecrets(
        _ kind: EventKind,
        _ entry: EntryView
    ) throws(WireError) {
        let number = entry.header.stream.rawValue
        if kind == .secretsStored {
            let event = try ProtoSecretsStored(decoding: entry)
            guard let id = execution(number)?.id else {
                throw WireError("it stores secrets of what is not open")
            }
            guard event.secrets.count == (try entry.commitments().count) else {
                throw WireError(
                    "it names \(event.secrets.count) secrets and has not as many payloads"
                )
            }
            try small.secrets.store(event.secrets, of: number, id, entry.header.sequence)
        } else {
            try small.secrets.wipe(try ProtoSecretsWiped(decoding: entry).secrets, of: number)
        }
    }

    /// Follows what becomes of an execution that has secrets.
    mutating func followSecrets(_ kind: EventKind, _ entry: EntryView) throws(WireError) {
        let number = entry.header.stream.rawValue
        switch kind {
        case .executionFailed, .executionTimedOut, .executionCancelled, .executionExpired:
            // What is undone after that may need them.
            guard try entry.flag(Wire.ExecutionFailed.closes) else { return }
            small.secrets.close(number, at: entry.header.time)
        case .executionClosed: small.secrets.close(number, at: entry.header.time)
        case .executionReopened: small.secrets.reopen(number)
        case .executionContinued:
            small.secrets.handOn(number, to: try entry.number(Wire.ExecutionContinued.next))
        case .executionCompleted:
            guard small.secrets[number] == nil else {
                throw WireError("it completes an execution whose secrets are not wiped")
            }
        default: break
        }
    }
}

/// The secrets that are kept, by execution.
package struct KeptSecrets: Sendable, Equatable {
    /// A secret that is kept.
    package struct Secret: Sendable, Hashable {
        /// Its name.
        package let name: Name
        /// The slot of its data key.
        package let slot: UInt32
        /// The id of its data key.
        package let key: [UInt8]
        /// The entry that has its sealed bytes.
        package let sequence: UInt64
        /// Which payload of that entry they are.
        package let payload: Int
    }

    /// What is kept of one execution.
    package struct OfExecution: Sendable, Equatable {
        /// Its id.
        package let id: Name
        /// Those that are kept, in the order in which they were given.
        package internal(set) var secrets: [Secret] = []
        /// When it was closed that did not end well; zero: it is open.
        package internal(set) var closedAt = Timestamp(rawValue: 0)

        /// The secret of a name.
        package subscript(name: Name) -> Secret? { secrets.first { $0.name == name } }
    }

    private var all: [UInt64: OfExecution] = [:]
    /// The numbers of the executions that have some and are open. Who looks for work looks at these, at
    /// every turn; of those that are closed there may be many.
    private(set) var openNumbers: Set<UInt64> = []
    /// Those that are closed and can be wiped, in order of time and number.
    private var closed = Deque<(time: Timestamp, number: UInt64)>()
    /// The execution of an id.
    private var numbersByID: [Name: UInt64] = [:]

    /// Why secrets of executions whose time is over cannot be wiped in this process: what is recorded of
    /// those has changed on the disk. No part of what entries say.
    package private(set) var left: [UInt64: String] = [:]
    /// The numbers of those of them that the batch under way has found.
    package private(set) var newlyLeft: [UInt64] = []

    /// None are.
    package var isEmpty: Bool { all.isEmpty }
    /// The numbers of the executions that have some, ascending.
    package var numbers: [UInt64] { all.keys.sorted() }
    /// When the first of those was closed that are closed, and can be wiped; nil: none is.
    var firstClosing: Timestamp? { closed.first?.time }

    /// What is kept of an execution; nil: nothing.
    package subscript(number: UInt64) -> OfExecution? { all[number] }

    /// What is kept of the execution of an id; nil: nothing.
    package func of(_ id: Name) -> OfExecution? { numbersByID[id].flatMap { all[$0] } }

    /// Every secret that is kept of any execution.
    package var every: [Secret] { numbers.flatMap { all[$0]?.secrets ?? [] } }

    /// The numbers of those that were closed that long ago and can be wiped, in order.
    func expired(after lifetime: UInt64, by now: Timestamp) -> [UInt64] {
        closed.prefix { $0.time.adding(lifetime) <= now }.map(\.number)
    }

    /// Those of an execution stay, because that cannot be read.
    mutating func leave(_ number: UInt64, because reason: String) {
        guard let kept = all[number] else { return }
        unlist(number, kept)
        left[number] = reason
        newlyLeft.append(number)
    }

    /// The batch is over.
    mutating func endBatch() {
        if !newlyLeft.isEmpty { newlyLeft = [] }
    }

    /// The rest follows from what is kept, or is no part of what entries say.
    package static func == (one: KeptSecrets, other: KeptSecrets) -> Bool { one.all == other.all }

    // MARK: Folding

    mutating func store(
        _ secrets: [ProtoSecretKey],
        of number: UInt64,
        _ id: Name,
        _ sequence: UInt64
    ) throws(WireError) {
        var kept = all[number] ?? OfExecution(id: id)
        for (payload, secret) in secrets.enumerated() {
            let name = Name(secret.name)
            guard kept[name] == nil else { throw WireError("it stores the secret \(name) twice") }
            kept.secrets.append(
                Secret(
                    name: name,
                    slot: secret.slot,
                    key: Array(secret.key),
                    sequence: sequence,
                    payload: payload
                )
            )
        }
        all[number] = kept
        numbersByID[id] = number
        if kept.closedAt.rawValue == 0 { openNumbers.insert(number) }
    }

    mutating func wipe(_ secrets: [ProtoSecretKey], of number: UInt64) throws(WireError) {
        for secret in secrets {
            guard
                let index = all[number]?.secrets.firstIndex(where: {
                    $0.name == Name(secret.name) && $0.key.elementsEqual(secret.key)
                })
            else { throw WireError("it wipes the secret \(secret.name), which is not kept") }
            all[number]?.secrets.remove(at: index)
        }
        guard let kept = all[number], kept.secrets.isEmpty else { return }
        all[number] = nil
        numbersByID[kept.id] = nil
        unlist(number, kept)
    }

    mutating func close(_ number: UInt64, at time: Timestamp) {
        guard all[number] != nil, all[number]?.closedAt.rawValue == 0 else { return }
        all[number]?.closedAt = time
        openNumbers.remove(number)
        insert(time, number)
    }

    private mutating func insert(_ time: Timestamp, _ number: UInt64) {
        closed.insert((time, number), at: place(time, number))
    }

    /// Where one is among those that are closed, or belongs.
    private func place(_ time: Timestamp, _ number: UInt64) -> Int {
        var (low, high) = (0, closed.count)
        while low < high {
            let middle = (low + high) / 2
            if (closed[middle].time, closed[middle].number) < (time, number) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// It is neither open nor closed, nor left.
    private mutating func unlist(_ number: UInt64, _ kept: OfExecution) {
        left[number] = nil
        guard openNumbers.remove(number) == nil else { return }
        let place = place(kept.closedAt, number)
        if place < closed.count, closed[place].number == number { closed.remove(at: place) }
    }

    mutating func reopen(_ number: UInt64) {
        guard let kept = all[number] else { return }
        unlist(number, kept)
        all[number]?.closedAt = Timestamp(rawValue: 0)
        openNumbers.insert(number)
    }

    mutating func handOn(_ number: UInt64, to next: UInt64) {
        guard let kept = all.removeValue(forKey: number) else { return }
        all[next] = kept
        numbersByID[kept.id] = next
        if openNumbers.remove(number) != nil { openNumbers.insert(next) }
    }

    // MARK: In a snapshot

    /// A `daybook.v1.ExecutionSecrets`.
    func writeSnapshot(of number: UInt64, to writer: inout WireWriter) {
        guard let kept = all[number] else { return }
        let item = ProtoExecutionSecrets.with {
            $0.execution = number
            $0.id = kept.id.text
            $0.closedAt = kept.closedAt.rawValue
            $0.secrets = kept.secrets.map { secret in
                .with {
                    $0.key.name = secret.name.text
                    $0.key.slot = secret.slot
                    $0.key.key = Data(secret.key)
                    $0.sequence = secret.sequence
                    $0.payload = UInt32(secret.payload)
                }
            }
        }
        item.encoded().withUnsafeBytes { writer.raw($0) }
    }

    mutating func readSnapshot(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        let item = try ProtoExecutionSecrets(wire: bytes)
        var kept = OfExecution(id: Name(item.id))
        kept.closedAt = Timestamp(rawValue: item.closedAt)
        kept.secrets = item.secrets.map {
            Secret(
                name: Name($0.key.name),
                slot: $0.key.slot,
                key: Array($0.key.key),
                sequence: $0.sequence,
                payload: Int($0.payload)
            )
        }
        all[item.execution] = kept
        numbersByID[kept.id] = item.execution
        if item.closedAt == 0 {
            openNumbers.insert(item.execution)
        } else {
            insert(kept.closedAt, item.execution)
        }
    }
}
