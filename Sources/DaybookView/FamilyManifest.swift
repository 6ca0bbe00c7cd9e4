package import DaybookFormat
package import DaybookJournal
import FoundationEssentials

/// What stands for the values of a family in one payload: the entries that hold them. So what a child
/// gave is in one place, however many are above it, and erasing that once is enough.
///
/// As JSON: `{"input":1,"output":20,"children":[31,35]}`.
package struct FamilyManifest: Codable, Equatable, Sendable {
    /// The content type of such a payload.
    package static let contentType = "application/vnd.daybook.family+json"

    /// Of what a finalizer is given: the entry with the input of the execution that it finishes.
    package let input: UInt64?
    /// The entry that holds what the handler of that returned.
    package let output: UInt64
    /// The entries by which its children have ended, in the order in which they were spawned.
    package let children: [UInt64]

    /// - Parameter input: nil: it is no part of it.
    package init(input: UInt64? = nil, output: UInt64, children: [UInt64]) {
        self.input = input
        self.output = output
        self.children = children
    }

    /// How many children fit into a payload of so many bytes, whatever their entries.
    package static func capacity(of limit: Int) -> Int { max(0, limit - 80) / 21 }

    /// The payload's bytes.
    package var encoded: [UInt8] {
        let input = input.map { "\"input\":\($0)," } ?? ""
        let list = children.map { "\($0)" }.joined(separator: ",")
        return Array("{\(input)\"output\":\(output),\"children\":[\(list)]}".utf8)
    }

    /// Reads a payload.
    /// - Parameter sequence: the entry that holds it: what it stands for lies before that.
    /// - Throws: ``JournalError/Code/integrity``.
    package init(decoding data: [UInt8], at sequence: UInt64) throws {
        do {
            self = try JSONDecoder().decode(FamilyManifest.self, from: Data(data))
        } catch {
            throw Self.damaged(sequence, "\(error)")
        }
        let last = ([input ?? 0, output] + children).max() ?? 0
        guard last < sequence else { throw Self.damaged(sequence, "entry \(last) lies behind it") }
    }

    private static func damaged(_ sequence: UInt64, _ reason: String) -> JournalError {
        JournalError(
            .integrity,
            "entry \(sequence): it stands for the values of a family, and cannot be read (\(reason)); run `daybook verify`",
            sequence: sequence
        )
    }

    /// All entries that hold a value of it.
    var values: [UInt64] { (input.map { [$0] } ?? []) + [output] + children }
}

/// Reads values that may be those of a family, from wherever its entries are.
package struct FamilyReader {
    private let payloads: (UInt64) throws -> [StoredPayload]
    private let child: (UInt64) throws -> EndedChildName
    private let contentType: (UInt32) -> String?

    /// - Parameters:
    ///   - payloads: reads the payloads of an entry.
    ///   - child: says who has ended by an entry.
    ///   - contentType: what a number stands for.
    package init(
        payloads: @escaping (UInt64) throws -> [StoredPayload],
        child: @escaping (UInt64) throws -> EndedChildName,
        contentType: @escaping (UInt32) -> String?
    ) {
        self.payloads = payloads
        self.child = child
        self.contentType = contentType
    }

    /// The first payload of an entry.
    /// - Throws: ``PayloadErased``; ``JournalError``.
    package func payload(of sequence: UInt64) throws -> StoredPayload {
        guard let payload = try payloads(sequence).first else {
            throw ExecutionReader.missingPayload(of: sequence)
        }
        guard !payload.isErased else { throw PayloadErased(sequence: sequence) }
        return payload
    }

    /// What a payload stands for; nil: for itself.
    /// - Throws: ``JournalError/Code/integrity``.
    package func manifest(in payload: StoredPayload, of sequence: UInt64) throws -> FamilyManifest?
    {
        guard !payload.isErased, contentType(payload.contentType) == FamilyManifest.contentType
        else { return nil }
        return try FamilyManifest(decoding: payload.data, at: sequence)
    }

    /// Who has ended by an entry.
    package func name(ofChild end: UInt64) throws -> EndedChildName { try child(end) }

    /// All entries whose values are needed for that of a payload, and the ends of children among them.
    package func sources(
        of payload: StoredPayload,
        of sequence: UInt64
    ) throws -> (values: [UInt64], ends: [UInt64]) {
        var found: (values: [UInt64], ends: [UInt64]) = ([], [])
        var left = try manifest(in: payload, of: sequence).map { [$0] } ?? []
        while let manifest = left.popLast() {
            found.values += manifest.values
            found.ends += manifest.children
            for value in manifest.values {
                guard let payload = try payloads(value).first else { continue }
                if let nested = try self.manifest(in: payload, of: value) { left.append(nested) }
            }
        }
        return found
    }

    // MARK: As JSON

    /// A value as JSON: of a family what ``FamilyManifest`` stands for, put together.
    /// - Throws: ``PayloadErased``; ``JournalError``.
    package func json(of payload: StoredPayload, at sequence: UInt64) throws -> [UInt8] {
        guard let manifest = try manifest(in: payload, of: sequence) else { return payload.data }
        return try json(of: manifest)
    }

    /// The same for one that is not recorded yet.
    package func json(of manifest: FamilyManifest) throws -> [UInt8] {
        var json: [UInt8] = []
        try compose([Level(manifest)], &json)
        return json
    }

    /// How far a value has been put together.
    private struct Level {
        let manifest: FamilyManifest
        var part = 0

        init(_ manifest: FamilyManifest) { self.manifest = manifest }

        /// What comes before the next value, and its entry; nil: there is no more.
        mutating func next(_ reader: FamilyReader) throws -> (words: String, entry: UInt64)? {
            let head = manifest.input == nil ? 1 : 2
            defer { part += 1 }
            if part == 0, let input = manifest.input { return ("{\"input\":", input) }
            if part < head { return (part == 0 ? "{\"output\":" : ",\"output\":", manifest.output) }
            let index = part - head
            guard index < manifest.children.count else { return nil }
            let end = manifest.children[index]
            let open = index == 0 ? ",\"children\":[" : "},"
            return ("\(open)\(try reader.name(ofChild: end).json(index)),\"output\":", end)
        }

        var close: String { manifest.children.isEmpty ? ",\"children\":[]}" : "}]}" }
    }

    /// One value inside the other, however deep: none of them is a call inside another call.
    private func compose(_ first: [Level], _ json: inout [UInt8]) throws {
        var levels = first
        while var level = levels.popLast() {
            guard let (words, entry) = try level.next(self) else {
                json += level.close.utf8
                continue
            }
            json += words.utf8
            levels.append(level)
            let payload = try payload(of: entry)
            if let nested = try manifest(in: payload, of: entry) {
                levels.append(Level(nested))
            } else {
                json += payload.data
            }
        }
    }
}

/// Who has ended: the name of its workflow, and its id.
package struct EndedChildName: Equatable, Sendable {
    package let type: String
    package let id: String

    package init(type: String, id: String) {
        self.type = type
        self.id = id
    }

    /// The beginning of an object of JSON that says which child it is.
    package func json(_ index: Int) -> String {
        "{\"index\":\(index),\"type\":\(Self.quoted(type)),\"id\":\(Self.quoted(id))"
    }

    /// A string of JSON. What is refused may be no name.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text.unicodeScalars {
            switch character {
            case "\"", "\\": quoted += "\\\(character)"
            case "\0"..<" ":
                let code = String(character.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - code.count) + code
            default: quoted.unicodeScalars.append(character)
            }
        }
        return quoted + "\""
    }
}

extension EndedChildName {
    /// Reads who has ended by an entry.
    /// - Throws: ``JournalError/Code/integrity``.
    package init(endedBy sequence: UInt64, _ reader: any StoreReader) throws {
        guard let number = try reader.withView(of: sequence, { $0.header.stream.rawValue }),
            let name = try reader.withView(of: number, { try EndedChildName(submittedBy: $0) })
        else { throw JournalError.missing(sequence, ofHistory: sequence) }
        self = name
    }

    /// Reads it from the first entry of its history.
    /// - Throws: `WireError`.
    init(submittedBy entry: EntryView) throws {
        let event = try ProtoExecutionSubmitted(decoding: entry)
        self.init(type: event.type, id: event.id)
    }
}

extension FamilyReader {
    /// Reads from a journal.
    package init(_ store: any JournalStore, contentType: @escaping (UInt32) -> String?) {
        let history = JournalHistory(store: store, execution: 0)
        self.init(
            payloads: { try history.payloads(of: $0) },
            child: { try history.child(endedBy: $0) },
            contentType: contentType
        )
    }
}
